import { createHash } from "node:crypto";
import { ownerOf } from "../../plan/roster.ts";
import type { SimulatedCluster } from "./cluster.ts";
import { factsOf } from "./facts.ts";
import type { SimulatedHost } from "./host.ts";
import { assignedVariables, withoutHereDocuments } from "./shell.ts";

/** What a command of a simulated host printed, and how it ended. */
export interface Answer {
  stdout: string;
  stderr: string;
  code: number;
}

const said = (value: unknown): Answer => ({ stdout: `${JSON.stringify(value)}\n`, stderr: "", code: 0 });
const failed = (code: number, sentence: string): Answer => ({ stdout: "", stderr: `${sentence}\n`, code });

/** Whether a command takes the run lock: it talks for as long as its standard input lasts. */
export function takesRunLock(command: string): boolean {
  return /run-lock/.test(command);
}

/** Digest of the host script that a claim brings: the one that it names, or that of all that it carries. */
function scriptDigest(command: string): string {
  return /\b[0-9a-f]{64}\b/.exec(command)?.[0] ?? createHash("sha256").update(command).digest("hex");
}

/**
 * Carries out a command of Plinth on a simulated host. It is known by what does not change between releases: the verbs of the
 * host script, the paths of the roster's scripts, and the headers of what is fed to them.
 *
 * @param command as the login shell gets it.
 * @param stdin all of it.
 */
export function answer(host: SimulatedHost, cluster: SimulatedCluster, command: string, stdin: string): Answer {
  if (stdin.includes("plinth-facts 1") || command.includes("plinth-facts 1")) {
    return { stdout: factsOf(host, cluster), stderr: "", code: 0 };
  }
  const commands = withoutHereDocuments(command);
  const step = /\/roster\/([a-z]+)\b/.exec(commands)?.[1];
  if (step !== undefined) return rosterStep(step, host, cluster, command, stdin);
  switch (verbOf(commands)) {
    case "claim":
      return claim(host, command, commands, stdin);
    case "apply":
      return apply(host, cluster, command, stdin);
    case "release":
      host.release();
      return said({ host: host.name, skipped: false, kept: [], left: [] });
    case "retire":
      return said({ host: host.name, stopped: [] });
    case "status":
      return said(status(host));
    default:
      return failed(127, `the simulated fleet does not know this command: ${commands.trim().slice(0, 200)}`);
  }
}

