import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { ClusterSettings } from "./config.ts";
import type { Finding } from "./findings.ts";
import { printable } from "./printable.ts";
import { namespace } from "./stackconfig.ts";

/**
 * A proposal is the inventory and the configuration of a branch that nobody has read yet, as data. Its code never runs here.
 * It is previewed by this project's own code, which may hold secrets; so it is believed about what hosts shall be, and not
 * about which files are read here, whom this program talks to, and who gets its secrets.
 */

/** Bytes: an inventory of 5,000 hosts with labels of their own needs a quarter, a long configuration a tenth. */
export const longestProposal = { inventory: 4 * 2 ** 20, config: 2 ** 18 } as const;

/** Lists and maps inside of each other: an inventory has four levels, a KubeletConfiguration six. */
const deepest = 16;

/**
 * Who decides about a key of the configuration in a preview of a proposal.
 *
 * - `proposal`: it says what hosts and cluster shall be, and comes to nothing but text in a preview.
 * - `project`: it names files of this machine, addresses that this program talks to or fetches from, the way in to hosts,
 *   or where secrets go. The proposal must have the project's own value.
 *
 * A new key of the configuration has to be put here: the type checker and a test ask for it.
 */
export const decidedBy: Readonly<Record<keyof ClusterSettings, "proposal" | "project">> = {
  // The API, which a preview asks with the administrator's credentials.
  vip: "project",
  vipName: "project",
  externalEndpoint: "project",
  // Fetched from: by this program, and by hosts with the registries' credentials. A registry's caFile is read and shown.
  artifactsUrl: "project",
  registries: "project",
  registryCredentials: "project",
  // Whom hosts fetch by, with a login.
  proxy: "project",
  // The way in to hosts, and files of this machine.
  sshUser: "project",
  sshPort: "project",
  sshPrivateKeyFile: "project",
  sshKnownHostsFile: "project",
  sshDials: "project",
  bastion: "project",
  sudoPassword: "project",
  // Whom this program writes to.
  notices: "project",
  // Says where sets go, and who can open them.
  backup: "project",
  // Who is told of alerts, and who gets all figures.
  monitoring: "project",
  // Names files of this machine, which are read and shown.
  apiserverFiles: "project",
  authentication: "project",
  // What of it goes where is said by roles, whose code is the project's own.
  secrets: "project",
  // Reads the secret output of another stack; makes that output.
  clusterStack: "project",
  exportPoolMaterial: "project",
  // What hosts and cluster shall be.
  clusterName: "proposal",
  nodeSubnet: "proposal",
  keepFormerEndpoints: "proposal",
  apiserverSans: "proposal",
  virtualRouterId: "proposal",
  podCidr: "proposal",
  serviceCidr: "proposal",
  clusterDomain: "proposal",
  network: "proposal",
  mtu: "proposal",
  interface: "proposal",
  serviceVip: "proposal",
  serviceRouterId: "proposal",
  servicePorts: "proposal",
  dnsUpstreams: "proposal",
  kubernetesVersion: "proposal",
  etcdVersion: "proposal",
  resticVersion: "proposal",
  ageVersion: "proposal",
  containerdVersion: "proposal",
  runcVersion: "proposal",
  cniVersion: "proposal",
  flannelVersion: "proposal",
  nodeExporterVersion: "proposal",
  metrics: "proposal",
  sandboxImage: "proposal",
  corednsImage: "proposal",
  metricsServerImage: "proposal",
  images: "proposal",
  apiserverArgs: "proposal",
  controllerManagerArgs: "proposal",
  schedulerArgs: "proposal",
  etcdArgs: "proposal",
  etcdDefragPercent: "proposal",
  kubeletConfig: "proposal",
  kubeletArgs: "proposal",
  kubeProxyConfig: "proposal",
  kubeProxyArgs: "proposal",
  flannelArgs: "proposal",
  directories: "proposal",
  groups: "proposal",
  parameters: "proposal",
  cgroupDriver: "proposal",
  containerd: "proposal",
  restrictOomScoreAdj: "proposal",
  openFilesLimit: "proposal",
  oomScoreAdjust: "proposal",
  sysctls: "proposal",
  hostBaseline: "proposal",
  authorityDays: "proposal",
  certificateDays: "proposal",
  certificates: "proposal",
  maxUnavailable: "proposal",
  maxRacks: "proposal",
  drainGraceSeconds: "proposal",
  drainSeconds: "proposal",
  admission: "proposal",
  protections: "proposal",
  tenants: "proposal",
  networkCheck: "proposal",
  overrides: "proposal",
};

const rule = "proposal";
const approved = "change it by a pull request that is previewed after an approval, see docs/ci.md";

function finding(message: string, remedy: string): Finding {
  return { rule, kind: "input", hosts: [], message, remedy };
}

/** A file of a proposal that cannot be read. */
export function unusableFile(path: string, reason: string): Finding {
  return finding(`${path} cannot be used: ${reason}`, "correct the file, or make it again");
}

/** A text of others in a message. */
const quoted = (text: string): string => `"${printable(text, 80)}"`;

/** Names that reach behind an object instead of into it. */
const reserved = ["__proto__", "constructor", "prototype"];

