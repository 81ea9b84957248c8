import { parseDocument, type ScalarTag, type Tags } from "yaml";
import { isObject } from "../merge.ts";

/** Stands for a value that Ansible Vault has encrypted: it is named, and never read. */
export class Vaulted {
  readonly kind = "vaulted";
}

/** Stands for a Jinja expression that is more than a reference to another variable. */
export class Expression {
  readonly kind = "expression";
}

/** A value of a variable. */
export type Value = string | number | boolean | null | Vaulted | Expression | Value[] | { [name: string]: Value };

export type Variables = Readonly<Record<string, Value>>;

/** Something in a file that is not as it must be. */
export interface Problem {
  file: string;
  /** Counted from 1; undefined where the file as a whole is meant. */
  line?: number;
  /** What is there and what was expected, without a full stop. */
  message: string;
}

/** What a file of Ansible Vault begins with. */
export const isVaultFile = (text: string): boolean => text.startsWith("$ANSIBLE_VAULT;");

/** Why a value that nobody here can read is not taken. */
export const whyWithheld = {
  vaulted:
    "is encrypted by Ansible Vault and not read: set it as a secret where Plinth has a key for it (docs/ansible.md, Vault)",
  expression: "is a Jinja expression and not computed here: write what it comes to",
} as const;

export function isMap(value: Value | undefined): value is Record<string, Value> {
  return isObject(value) && !(value instanceof Vaulted) && !(value instanceof Expression);
}

/** Whether a value, or anything in it, is one that nobody here can read. */
export function withheldIn(value: Value): "vaulted" | "expression" | undefined {
  if (value instanceof Vaulted || value instanceof Expression) return value.kind;
  if (!Array.isArray(value) && !isMap(value)) return undefined;
  return Object.values(value)
    .map(withheldIn)
    .find((kind) => kind !== undefined);
}

/** What PyYAML takes for true and false; of YAML 1.1 itself `y` and `n` are that, too. */
const booleans: readonly ScalarTag[] = [true, false].map((value) => ({
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test: value ? /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/ : /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/,
  resolve: () => value,
}));

const ownTags: readonly ScalarTag[] = [
  ...["!vault", "!vault-encrypted"].map((tag): ScalarTag => ({ tag, resolve: () => new Vaulted() })),
  { tag: "!unsafe", resolve: (text) => text },
];

/** Tags of YAML 1.1 as Ansible has them. */
const customTags = (known: Tags): Tags => [
  ...known.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:bool"),
  ...booleans,
  ...ownTags,
];

const options = { version: "1.1", merge: true, uniqueKeys: false, customTags } as const;

/**
 * Reads YAML, or JSON, as Ansible does: by YAML 1.1, where `yes` is true; of a key that stands twice the last one counts.
 *
 * @returns undefined for `value` where the text is no YAML.
 */
export function readYaml(file: string, text: string): { value: Value | undefined; problems: Problem[] } {
  const document = parseDocument(text, options);
  if (document.errors.length > 0) {
    const problems = document.errors.slice(0, 1).map(({ message, linePos }) => ({
      file,
      ...(linePos === undefined ? {} : { line: linePos[0].line }),
      message: `is not valid YAML: ${message.split("\n")[0]?.replace(/ at line \d.*$/, "") ?? ""}`,
    }));
    return { value: undefined, problems };
  }
  const value: unknown = document.toJS();
  return { value: asValue(value), problems: [] };
}

function asValue(value: unknown): Value {
  if (value instanceof Vaulted || value instanceof Expression) return value;
  // What YAML 1.1 takes for a date was meant as text.
  if (value instanceof Date) return value.toISOString().replace(/T00:00:00\.000Z$/, "");
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(asValue);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asValue(inner)]));
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}
