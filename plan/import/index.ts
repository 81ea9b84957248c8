import { describeFinding, type Finding } from "../findings.ts";
import type { Role } from "../inventory.ts";
import { printable } from "../printable.ts";
import { readConfig } from "../stackconfig.ts";
import { checkInput } from "../stackinput.ts";
import { connectionRules, describeWays, shareWays } from "./connection.ts";
import { guessTheRest, type Surroundings } from "./guesses.ts";
import { homegrownRules, placeBalancers } from "./homegrown.ts";
import { importHosts } from "./hosts.ts";
import type { Imported } from "./imported.ts";
import { importK0sctl, isK0sctl, type K0sctlFile } from "./k0sctl.ts";
import { kubeaszRules, takeExternalBalancer } from "./kubeasz.ts";
import { kubesprayRules } from "./kubespray.ts";
import { takeDefaults, takeEndpoint } from "./kubesprayendpoint.ts";
import { nameTheRest } from "./leftover.ts";
import { nodeRules } from "./noderules.ts";
import { left } from "./outcome.ts";
import { describePlaybooks } from "./playbooks.ts";
import { configValues, hostLines, renderHosts, renderStackFile } from "./render.ts";
import { renderReport } from "./report.ts";
import { applyRules, type Rule } from "./rules.ts";
import { noExtra, readSources, type Sources } from "./sources.ts";
import { completeKubespray, toolNames, toolOf, type Tool } from "./tools.ts";
import { isVaultFile, readYaml, type Problem } from "./values.ts";
import { effectiveHosts } from "./variables.ts";

/** What the operator says besides the inventory. */
export interface ImportOptions extends Surroundings {
  /** The inventory as people know it, for headings. */
  from: string;
  /** Whose inventory it is. Default: found out by its groups and variables. */
  tool?: Tool;
  /** Group → roles, over what names of groups speak of. */
  groups?: Readonly<Record<string, readonly Role[]>>;
  /** Name → IPv4 address, of names that have been looked up. */
  addresses?: ReadonlyMap<string, string>;
  /** Whether the project that gets the files has `roles/index.ts`. Default: it has not. */
  withRoles?: boolean;
}

/** What is to be written, or why nothing can be. */
export interface ImportResult {
  /** Findings about the inventory itself: then there are no files. */
  problems: Finding[];
  /** By path below the project. */
  files?: { path: string; text: string }[];
  report?: string;
  tool?: Tool;
  /** What the project's own rules say of the files. */
  findings?: Finding[];
  /** Names of hosts whose addresses the inventory does not have. */
  unknown?: string[];
}

/** Tools whose inventories are Ansible's. */
type AnsibleTool = Exclude<Tool, "k0sctl">;

const rules: Readonly<Record<AnsibleTool, readonly Rule[]>> = {
  kubespray: [...connectionRules, ...kubesprayRules],
  kubeasz: [...connectionRules, ...kubeaszRules],
  ansible: [...connectionRules, ...nodeRules, ...homegrownRules],
};

/** Turns an inventory of Ansible, or a file of k0sctl, into a stack. */
export function importStack(sources: Sources, options: ImportOptions): ImportResult {
  const read = readStack(sources, options);
  if ("problems" in read) return read;
  const { imported, tool } = read;
  if (imported.hosts.length === 0) return { problems: [noHosts(options.from)] };
  shareWays(imported);
  guessTheRest(imported, options);
  imported.rows.push(...describePlaybooks(sources.playbooks ?? []));
  const from = `${options.from} (${toolNames[tool]})`;
  const findings = findingsOf(imported, options.stack);
  const about = { stack: options.stack, from };
  const { withRoles = false } = options;
  const report = renderReport({
    ...about,
    hosts: imported.hosts.length,
    rows: imported.rows,
    checks: imported.checks,
    findings,
  });
  return {
    problems: [],
    tool,
    findings,
    report,
    unknown: imported.hosts
      .filter(({ line }) => line.address === "")
      .map(({ line, origin }) => (typeof line.sshAddress === "string" ? line.sshAddress : origin)),
    files: [
      { path: `hosts/${options.stack}.ts`, text: renderHosts(imported, { ...about, withRoles }) },
      { path: `Pulumi.${options.stack}.yaml`, text: renderStackFile(imported, about) },
      { path: `import-${options.stack}.md`, text: report },
    ],
  };
}

