import { isDeepStrictEqual } from "node:util";
import type { ClusterConfig } from "./config.ts";
import type { HostReading } from "./facts.ts";
import type { Host } from "./inventory.ts";
import { machineIdsOf, rememberedHost } from "./membership.ts";
import type { PreviousHost, Tombstone } from "./outputs.ts";
import type { PreviousRun } from "./previousrun.ts";

/**
 * When a run saves what cannot be made again. `./plinth` lets the engine save the state at its end only, because writing it
 * after every step costs more than all steps; so what a killed run must not lose is saved by a run of its own before any
 * host is touched.
 *
 * - `along`: with everything else, after every step, as plain `pulumi` does.
 * - `first`: the run ends with {@link RecordFirst} when something is not saved yet.
 * - `now`: the run saves it and does nothing else.
 * - `adopt`: the same for a stack whose state is gone, of the keys and ids that its hosts hold (plan/adoption.ts).
 */
export type Recording = "along" | "first" | "now" | "adopt";

/** Environment variable that carries it from the command line to the program. */
export const recordingVariable = "PLINTH_RECORDING";

export function readRecording(env: Readonly<Record<string, string | undefined>>): Recording {
  const value = env[recordingVariable];
  return value === "first" || value === "now" || value === "adopt" ? value : "along";
}

/** Ends a run before any host is touched: something has to be saved first. */
export class RecordFirst extends Error {
  override readonly name = "RecordFirst";
  /** Whether the stack is new: then its keys are made, too. */
  readonly newStack: boolean;
  /** Whether it cannot be saved ahead, but only as it is made: the run has to save after every step. */
  readonly stepwise: boolean;

  constructor(newStack: boolean, stepwise = false) {
    super("keys, ids and the machines of hosts are saved by a run of their own first");
    this.newStack = newStack;
    this.stepwise = stepwise;
  }
}

/** Whether an error says so, whichever copy of this module has thrown it. */
export function isRecordFirst(error: unknown): error is RecordFirst {
  return error instanceof Error && error.name === "RecordFirst" && "newStack" in error;
}

/**
 * What a run that saves is limited to, as the engine's URN patterns: all else in the state is left alone, although such a
 * run does not declare it. Of a stack in service it is the outputs alone, which every run may change: its pattern fits no
 * resource, because the engine takes what is below a target that is not declared for something to delete.
 */
export function recordedTargets(newStack: boolean): string[] {
  if (!newStack) return ["**::plinth:index:OutputsOnly::**"];
  return [
    "**::pulumi:pulumi:Stack::**",
    "**::plinth:index:Cluster::**",
    "**plinth:index:Cluster$plinth:pki:**",
    "**::random:index/randomId:RandomId::cluster-id",
  ];
}

/** What is to be saved of a run. */
export interface HostRecord {
  hosts: Readonly<Record<string, PreviousHost>>;
  lost: Readonly<Record<string, Tombstone>>;
}

/** What is to be known of the hosts after a run: those of the inventory, and which were declared lost. */
export function recordOf(
  hosts: readonly Host[],
  machineIds: Readonly<Record<string, string>>,
  lost: Readonly<Record<string, Tombstone>>,
): HostRecord {
  return {
    hosts: Object.fromEntries(hosts.map((host) => [host.name, rememberedHost(host, machineIds[host.name])])),
    lost,
  };
}

/**
 * Whether a stack has nothing yet: no run has left outputs, and no host is claimed. Without outputs but with claims a run
 * was killed before it wrote them; its keys are in the state.
 */
export function isNewStack(previous: PreviousRun | undefined, readings: ReadonlyMap<string, HostReading>): boolean {
  const claimed = [...readings.values()].some((reading) => "facts" in reading && reading.facts.claim !== undefined);
  return previous === undefined && !claimed;
}

/**
 * Whether a stack of machines gets its first cluster: its keys are new, though the stack is not. They cannot be saved ahead, because they are
 * part of what its machines are part of, and the engine takes those for something to delete where they are not declared.
 */
export function beginsCluster(
  previous: Pick<PreviousRun, "kind"> | undefined,
  { machinesOnly }: Pick<ClusterConfig, "machinesOnly">,
): boolean {
  return previous?.kind === "machines" && machinesOnly !== true;
}

/**
 * Whether a stack in service has to be told of hosts for certain: the inventory names some that its last run did not know,
 * or knew otherwise. What machines they are shows only when they are read.
 */
export function namesUnrecorded(hosts: readonly Host[], previous: PreviousRun | undefined): boolean {
  if (previous === undefined) return false;
  const machineIds = machineIdsOf(hosts, new Map(), previous);
  return !isRecorded(previous, recordOf(hosts, machineIds, previous.lost ?? {}));
}

/**
 * The hosts as a run saves them ahead: those that it knows beside those of the last run. The state has no claim of a host that
 * the last completed run did not know, until a run that claims it has ended.
 *
 * @param abandoned see `abandonedHosts`. Others that were to be claimed and have left are free, or lost: they are forgotten.
 */
export function hostsAhead(
  previous: Pick<PreviousRun, "hosts"> | undefined,
  { hosts }: Pick<HostRecord, "hosts">,
  abandoned: Readonly<Record<string, PreviousHost>>,
): Record<string, PreviousHost> {
  const before = Object.entries(previous?.hosts ?? {});
  const kept = before.filter(([name, { joining }]) => joining !== true || abandoned[name] !== undefined);
  const ahead = Object.entries(hosts).map(([name, host]): [string, PreviousHost] => {
    const known = previous?.hosts[name];
    return [name, known === undefined || known.joining === true ? { ...host, joining: true } : host];
  });
  return Object.fromEntries([...kept, ...ahead]);
}

/** Whether the state knows all of it already. A host that is no longer known of is no loss: it has been released. */
export function isRecorded(previous: PreviousRun | undefined, { hosts, lost }: HostRecord): boolean {
  if (previous === undefined) return false;
  const known = (old: Readonly<Record<string, unknown>> | undefined, now: Readonly<object>): boolean =>
    Object.entries(now).every(([name, value]) => isDeepStrictEqual(old?.[name], value));
  const ahead = hostsAhead(previous, { hosts }, {});
  return (known(previous.hosts, hosts) || known(previous.hosts, ahead)) && known(previous.lost, lost);
}
