import { readLiteral } from "./literal.ts";
import { Expression, isMap, Vaulted, type Value } from "./values.ts";

/** What a variable is; undefined where nothing is said. */
export type LookUp = (name: string) => Value | undefined;

/** More references in a row are a circle. */
const deepest = 20;

const reference = String.raw`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[(?:'[^']*'|"[^"]*")\])*)`;
const fallback = String.raw`(?:\s*\|\s*(?:default|d)\(\s*('[^']*'|"[^"]*"|-?\d+|\[\]|\{\}|[Tt]rue|[Ff]alse)\s*\))?`;
const whole = new RegExp(String.raw`^\s*\{\{-?\s*${reference}${fallback}\s*-?\}\}\s*$`);
const within = new RegExp(String.raw`\{\{-?\s*${reference}${fallback}\s*-?\}\}`, "g");

/**
 * A value with its references to other variables replaced: `{{ name }}`, `{{ map.key }}`, `{{ name | default('text') }}`, alone or within
 * text. Any other expression of Jinja stands as one that nobody here computes.
 */
export function resolved(value: Value, lookUp: LookUp, depth = 0): Value {
  if (Array.isArray(value)) return value.map((one) => resolved(one, lookUp, depth));
  if (isMap(value))
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, resolved(one, lookUp, depth)]));
  if (typeof value !== "string" || !/\{\{|\{%|\{#/.test(value)) return value;
  if (depth > deepest) return new Expression();
  const single = whole.exec(value);
  if (single !== null) return referred(single[1] ?? "", single[2], lookUp, depth);
  const found = [...value.matchAll(within)].map(([, path = "", otherwise]) => referred(path, otherwise, lookUp, depth));
  const texts = found.flatMap((one) => (typeof one === "string" || typeof one === "number" ? [String(one)] : []));
  if (texts.length < found.length || /\{\{|\{%|\{#/.test(value.replaceAll(within, ""))) return new Expression();
  return value.replaceAll(within, () => texts.shift() ?? "");
}

function referred(path: string, otherwise: string | undefined, lookUp: LookUp, depth: number): Value {
  const [name = "", ...keys] = [...path.matchAll(/[A-Za-z_]\w*|'[^']*'|"[^"]*"/g)].map(([key]) =>
    key.replaceAll(/['"]/g, ""),
  );
  let value = lookUp(name);
  for (const key of keys) value = isMap(value) ? value[key] : value instanceof Vaulted ? value : undefined;
  if (value !== undefined) return resolved(value, lookUp, depth + 1);
  if (otherwise === undefined) return new Expression();
  return readLiteral(otherwise.replace(/^t/, "T").replace(/^f/, "F"))?.value ?? new Expression();
}
