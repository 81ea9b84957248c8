import { hostScript, hostScriptPath, asRoot } from "../../components/host/script.ts";
import { resolveAccess } from "../../components/host/targets.ts";
import type { HostReader } from "../../components/host/reader.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Claim, HostFacts } from "../../plan/facts.ts";
import { PlinthError, type Finding } from "../../plan/findings.ts";
import { accessFinding } from "../../plan/guards/access.ts";
import { parseInventory, type Host } from "../../plan/inventory.ts";
import { sharedPool, type ExecResult, type SshTarget } from "../../ssh/index.ts";
import { CliError, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { confirm } from "../render/prompt.ts";
import type { Terminal } from "../render/terminal.ts";
import type { StackInput } from "../project/inventory.ts";
import type { NodeDeletion } from "../cluster/node.ts";

/** How a host that the inventory does not have (any more) is reached. */
export interface ResetTarget {
  address?: string;
  user?: string;
  port?: number;
  hostKey?: string;
}

export interface ResetRun extends ResetTarget {
  name: string;
  stack: string;
  input: StackInput;
  yes?: boolean;
  /** Also a host that serves the stack's cluster. */
  force?: boolean;
  /** Hosts that this run was told to be gone for good. */
  lost: readonly string[];
  /** The id that the stack claims its hosts with; undefined when the stack has none. */
  clusterId: string | undefined;
  terminal: Terminal;
  /** Tests pass their own. */
  readHosts: HostReader;
  /** Takes a machine's Node out of the stack's cluster, where there is one: a lost host that comes back registers anew. */
  deleteNode: (name: string, machineId: string) => Promise<NodeDeletion>;
  exec?: (target: SshTarget, command: string, stdin: string) => Promise<ExecResult>;
}

/** What the host script prints at the end of a release. */
interface Released {
  kept: string[];
  left: string[];
}

/**
 * Takes the host to reset from the inventory, or makes it of what the command line says.
 *
 * @throws CliError when it is in neither, or in both.
 */
export function resetHost(name: string, hosts: readonly Host[], target: ResetTarget): Host {
  const known = hosts.find((host) => host.name === name);
  const { address, user, port, hostKey } = target;
  const fields = Object.entries({ address, user, port, hostKey });
  const given = Object.fromEntries(fields.filter(([, value]) => value !== undefined));
  if (known !== undefined) {
    if (Object.keys(given).length === 0) return known;
    throw new CliError(
      `Host ${name} is in the inventory (${known.address}): it is reached as that says, without --address, --user, --port and --host-key.`,
      Exit.badInput,
    );
  }
  if (address === undefined) {
    throw new CliError(
      `Host ${name} is not in the inventory (it has: ${hosts.map((host) => host.name).join(", ")}): say where it is by --address.`,
      Exit.badInput,
    );
  }
  const { hosts: made, findings } = parseInventory([{ name, roles: ["worker"], ...given }]);
  const [host] = made;
  if (host === undefined || findings.length > 0) throw new PlinthError(findings);
  return host;
}

/** Why a host must not be reset: it serves the cluster of this stack, as far as its claim and the inventory say. */
export function memberFinding(
  host: Host,
  claim: Claim | undefined,
  run: Pick<ResetRun, "input" | "stack" | "clusterId" | "lost">,
): Finding | undefined {
  if (claim === undefined || !isOurs(claim, run.stack, run.input.config, run.clusterId)) return undefined;
  // By its address, too: the name on the command line may be any when the inventory is said not to have it.
  const member = run.input.hosts.find(({ name, address }) => name === claim.host || address === host.address);
  if (member === undefined || run.lost.includes(member.name)) return undefined;
  return {
    rule: "live-member",
    kind: "guard",
    hosts: [host.name],
    message: `it serves the cluster ${claim.cluster} as host ${claim.host}, which is in the inventory of stack ${run.stack}`,
    remedy: `delete ${member.name} from the inventory and run up, or say --force when this machine does not serve any more`,
  };
}

/** Without an id to compare with (the state is gone) the names must do. */
function isOurs(
  claim: Claim,
  stack: string,
  config: Pick<ClusterConfig, "clusterName">,
  clusterId: string | undefined,
): boolean {
  return clusterId === undefined
    ? claim.cluster === config.clusterName && claim.stack === stack
    : claim.clusterId === clusterId;
}

/** What a host carries of Plinth, for a person to read; none when there is nothing. */
export function carriedLines({ claim, bundles }: Pick<HostFacts, "claim" | "bundles">): string[] {
  const list = Object.entries(bundles).map(([name, { state }]) => (state === "complete" ? name : `${name} (${state})`));
  return [
    ...(claim === undefined
      ? []
      : [`  claim    host ${claim.host} of cluster ${claim.cluster} (id ${claim.clusterId}, stack ${claim.stack})`]),
    ...(list.length === 0 ? [] : [`  bundles  ${list.join(", ")}`]),
  ];
}

/** The line of JSON that `release` prints last. */
export function parseReleased(stdout: string): Released {
  const line = stdout.trim().split("\n").at(-1) ?? "";
  try {
    const { kept, left } = JSON.parse(line) as Partial<Released>;
    return { kept: kept ?? [], left: left ?? [] };
  } catch {
    throw new CliError(`The host's answer is not what was expected: ${line || "nothing"}`);
  }
}

/**
 * Releases the host whoever claims it: by the script that is installed there, which knows what it has done, or by ours
 * (standard input) when there is none.
 */
export const resetCommand = [
  `if test -x ${hostScriptPath}; then ${asRoot} ${hostScriptPath} release --force </dev/null`,
  `else ${asRoot} /bin/sh -s release --force; fi`,
].join("; ");

/** Takes everything of Plinth off one host, after showing what that is, and asking. */
export async function runReset(run: ResetRun): Promise<void> {
  const { name, terminal, input } = run;
  const host = resetHost(name, input.hosts, run);
  const { access, findings } = await resolveAccess([host], input.config);
  const target = access.get(host.name);
  if (target === undefined || findings.length > 0) throw new PlinthError(findings);
  const reading = (await run.readHosts(access)).get(host.name);
  if (reading === undefined) throw new CliError(`Host ${name} could not be looked at.`);
  if ("failure" in reading) throw new PlinthError([accessFinding(host, reading)]);

  const { facts } = reading;
  const carried = carriedLines(facts);
  if (carried.length === 0) {
    terminal.print(`Host ${name} (${host.address}) carries nothing of Plinth.`);
  } else {
    terminal.print(`Host ${name} (${host.address}) carries:`);
    for (const line of carried) terminal.print(line);
    const member = memberFinding(host, facts.claim, run);
    if (member !== undefined && run.force !== true) throw new PlinthError([member]);
    if (member !== undefined) terminal.warn(`${member.message}; going on because of --force`);
    await agree(run, host);
  }
  // Also where nothing is left: a reset that was cut off at its very end is finished by this one.
  const exec = run.exec ?? ((to, command, stdin) => sharedPool.exec(to, command, { stdin }));
  const result = await exec(target, resetCommand, hostScript());
  if (result.code !== 0) throw new CliError(failureText(name, result));
  if (carried.length > 0) {
    const { kept, left } = parseReleased(result.stdout);
    terminal.print(`Host ${name} is free of Plinth.`);
    for (const path of kept) terminal.print(`  kept on ${name}: ${path}`);
    for (const path of left) terminal.print(`  not empty, stays on ${name}: ${path}`);
  }
  // Last, for a kubelet that runs would register again.
  const node = facts.claim?.host ?? name;
  const deletion = await run.deleteNode(node, facts.machineId);
  if (deletion === "deleted") terminal.print(`  Node ${node} deleted`);
  else if (deletion !== "none") {
    terminal.warn(
      `the cluster may still have a Node ${node}, run the command again when its API server answers: ${deletion.unreachable}`,
    );
  }
}

async function agree({ name, yes, terminal }: ResetRun, host: Host): Promise<void> {
  if (yes === true) return;
  if (!terminal.interactive) {
    throw new CliError("reset asks before it begins; without a terminal say --yes.", Exit.badInput);
  }
  if (await confirm(`Take all of this off ${name} (${host.address})?`, new AbortController().signal)) return;
  terminal.print("Nothing was changed.");
  throw new QuietExit(Exit.failed);
}

function failureText(name: string, { code, stderr }: ExecResult): string {
  const lines = stderr.trim().split("\n").slice(-5).join("\n");
  return `Host ${name} could not be reset (exit code ${code ?? "none"}):\n${lines}\nCorrect the cause and run the command again: it goes on from there.`;
}