/** What is wrong with the form of a structure that others have made. Each kind is named once. */
function malformed(value: unknown, depth = 0): string[] {
  if (typeof value !== "object" || value === null) return [];
  // YAML has tags for more than that.
  const plain = [Object.prototype, Array.prototype].includes(Object.getPrototypeOf(value) as object);
  if (!plain) return ["it has something else than texts, numbers, flags, lists and maps"];
  if (depth === deepest) return [`it has more than ${deepest} lists and maps inside of each other`];
  const names = Array.isArray(value) ? [] : Object.getOwnPropertyNames(value);
  const found = [
    ...names.filter((name) => reserved.includes(name)).map((name) => `it has the name ${name}`),
    ...Object.values(value).flatMap((inner) => malformed(inner, depth + 1)),
  ];
  return [...new Set(found)];
}

const inventorySchema = z.strictObject({ stack: z.string(), hosts: z.array(z.unknown()) });

/** An evaluated inventory as `./plinth inventory --json` prints it. `hosts` is what `hosts/<stack>.ts` exports. */
export interface InventoryDocument {
  stack: string;
  hosts: readonly unknown[];
}

/**
 * Reads an evaluated inventory that others have made. Its hosts are unchecked: the program checks every inventory.
 *
 * @param text at most `longestProposal.inventory` bytes, which the caller has seen to.
 */
export function parseProposedInventory(text: string, stack: string): { hosts: unknown[]; findings: Finding[] } {
  const wrong = (reason: string): { hosts: unknown[]; findings: Finding[] } => ({
    hosts: [],
    findings: [finding(`the given inventory is not usable: ${reason}`, "make it by ./plinth inventory --json")],
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return wrong("it is no JSON"); // The parser's own message would quote the text.
  }
  const form = malformed(value);
  if (form.length > 0) return wrong(form.join(", "));
  const { success, data, error } = inventorySchema.safeParse(value);
  if (!success) return wrong(error.issues.map(describeIssue).join(", "));
  if (data.stack !== stack) return wrong(`it is of stack ${quoted(data.stack)}, not of "${stack}"`);
  return { hosts: data.hosts, findings: [] };
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return `it has the unknown fields ${issue.keys.map(quoted).join(", ")}`;
  return issue.path.length === 0
    ? "it is no map with stack and hosts"
    : `its field ${issue.path.join(".")} is not right`;
}

/** A stack's file, parsed. */
export type StackFile = Readonly<Record<string, unknown>>;

/**
 * Checks the configuration of a proposal against the project's own.
 *
 * @param own the stack's file of this project.
 * @param proposed that of the proposal, parsed without aliases.
 * @returns the file to preview with: the project's own with the proposal's settings where it decides.
 */
export function checkProposedFile(own: StackFile, proposed: unknown): { file: StackFile; findings: Finding[] } {
  const unusable = (reason: string): { file: StackFile; findings: Finding[] } => ({
    file: own,
    findings: [finding(`the given configuration is not usable: ${reason}`, "give the stack's file of the branch")],
  });
  const form = malformed(proposed);
  if (form.length > 0) return unusable(form.join(", "));
  if (!isMap(proposed)) return unusable("it is no map of settings");
  const given = proposed["config"] ?? {};
  if (!isMap(given)) return unusable("its config is no map of settings");
  const before = isMap(own["config"]) ? own["config"] : {};
  const sections = differing(own, proposed).filter((name) => name !== "config");
  const keys = differing(before, given);
  const held = keys.filter((key) => whoDecides(key) === "project");
  const secrets = keys.filter((key) => whoDecides(key) === "proposal" && holdsOtherSecret(given[key], before[key]));
  return {
    file: { ...own, config: Object.fromEntries(Object.entries(given).filter(([key]) => !held.includes(key))) },
    findings: [
      ...sections.map((name) =>
        finding(`the given configuration has another ${quoted(name)} than the project`, approved),
      ),
      ...held.map((key) =>
        finding(
          `config key ${quoted(key)} is not as the project has it, which alone says what files are read here and where secrets go`,
          approved,
        ),
      ),
      ...secrets.map((key) =>
        finding(
          `config key ${quoted(key)} has an encrypted value that the project does not have there: it would be decrypted and shown`,
          approved,
        ),
      ),
    ],
  };
}

/** Keys that are not written exactly as ours are other programs' business, or the engine's: the project decides. */
function whoDecides(key: string): "proposal" | "project" {
  const name = key.startsWith(`${namespace}:`) ? key.slice(namespace.length + 1) : "";
  return Object.hasOwn(decidedBy, name) ? decidedBy[name as keyof ClusterSettings] : "project";
}

function isMap(value: unknown): value is StackFile {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Names whose values are not the same in both. */
function differing(one: StackFile, other: StackFile): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => !isDeepStrictEqual(one[name], other[name]));
}

/** Whether a value has a secret where the other one does not have the very same. */
function holdsOtherSecret(value: unknown, other: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  // Whatever has the field, so that nothing depends on how exactly the engine knows a secret.
  if ("secure" in value && !isDeepStrictEqual(value, other)) return true;
  const inside = typeof other === "object" && other !== null ? (other as Record<string, unknown>) : {};
  return Object.entries(value).some(([name, inner]) => holdsOtherSecret(inner, inside[name]));
}
