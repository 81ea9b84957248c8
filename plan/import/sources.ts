import { Groups, type Assignments } from "./groups.ts";
import { readIni, type Awaited } from "./ini.ts";
import { isMap, isVaultFile, readYaml, type Problem, type Value } from "./values.ts";
import { readYamlInventory } from "./yamlgroups.ts";

/** One file that was found, with its path as people know it: from the folder of the inventory on. */
export interface SourceFile {
  path: string;
  text: string;
}

/** What of an inventory was found. Lists are in the order in which Ansible reads them. */
export interface Sources {
  /** The inventory, or the files of its folder. */
  inventories: readonly SourceFile[];
  /** Whether `inventories` are what a folder holds: what is no inventory there is passed over. */
  folder?: boolean;
  /** `group_vars` and `host_vars` beside the inventory, below the name of the group or host. */
  groupVars: Readonly<Record<string, readonly SourceFile[]>>;
  hostVars: Readonly<Record<string, readonly SourceFile[]>>;
  /** The same beside the playbooks. */
  playbookGroupVars?: Readonly<Record<string, readonly SourceFile[]>>;
  playbookHostVars?: Readonly<Record<string, readonly SourceFile[]>>;
  /** `config.yml` beside the inventory: of kubeasz it has variables for all hosts that win over everything; of others it is something else. */
  extraVars?: readonly SourceFile[];
  /** Playbooks, for the roles that they use. */
  playbooks?: readonly SourceFile[];
  /** What was found there and not read. */
  passedOver?: readonly PassedOver[];
}

/** What was passed over, and why. */
export interface PassedOver {
  path: string;
  why: string;
}

/** The inventory as its files have it, before anything is decided. */
export interface Found {
  groups: Groups;
  /** By name of the group or host, in the order in which Ansible applies them. */
  groupVars: Map<string, Assignments>;
  hostVars: Map<string, Assignments>;
  playbookGroupVars: Map<string, Assignments>;
  playbookHostVars: Map<string, Assignments>;
  problems: Problem[];
  passedOver: PassedOver[];
  /** Of {@link Sources.extraVars}: it counts only where the inventory is kubeasz's, and so does what is wrong with it. */
  extra: Extra;
}

interface Extra extends Results {
  variables: Assignments;
}

/** Nothing that wins over everything. */
export const noExtra: Extra = { variables: new Map(), problems: [], passedOver: [] };

const vaultWhy = "the file is encrypted by Ansible Vault: set what is in there as secrets (docs/ansible.md, Vault)";

/** Reads all files of an inventory. */
export function readSources(sources: Sources): Found {
  const passedOver: PassedOver[] = [...(sources.passedOver ?? [])];
  const problems: Problem[] = [];
  const groups = new Groups();
  const awaited = sources.inventories.flatMap((file) => readInventory(file, sources, { groups, problems, passedOver }));
  for (const { file, line, group, section } of awaited) {
    if (groups.has(group)) continue;
    problems.push({ file, line, message: `[${section}] names the group ${group}, which the inventory does not have` });
  }
  problems.push(...groups.loops(sources.inventories[0]?.path ?? ""));
  const variablesOf = (found: Sources["groupVars"] = {}): Map<string, Assignments> =>
    new Map(Object.entries(found).map(([name, files]) => [name, readVariables(files, { problems, passedOver })]));
  const extra: Results = { problems: [], passedOver: [] };
  return {
    groups,
    groupVars: variablesOf(sources.groupVars),
    hostVars: variablesOf(sources.hostVars),
    playbookGroupVars: variablesOf(sources.playbookGroupVars),
    playbookHostVars: variablesOf(sources.playbookHostVars),
    problems,
    passedOver,
    extra: { ...extra, variables: readVariables(sources.extraVars ?? [], extra) },
  };
}

interface Results {
  problems: Problem[];
  passedOver: PassedOver[];
}

function readInventory(
  { path, text }: SourceFile,
  { folder = false }: Sources,
  { groups, problems, passedOver }: Results & { groups: Groups },
): Awaited[] {
  /** Reads the file into the groups, or in a folder passes all of it over where it is no inventory: half of one would be hosts of nobody. */
  const readWhole = (read: (into: Groups) => Pick<ReturnType<typeof readIni>, "problems" | "awaited">): Awaited[] => {
    const [wrong] = folder ? read(new Groups()).problems : [];
    if (wrong !== undefined) {
      passedOver.push({
        path,
        why: `it is no inventory: ${wrong.line === undefined ? "it" : `line ${wrong.line}`} ${wrong.message}`,
      });
      return [];
    }
    const found = read(groups);
    problems.push(...found.problems);
    return found.awaited;
  };
  if (isVaultFile(text)) {
    passedOver.push({ path, why: vaultWhy });
    return [];
  }
  if (text.startsWith("#!")) {
    passedOver.push({ path, why: dynamicWhy("a program") });
    return [];
  }
  const yaml = /\.(ya?ml|json)$/.test(path) || !/\.\w+$/.test(path) ? readYaml(path, text) : undefined;
  if (isMap(yaml?.value)) {
    const { value } = yaml;
    if (typeof value["plugin"] === "string") {
      passedOver.push({ path, why: dynamicWhy(`for the plugin ${value["plugin"]}`) });
      return [];
    }
    return readWhole((into) => ({ problems: readYamlInventory(path, value, into), awaited: [] }));
  }
  if (/\.(ya?ml|json)$/.test(path)) {
    if (yaml?.value === null) return [];
    if (folder) passedOver.push({ path, why: "it is no inventory" });
    else if ((yaml?.problems.length ?? 0) > 0) problems.push(...(yaml?.problems ?? []));
    else problems.push({ file: path, message: "is no inventory: a map of groups was expected" });
    return [];
  }
  return readWhole((into) => readIni(path, text, into));
}

const dynamicWhy = (what: string): string =>
  `it is ${what}, which is not run here: import what \`ansible-inventory -i FILE --list\` prints (docs/ansible.md, dynamic inventory)`;

/** What files say of variables, a later one over an earlier one. */
function readVariables(files: readonly SourceFile[], { problems, passedOver }: Results): Assignments {
  const assignments: Assignments = new Map();
  for (const { path, text } of files) {
    if (isVaultFile(text)) {
      passedOver.push({ path, why: vaultWhy });
      continue;
    }
    const read = readYaml(path, text);
    problems.push(...read.problems);
    const value: Value | undefined = read.value;
    if (value === null || value === undefined) continue;
    if (!isMap(value)) problems.push({ file: path, message: "must be a map of variables" });
    else for (const [name, one] of Object.entries(value)) assignments.set(name, { value: one, where: path });
  }
  return assignments;
}
