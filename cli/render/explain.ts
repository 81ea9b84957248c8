import { printable } from "../../plan/printable.ts";
import { originText, type Explained } from "../../plan/settings/explain.ts";
import { formatTable } from "./table.ts";

/** Characters of a value in the table; --json has all of them. */
const longest = 80;

function valueText(value: unknown): string {
  if (value === undefined || value === null) return "-";
  return printable(typeof value === "string" ? value : JSON.stringify(value), longest);
}

/** A table of settings, values and who decides. */
export function explainedLines(values: readonly Explained[], stack: string): string[] {
  const rows = values.map(({ path, value, origins }) => [
    printable(path.join("."), 200),
    valueText(value),
    origins.map((origin) => originText(origin, path[0] ?? "", stack)).join(", "),
  ]);
  return formatTable([["setting", "value", "from"], ...rows]);
}

/** The same as data: `path` is a list, because names may have dots; `value` is null where nothing is set. */
export function explainedDocument({
  values,
  ...head
}: {
  stack: string;
  host: string;
  groups: readonly number[];
  values: readonly Explained[];
}): object {
  return {
    ...head,
    values: values.map(({ path, value, origins }) => ({ path, value: value ?? null, origins })),
  };
}
