import { readHosts, type HostReader } from "../../components/host/reader.ts";
import { resolveAccess } from "../../components/host/targets.ts";
import { isClaimedBy, leftHosts } from "../../plan/abandoned.ts";
import { renderRelease } from "../../plan/claim.ts";
import type { HostFacts } from "../../plan/facts.ts";
import type { Tombstone } from "../../plan/outputs.ts";
import type { PreviousRun } from "../../plan/previousrun.ts";
import { sharedPool, type ExecResult, type SshTarget } from "../../ssh/index.ts";
import { administratorOf } from "../cluster/administrator.ts";
import { deleteNode, type NodeDeletion } from "../cluster/node.ts";
import { CliError } from "../errors.ts";
import type { StackInput } from "../project/inventory.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { readOutputs } from "../pulumi/outputs.ts";
import type { Terminal } from "../render/terminal.ts";
import { parseReleased } from "./reset.ts";

/** What is needed to find hosts that still carry a claim of a stack, and to free them. */
export interface ClaimSearch {
  stack: string;
  input: Pick<StackInput, "hosts" | "config">;
  /** What the stack's outputs said when the run began; undefined where there were none. */
  previous: Pick<PreviousRun, "hosts" | "clusterId"> | undefined;
  terminal: Pick<Terminal, "note" | "warn">;
  readHosts: HostReader;
  /** Takes a machine's Node out of the stack's cluster, where there is one. */
  deleteNode: (name: string, machineId: string) => Promise<NodeDeletion>;
  exec?: (target: SshTarget, command: string) => Promise<ExecResult>;
}

/** A host that carries the claim of a stack. */
export interface ClaimedHost {
  name: string;
  target: SshTarget;
  facts: HostFacts;
}

/** How claims are searched by a run that the engine is open for. */
export function claimSearch(
  context: EngineContext,
  input: ClaimSearch["input"],
  terminal: ClaimSearch["terminal"],
  previous: ClaimSearch["previous"],
): ClaimSearch {
  return {
    ...{ stack: context.stack, input, previous, terminal, readHosts },
    deleteNode: async (name, machineId) => {
      const kubeconfig = await administratorOf(context, await readOutputs(context, { secrets: true }));
      return kubeconfig === undefined ? "none" : deleteNode(kubeconfig, name, machineId);
    },
  };
}

/** Hosts that are known to be abandoned before a run: one that was killed has claimed them. Reads them. */
export async function claimedBefore(search: ClaimSearch): Promise<ClaimedHost[]> {
  const joining = Object.entries(leftBy(search, {})).filter(([, host]) => host.joining === true);
  return stillClaimed(
    search,
    joining.map(([name]) => name),
  );
}

/**
 * Frees after a run what the engine could not release: a run that was killed has left nothing in the state of a host that it
 * had claimed. Every host that has left the inventory is to be free.
 *
 * @param lost hosts that are lost: nothing of theirs can be released.
 * @returns whether there were any. The outputs still have them in mind then.
 * @throws CliError as {@link freeClaimed}.
 */
export async function freeLeavers(search: ClaimSearch, lost: Readonly<Record<string, Tombstone>>): Promise<boolean> {
  const claimed = await stillClaimed(search, Object.keys(leftBy(search, lost)));
  await freeClaimed(search, claimed);
  return claimed.length > 0;
}

function leftBy({ previous, input }: ClaimSearch, lost: Readonly<Record<string, Tombstone>>) {
  return leftHosts(previous?.hosts ?? {}, new Set(input.hosts.map(({ name }) => name)), lost);
}

/**
 * Reads hosts of the stack's last run, and finds those that carry its claim. Of one that cannot be read nothing is known, which
 * is warned of.
 *
 * @param names which of them.
 */
export async function stillClaimed(search: ClaimSearch, names: readonly string[]): Promise<ClaimedHost[]> {
  const { stack, input, previous, terminal } = search;
  const asked = names.flatMap((name) => {
    const known = previous?.hosts[name];
    return known === undefined ? [] : [{ name, ...known }];
  });
  if (asked.length === 0) return [];
  const { access } = await resolveAccess(asked, input.config);
  const readings = await search.readHosts(access);
  const found: ClaimedHost[] = [];
  for (const { name, address } of asked) {
    const reading = readings.get(name);
    const target = access.get(name);
    if (reading === undefined || target === undefined || "failure" in reading) {
      const why = reading !== undefined && "failure" in reading ? reading.message : "its SSH host key is not known";
      terminal.warn(
        `whether ${name} still carries something of Plinth is not known: ${why}; ./plinth reset ${name} --address ${address} takes that off once it can be reached`,
      );
    } else if (isClaimedBy({ stack, clusterId: previous?.clusterId }, name, reading.facts)) {
      found.push({ name, target, facts: reading.facts });
    }
  }
  return found;
}

/**
 * Releases hosts that the engine cannot release, because its state has nothing of them.
 *
 * @throws CliError that tells of those which could not be released, after all others have been.
 */
export async function freeClaimed(search: ClaimSearch, hosts: readonly ClaimedHost[]): Promise<void> {
  const outcomes = await Promise.allSettled(hosts.map((host) => free(search, host)));
  const failures = outcomes.flatMap((outcome) => {
    if (outcome.status === "fulfilled") return [];
    return [outcome.reason instanceof Error ? outcome.reason.message : String(outcome.reason)];
  });
  if (failures.length > 0) throw new CliError(failures.join("\n"));
}

async function free({ terminal, deleteNode, exec }: ClaimSearch, { name, target, facts }: ClaimedHost): Promise<void> {
  const run = exec ?? ((to: SshTarget, command: string) => sharedPool.exec(to, command, { stdin: "" }));
  const { code, stdout, stderr } = await run(target, renderRelease(name));
  if (code !== 0) {
    const reason = stderr.trim().split("\n").slice(-5).join("\n");
    throw new CliError(
      `Host ${name}, which a killed run had claimed, could not be released (exit code ${code ?? "none"}):\n${reason}\nCorrect the cause and run the command again: it goes on from there.`,
    );
  }
  const { kept } = parseReleased(stdout);
  terminal.note(`Host ${name}, which a killed run had claimed, is free of Plinth.`);
  for (const path of kept) terminal.note(`  kept on ${name}: ${path}`);
  // Last, for a kubelet that runs would register again.
  const deletion = await deleteNode(name, facts.machineId);
  if (deletion === "deleted") terminal.note(`  Node ${name} deleted`);
  else if (deletion !== "none")
    terminal.warn(`the cluster may still have a Node ${name}, delete it there: ${deletion.unreachable}`);
}
