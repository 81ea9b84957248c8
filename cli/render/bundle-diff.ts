import { structuredPatch } from "diff";

/** Shown by the engine in place of values that are not known before the run. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SECRET = "[secret]";

type Inputs = Readonly<Record<string, unknown>>;

/** Lines around a change that are shown with it. */
const CONTEXT = 2;

function changedLines(before: string, after: string): string[] {
  const patch = structuredPatch("before", "after", before, after, undefined, undefined, { context: CONTEXT });
  return patch.hunks.flatMap((hunk) => [
    `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
    ...hunk.lines.filter((line) => !line.startsWith("\\")),
  ]);
}

/** A value as it may be shown: never a secret, and nothing of what only the run will tell. */
function shown(value: unknown): string {
  if (value === undefined) return "(not set)";
  if (value === UNKNOWN) return "(known after the change)";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.includes(SECRET)) return SECRET;
  return text.includes(UNKNOWN) ? "(known after the change)" : text;
}

/** Inputs whose content is secret whatever the engine says: they carry keys or the login. */
const NEVER_SHOWN = new Set(["stdin", "connection"]);

/** Names of the top-level inputs behind the engine's property paths: `connection.host` → `connection`. */
function changedInputs(paths: readonly string[]): Set<string> {
  return new Set(paths.map((path) => path.split(/[.[]/, 1)[0] ?? path));
}

/** What a new command brings, for a reviewer: all of its text as lines that are added. */
export function newLines({ create }: Inputs): string[] {
  return typeof create !== "string" || create.includes(SECRET) || create.includes(UNKNOWN)
    ? [`create: ${shown(create)}`]
    : create
        .replace(/\n$/, "")
        .split("\n")
        .map((line) => `+${line}`);
}

/**
 * The changed lines of one command on a host, for a reviewer: `create` as a unified diff, of everything else only that
 * it changes.
 *
 * @param paths property paths that the engine reports as changed
 */
export function bundleDiff(before: Inputs, after: Inputs, paths: readonly string[]): string[] {
  const lines: string[] = [];
  const [old, now] = [before["create"], after["create"]];
  if (old !== now) {
    if (
      typeof old === "string" &&
      typeof now === "string" &&
      ![old, now].some((text) => text === SECRET || text === UNKNOWN)
    ) {
      lines.push(...changedLines(old, now));
    } else lines.push(`create: ${shown(old)} → ${shown(now)}`);
  }
  for (const name of [...changedInputs(paths)].sort()) {
    if (name === "create" || name === "update") continue;
    if (NEVER_SHOWN.has(name)) lines.push(`${name}: ${SECRET} changed`);
    else lines.push(`${name}: ${shown(before[name])} → ${shown(after[name])}`);
  }
  return lines;
}