/** The verb of the host script: behind its path, or behind the script that installs it, its digest and its address. */
function verbOf(commands: string): string | undefined {
  const calls = commands.matchAll(/(?:plinth-host['"]?|install\.sh \S+ \S+)\s+(claim|apply|release|retire|status)\b/g);
  return [...calls].at(-1)?.[1];
}

function claim(host: SimulatedHost, command: string, commands: string, stdin: string): Answer {
  const told = Object.fromEntries(
    [...stdin.matchAll(/^(cluster|cluster-id|host|stack|generation) (\S+)$/gm)].map(([, key = "", value = ""]) => [
      key,
      value,
    ]),
  );
  const generation = /\bgeneration (\d+)/.exec(commands)?.[1] ?? told["generation"];
  const claimed = { ...told, ...(generation === undefined ? {} : { generation }) };
  const missing = ["cluster", "cluster-id", "host", "stack", "generation"].filter((key) => !(key in claimed));
  if (missing.length > 0) return failed(2, `the claim has no ${missing.join(", ")}`);
  if (host.claim !== undefined && host.claim["cluster-id"] !== told["cluster-id"]) {
    return failed(3, `this host belongs to cluster ${host.claim["cluster"] ?? ""}`);
  }
  const changed = JSON.stringify(host.claim) !== JSON.stringify(claimed);
  host.claim = claimed;
  host.script = scriptDigest(command);
  const { cluster, stack } = told;
  return said({ host: told["host"], cluster, clusterId: told["cluster-id"], stack, changed });
}

function apply(host: SimulatedHost, cluster: SimulatedCluster, command: string, stdin: string): Answer {
  if (host.claim === undefined) return failed(3, "this host is not claimed by a cluster");
  const lines = `${command}\n${stdin}`.split("\n").filter((line) => !line.startsWith("|"));
  const all = (key: string): string[][] =>
    lines.flatMap((line) => (line.startsWith(`${key} `) ? [line.slice(key.length + 1).split(" ")] : []));
  const name = all("bundle")[0]?.[0];
  const generation = Number(all("generation")[0]?.[0]);
  if (name === undefined || Number.isNaN(generation)) return failed(2, "the bundle has no name or no generation");
  const units = all("unit").flatMap(([unit]) => unit ?? []);
  const versions = Object.fromEntries(all("binary").map(([binary = "", version = ""]) => [binary, version]));
  const before = host.bundles.get(name);
  host.bundles.set(name, { generation, units, versions });
  for (const [path, content] of secretsOf(stdin)) host.secrets.set(path, content);
  const certificate = flagIn(command, "tls-cert-file");
  const key = flagIn(command, "tls-private-key-file");
  if (name === "controlplane" && certificate !== undefined && key !== undefined) host.serving = { certificate, key };
  if (name === "etcd") cluster.join(host);
  const started = before === undefined ? units : [];
  return said({
    bundle: name,
    host: host.name,
    generation,
    changed: [],
    removed: [],
    restarted: [],
    reloaded: [],
    started,
    versions,
  });
}

/** The path that a service in the text is given by a flag. */
function flagIn(text: string, flag: string): string | undefined {
  return new RegExp(`--${flag}=["']?([^\\s"'\\\\]+)`).exec(text)?.[1];
}

/** Lines `secret PATH` or `public PATH`, each with its content as lines that begin with `|`. */
export function secretsOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let path: string | undefined;
  for (const line of text.split("\n")) {
    if (line.startsWith("|") && path !== undefined) found.set(path, `${found.get(path) ?? ""}${line.slice(1)}\n`);
    else path = /^(?:secret|public) (\S+)/.exec(line)?.[1];
  }
  return found;
}

function rosterStep(
  step: string,
  host: SimulatedHost,
  cluster: SimulatedCluster,
  command: string,
  stdin: string,
): Answer {
  const variables = { ...assignedVariables(stdin), ...assignedVariables(command) };
  const node = variables["NODE"] ?? "";
  if (step === "register") {
    const subject = cluster.hosts.get(node);
    if (subject === undefined) return failed(1, `${node}: there is no such host in the simulated fleet`);
    const { name, machineId, address } = subject;
    const owner = subject.claim?.["stack"] ?? host.claim?.["stack"] ?? "-";
    cluster.nodes.set(name, { name, machineId, address, owner });
    return said({ node, ready: "True", certificatesApproved: 1, taintsChanged: false });
  }
  if (step === "access") return said({ rights: "given", objects: 6 });
  if (step === "roster") return endMemberships(cluster, variables["OWNER"], `${variables["ROSTER"] ?? ""}\n${stdin}`);
  return said({ node, drained: false });
}

/** Members and Nodes that do not stand in the roster go: Nodes of this owner alone, and members only if the roster names any. */
function endMemberships(cluster: SimulatedCluster, owner: string | undefined, roster: string): Answer {
  const stay = new Map([...roster.matchAll(/^(member|node) (\S+) (\S+)$/gm)].map(([line, kind]) => [line, kind]));
  const members = new Set([...stay].flatMap(([line, kind]) => (kind === "member" ? [line.split(" ")[2]] : [])));
  const names = new Set([...stay].flatMap(([line, kind]) => (kind === "node" ? [line.split(" ")[1]] : [])));
  const gone: unknown[] = [];
  for (const { peerUrl, name } of [...cluster.members.values()]) {
    if (members.size === 0 || members.has(peerUrl)) continue;
    cluster.members.delete(peerUrl);
    gone.push({ member: name, removed: true });
  }
  for (const { name, owner: stack } of [...cluster.nodes.values()]) {
    if (names.has(name) || ownerOf(stack) !== owner) continue;
    cluster.nodes.delete(name);
    gone.push({ node: name, deleted: true });
  }
  return { stdout: gone.map((line) => `${JSON.stringify(line)}\n`).join(""), stderr: "", code: 0 };
}

function status(host: SimulatedHost): unknown {
  const { claim: told } = host;
  return {
    claim:
      told === undefined
        ? null
        : { cluster: told["cluster"], clusterId: told["cluster-id"], host: told["host"], stack: told["stack"] },
    script: host.script === undefined ? "missing" : "ok",
    bundles: [...host.bundles].map(([bundle, { generation, units }]) => ({
      bundle,
      generation,
      state: "complete",
      units: Object.fromEntries(units.map((unit) => [unit, "active"])),
      drift: [],
    })),
  };
}
