import type { Assignments, Groups } from "./groups.ts";
import { namesOf } from "./ini.ts";
import { RangeProblem } from "./ranges.ts";
import { textsOf } from "./readings.ts";
import { isMap, type Problem, type Value } from "./values.ts";

/** Where in a file, for a sentence. */
interface Reading {
  file: string;
  groups: Groups;
  problems: Problem[];
}

/** Keys that a group has in an inventory in YAML. */
const groupKeys = ["hosts", "vars", "children"];

/**
 * Reads an inventory in Ansible's YAML format, `{ GROUP: { hosts, vars, children } }`, or what `ansible-inventory --list` prints, into
 * `groups`.
 */
export function readYamlInventory(file: string, document: Value, groups: Groups): Problem[] {
  const reading: Reading = { file, groups, problems: [] };
  if (!isMap(document)) {
    report(reading, "is no inventory: a map of groups was expected");
  } else if (isMap(document["_meta"])) readList(reading, document);
  else for (const [name, group] of Object.entries(document)) readGroup(reading, name, group);
  return reading.problems;
}

function report({ file, problems }: Reading, message: string): void {
  problems.push({ file, message });
}

function assignments({ file }: Reading, owner: string, variables: Record<string, Value>): Assignments {
  return new Map(Object.entries(variables).map(([name, value]) => [name, { value, where: `${file} (${owner})` }]));
}

function readGroup(reading: Reading, name: string, content: Value): void {
  const group = reading.groups.group(name);
  if (content === null) return;
  if (!isMap(content)) {
    report(reading, `has the group ${name} with something else than a map of hosts, vars and children`);
    return;
  }
  const unknown = Object.keys(content).filter((key) => !groupKeys.includes(key));
  if (unknown.length > 0)
    report(reading, `has ${unknown.join(", ")} in the group ${name}, where hosts, vars and children were expected`);
  const mapOf = (key: string): Record<string, Value> => {
    const value = content[key] ?? null;
    if (value === null) return {};
    if (isMap(value)) return value;
    if (typeof value === "string" && key !== "vars") return { [value]: null };
    report(reading, `has ${key} of the group ${name} as something else than a map`);
    return {};
  };
  for (const [host, own] of Object.entries(mapOf("hosts"))) addHosts(reading, name, host, own);
  for (const [variable, assigned] of assignments(reading, name, mapOf("vars"))) group.variables.set(variable, assigned);
  for (const [child, inner] of Object.entries(mapOf("children"))) {
    // Everything is below `all` anyway.
    if (name !== "all") group.children.add(child);
    readGroup(reading, child, inner);
  }
}

function addHosts(reading: Reading, group: string, pattern: string, own: Value): void {
  if (own !== null && !isMap(own)) {
    report(reading, `has the host ${pattern} with something else than a map of variables`);
    return;
  }
  try {
    for (const { name, port } of namesOf(pattern)) {
      const variables = assignments(reading, name, own ?? {});
      if (port !== undefined && !variables.has("ansible_port"))
        variables.set("ansible_port", { value: port, where: `${reading.file} (${name})` });
      reading.groups.addHost(group === "all" ? "ungrouped" : group, name, variables);
    }
  } catch (error) {
    if (!(error instanceof RangeProblem)) throw error;
    report(reading, error.message);
  }
}

/** `{ _meta: { hostvars }, GROUP: { hosts: [], children: [], vars } }`. */
function readList(reading: Reading, document: Record<string, Value>): void {
  const meta = document["_meta"];
  const hostvars = isMap(meta) && isMap(meta["hostvars"]) ? meta["hostvars"] : {};
  for (const [name, content] of Object.entries(document)) {
    if (name === "_meta") continue;
    const group = reading.groups.group(name);
    const inner = isMap(content) ? content : { hosts: content };
    for (const host of textsOf(inner["hosts"])) reading.groups.addHost(name, host);
    for (const child of textsOf(inner["children"])) {
      reading.groups.group(child);
      if (name !== "all") group.children.add(child);
    }
    const variables = isMap(inner["vars"]) ? inner["vars"] : {};
    for (const [variable, assigned] of assignments(reading, name, variables)) group.variables.set(variable, assigned);
  }
  for (const [host, own] of Object.entries(hostvars))
    reading.groups.addHost("ungrouped", host, assignments(reading, host, isMap(own) ? own : {}));
}
