import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";
import { printable } from "../printable.ts";
import { placementLabels } from "../roster.ts";

/**
 * Which hosts a command is for. `,` is or, `&` and blanks are and, `!` in front of a term is not; and binds closer than or.
 *
 * | term                                 | hosts                                                              |
 * | ------------------------------------ | ------------------------------------------------------------------ |
 * | `cp1`, `name=cp1`                    | of that name                                                       |
 * | `role=…`, `region=…`, `zone=…`, `rack=…` | that have it in the inventory                                  |
 * | `label:KEY=VALUE`, `label=KEY=VALUE` | whose Node has that label, as groups of settings select by         |
 * | `label:KEY`                          | whose Node has a label of that name, whatever its value            |
 *
 * In values and names of hosts `*` stands for any text, `?` for one character.
 */
export interface SelectorTerm {
  /** As it was written, for messages. */
  text: string;
  negated: boolean;
  field: SelectorField;
  /** Of a label. */
  key?: string;
  /** With `*` and `?`; undefined: any value. */
  value?: string;
}

const fields = ["name", "role", "region", "zone", "rack", "label"] as const;
export type SelectorField = (typeof fields)[number];

/** One of the alternatives must hold, and all terms of it. */
export type Selector = readonly (readonly SelectorTerm[])[];

const usable = "name, role, region, zone, rack, label:KEY=VALUE";

function finding(message: string, remedy: string): Finding {
  return { rule: "selector", kind: "input", hosts: [], message, remedy };
}

const remedyOfForm =
  "write it as in cp1,w2 or role=worker&rack=r1 or label:disk=nvme&!w3: comma is or, & is and, ! is not";

function termOf(word: string): SelectorTerm | Finding {
  const negated = word.startsWith("!");
  const text = printable(word, 100);
  const bare = negated ? word.slice(1) : word;
  const nothing = finding(`the term "${text}" says nothing to select by`, remedyOfForm);
  if (bare === "" || bare.startsWith("!")) return nothing;
  const [, label] = /^label[:=](.*)$/s.exec(bare) ?? [];
  if (label !== undefined) {
    const end = label.indexOf("=");
    const key = end < 0 ? label : label.slice(0, end);
    if (key === "") return nothing;
    return { text, negated, field: "label", key, ...(end < 0 ? {} : { value: label.slice(end + 1) }) };
  }
  const end = bare.indexOf("=");
  if (end < 0) return { text, negated, field: "name", value: bare };
  const name = bare.slice(0, end);
  const field = fields.find((known) => known === name);
  if (field === undefined)
    return finding(`hosts are not selected by "${printable(name, 100)}" (in "${text}")`, `use one of: ${usable}`);
  const value = bare.slice(end + 1);
  return value === "" ? nothing : { text, negated, field, value };
}

/** Reads a selector. All that is wrong with it is found at once. */
export function parseSelector(text: string): { selector: Selector; findings: Finding[] } {
  const findings: Finding[] = [];
  const selector = text.split(",").map((alternative) => {
    const words = alternative
      .replace(/!\s+/g, "!")
      .split(/[&\s]+/)
      .filter((word) => word !== "");
    if (words.length === 0)
      findings.push(finding(`the selector "${printable(text, 200)}" has an empty part`, remedyOfForm));
    return words.flatMap((word) => {
      const term = termOf(word);
      if (!("rule" in term)) return [term];
      findings.push(term);
      return [];
    });
  });
  return { selector, findings };
}

/** Whether a text is as a pattern of `*` and `?` has it. */
function fits(text: string, pattern: string): boolean {
  const source = pattern.replace(/[\\^$.*+?()[\]{}|]/g, (character) =>
    character === "*" ? ".*" : character === "?" ? "." : `\\${character}`,
  );
  return new RegExp(`^${source}$`, "s").test(text);
}

/** What a host has of what a term is about. */
function valuesOf(host: Host, { field, key = "" }: Pick<SelectorTerm, "field" | "key">): string[] {
  if (field === "name") return [host.name];
  if (field === "role") return [...host.roles, ...(host.projectRoles ?? [])];
  if (field !== "label") return [host[field] ?? []].flat();
  const labels = placementLabels(host);
  return Object.hasOwn(labels, key) ? [labels[key] ?? ""] : [];
}

/** Whether a term is about a host, but for its `!`. */
function holds(term: SelectorTerm, host: Host): boolean {
  return valuesOf(host, term).some((value) => term.value === undefined || fits(value, term.value));
}

function listed(values: Iterable<string>): string {
  return [...new Set(values)].sort((one, other) => one.localeCompare(other, "en", { numeric: true })).join(", ");
}

/** Says of a term that is about no host what there is. */
function unknown(term: SelectorTerm, hosts: readonly Host[]): Finding {
  const { field, key = "", value } = term;
  const known = listed(hosts.flatMap((host) => valuesOf(host, term)));
  const said = printable(value ?? "", 100);
  if (field === "label") {
    const keys = listed(hosts.flatMap((host) => Object.keys(placementLabels(host))));
    const name = printable(key, 100);
    return value !== undefined && known !== ""
      ? finding(`no host has the label ${name}=${said}`, `the values of ${name} are: ${known}`)
      : finding(`no host has the label ${name}`, keys === "" ? "no host has labels" : `labels are: ${keys}`);
  }
  const isPattern = value !== undefined && /[*?]/.test(value);
  if (field === "name") {
    const message = isPattern ? `no name of a host is like ${said}` : `there is no host ${said}`;
    return finding(message, known === "" ? "the inventory is empty" : `hosts are: ${known}`);
  }
  const message = isPattern ? `no host has a ${field} like ${said}` : `no host has the ${field} ${said}`;
  return finding(message, known === "" ? `no host has a ${field}` : `${field}s are: ${known}`);
}

/**
 * The hosts that a selector is about, in the order of the inventory.
 *
 * @returns with findings, all at once: terms that are about no host at all, also behind `!`, and a selector that leaves none.
 */
export function selectHosts(text: string, hosts: readonly Host[]): { hosts: Host[]; findings: Finding[] } {
  const { selector, findings } = parseSelector(text);
  for (const term of selector.flat()) if (!hosts.some((host) => holds(term, host))) findings.push(unknown(term, hosts));
  if (findings.length > 0) return { hosts: [], findings };
  const selected = hosts.filter((host) =>
    selector.some((terms) => terms.every((term) => holds(term, host) !== term.negated)),
  );
  if (selected.length > 0) return { hosts: selected, findings };
  const remedy = `hosts are: ${listed(hosts.map(({ name }) => name))}`;
  return { hosts: [], findings: [finding(`no host is all of "${printable(text, 200)}"`, remedy)] };
}