/** What the project's own rules say. What is missing for a configuration must not hide the rest. */
function findingsOf(imported: Imported, stack: string): Finding[] {
  const hosts = hostLines(imported);
  const config = readConfig(configValues(imported));
  const own = checkInput(hosts, config).findings;
  const whole = checkInput(hosts, { artifactsUrl: "https://artifacts.example.com", ...config }).findings;
  const known = new Set(own.map(describeFinding));
  const all = [...own, ...whole.filter((finding) => !known.has(describeFinding(finding)))];
  return all.map((finding) => ({ ...finding, remedy: finding.remedy.replaceAll("<stack>", stack) }));
}

interface Read {
  imported: Imported;
  tool: Tool;
}

/** @returns findings where it cannot be read, or is another tool's than `--tool` says. */
function readStack(sources: Sources, options: ImportOptions): Read | { problems: Finding[] } {
  const { from, tool } = options;
  const k0sctl = k0sctlFileOf(sources);
  if (k0sctl !== undefined)
    return tool === undefined || tool === "k0sctl"
      ? { imported: importK0sctl(k0sctl), tool: "k0sctl" }
      : { problems: [wrongTool(`${from} is a file of k0sctl, and --tool says ${tool}`)] };
  if (tool === "k0sctl") return { problems: [wrongTool(`${from} is no file of k0sctl, as --tool says`)] };
  const read = readAnsible(sources, { ...options, tool });
  return "problems" in read ? { problems: read.problems.map(findingOf) } : read;
}

function k0sctlFileOf({ inventories }: Sources): K0sctlFile | undefined {
  const [file] = inventories;
  if (file === undefined || inventories.length > 1 || isVaultFile(file.text)) return undefined;
  // Several documents in one file are one cluster and its other objects.
  const documents = file.text.split(/^---\s*$/m).map((text) => readYaml(file.path, text).value);
  const document = documents.find(isK0sctl);
  return document === undefined ? undefined : { path: file.path, document };
}

function readAnsible(
  sources: Sources,
  options: Omit<ImportOptions, "tool"> & { tool: AnsibleTool | undefined },
): Read | { problems: Problem[] } {
  const found = readSources(sources);
  // Whose inventory it is must be known before config.yml counts, or what is wrong with it.
  const tool = options.tool ?? toolOf(found.groups, effectiveHosts({ ...found, extra: noExtra }));
  const isKubeasz = tool === "kubeasz";
  const extra = isKubeasz ? found.extra : noExtra;
  const problems = [...found.problems, ...extra.problems];
  if (problems.length > 0) return { problems };
  if (tool === "kubespray") completeKubespray(found.groups);
  const hosts = effectiveHosts({ ...found, extra });
  const imported = importHosts(found.groups, hosts, options);
  describeWays(imported);
  if (tool === "kubespray") takeEndpoint(imported);
  if (isKubeasz) takeExternalBalancer(imported);
  applyRules(rules[tool], imported);
  if (tool === "kubespray") takeDefaults(imported);
  placeBalancers(imported);
  nameTheRest(imported);
  const others = isKubeasz ? [] : (sources.extraVars ?? []);
  const passedOver = [
    ...found.passedOver,
    ...extra.passedOver,
    ...others.map(({ path }) => ({ path, why: "it would be kubeasz's, and this inventory is not" })),
  ];
  for (const { path, why } of passedOver) imported.add({ ...left(why), what: `file ${path}`, where: path });
  return { imported, tool };
}

function findingOf({ file, line, message }: Problem): Finding {
  return {
    rule: "import",
    kind: "input",
    hosts: [],
    message: printable(`${file}${line === undefined ? "" : ` line ${line}`} ${message}`, 500),
    remedy: "correct it, or leave it out of a copy that you import",
  };
}

const wrongTool = (message: string): Finding => ({
  rule: "import",
  kind: "input",
  hosts: [],
  message,
  remedy: "leave --tool out, and it is found out, or name the tool whose it is",
});

const noHosts = (from: string): Finding => ({
  rule: "import",
  kind: "input",
  hosts: [],
  message: `${from} has no host whose groups speak of a role of the cluster`,
  remedy: "say what groups are by --group GROUP=ROLE (etcd, control-plane, worker, load-balancer)",
});
