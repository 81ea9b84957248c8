import { isIPv4 } from "../addresses.ts";
import { certifiedName, loginName } from "../texts.ts";
import { isMap, type Value } from "./values.ts";

/** Values as rules need them. Ansible takes many forms for one thing. */

/** The text of a value; undefined for lists, maps and nothing. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** What Ansible's `bool` takes for true. */
export function isTrue(value: Value | undefined): boolean {
  return ["true", "yes", "on", "1", "y", "t"].includes((textOf(value) ?? "").toLowerCase());
}

/** A list, of which a text with commas is another form. */
export function listOf(value: Value | undefined): Value[] {
  if (Array.isArray(value)) return value;
  const text = textOf(value);
  return text === undefined
    ? []
    : text
        .split(",")
        .map((one) => one.trim())
        .filter((one) => one !== "");
}

/** The texts of a list. */
export const textsOf = (value: Value | undefined): string[] => listOf(value).flatMap((one) => textOf(one) ?? []);

/** A whole number. */
export function numberOf(value: Value | undefined): number | undefined {
  const text = textOf(value);
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** The number of a TCP port. */
export function portOf(value: Value | undefined): number | undefined {
  const port = numberOf(value);
  return port !== undefined && port >= 1 && port <= 65535 ? port : undefined;
}

/** The name of a user who can log in. */
export function loginOf(value: Value | undefined): string | undefined {
  const name = textOf(value);
  return loginName.safeParse(name).success ? name : undefined;
}

/** A map; anything else is an empty one. */
export const mapOf = (value: Value | undefined): Record<string, Value> => (isMap(value) ? value : {});

/** A map of texts. */
export function textMapOf(value: Value | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(mapOf(value)).map(([name, one]) => [name, typeof one === "string" ? one : (textOf(one) ?? "")]),
  );
}

/** Names and addresses that certificates can hold, and those that they cannot (IPv6, wrong ones). */
export function certifiedNames(value: Value | undefined): { good: string[]; bad: string[] } {
  const names = textsOf(value);
  const isGood = (name: string): boolean => certifiedName.safeParse(name).success;
  return { good: names.filter(isGood), bad: names.filter((name) => !isGood(name)) };
}

/** `1.31.2` of `v1.31.2`, `v1.31.2+k0s.0`, `1.31.2`. */
export function versionOf(value: Value | undefined): string | undefined {
  return /^v?(\d+\.\d+\.\d+)([-+].*)?$/.exec(textOf(value) ?? "")?.[1];
}

/** The addresses of IPv4 in a list. */
export const addressesOf = (value: Value | undefined): string[] => textsOf(value).filter(isIPv4);
