import type { HostReading } from "../facts.ts";
import type { Finding } from "../findings.ts";
import { withRole, type Host } from "../inventory.ts";
import type { PreviousRun } from "../previousrun.ts";
import { guard } from "./rule.ts";

/** How often a cluster was begun anew, and which of these began with a snapshot; see plan/outputs.ts. */
interface Begun {
  incarnation: number;
  fromSnapshot: readonly number[];
}

/** Its override starts a new cluster. */
export const goneRule = "cluster-gone";

/**
 * A cluster that the last run has left, and of which no host with etcd has a trace: their disks were emptied, or the
 * inventory's addresses lead to other machines. Where one of them does not answer, nobody can say that.
 *
 * @param readings by name, those of hosts that leave among them.
 */
export function goneFindings(
  hosts: readonly Host[],
  readings: ReadonlyMap<string, HostReading>,
  previous: PreviousRun | undefined,
): Finding[] {
  if (!wasBroughtUp(previous)) return [];
  const before = Object.entries(previous.hosts).filter(([, { roles }]) => roles.includes("etcd"));
  const names = [...new Set([...before.map(([name]) => name), ...withRole(hosts, "etcd").map(({ name }) => name)])];
  if (!names.every((name) => isEmpty(readings.get(name)))) return [];
  const seed = plantedSeed(hosts, readings);
  const other = before.filter(([name, { machineId }]) => {
    const reading = readings.get(name);
    return (
      machineId !== undefined && reading !== undefined && "facts" in reading && reading.facts.machineId !== machineId
    );
  });
  const why =
    other.length === 0
      ? "they are the machines that they were, and their disks hold nothing of it"
      : `${other.map(([name]) => name).join(", ")} ${other.length === 1 ? "is another machine" : "are other machines"} than then`;
  const others = hosts.filter(({ name }) => !names.includes(name));
  return [
    // A snapshot knows the Nodes of before.
    ...(seed === undefined ? remainsFindings(others, readings) : []),
    guard(
      goneRule,
      names,
      `the last run of this stack has left a cluster, and no host with etcd has a trace of it: ${why}`,
      `correct the inventory, or bring the old machines or their disks back; --override cluster-gone starts ${
        seed === undefined
          ? "a new, empty cluster under the old authorities (./plinth restore puts a snapshot on the hosts first)"
          : `it with the snapshot that the restore ${seed} has put on them`
      }`,
    ),
  ];
}

/** How often a new cluster was started in the place of one that was gone: once more where that guard is set aside. */
export function incarnationOf(
  previous: Pick<PreviousRun, "incarnation"> | undefined,
  setAside: readonly Finding[],
): number {
  return begunBefore(previous) + (setAside.some(({ rule }) => rule === goneRule) ? 1 : 0);
}

/**
 * Which of these began with a snapshot: the one that a run starts by setting that guard aside, where the hosts with etcd carry one.
 *
 * @param readings of all hosts, by name.
 */
export function fromSnapshotOf(
  previous: Pick<PreviousRun, "incarnation" | "fromSnapshot"> | undefined,
  setAside: readonly Finding[],
  hosts: readonly Host[],
  readings: ReadonlyMap<string, HostReading>,
): readonly number[] {
  const before = previous?.fromSnapshot ?? [];
  const now = incarnationOf(previous, setAside);
  return startsAnew(previous, now) && plantedSeed(hosts, readings) !== undefined ? [...before, now] : before;
}

/**
 * What tells the objects of one cluster from those of another, behind its id: a cluster that began with a snapshot has the objects of the
 * one before. Undefined for the first one.
 */
export function objectsOf({ incarnation, fromSnapshot }: Begun): number | undefined {
  const others = incarnation - fromSnapshot.length;
  return others === 0 ? undefined : others;
}

/** The restore whose snapshot all hosts with etcd are to begin with. */
function plantedSeed(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): string | undefined {
  const seeds = withRole(hosts, "etcd").map(({ name }) => {
    const reading = readings.get(name);
    return reading !== undefined && "facts" in reading ? reading.facts.restores?.seed?.id : undefined;
  });
  return new Set(seeds).size === 1 ? seeds[0] : undefined;
}

/** Whether a run begins with another cluster than the last one has left. */
export function startsAnew(previous: Pick<PreviousRun, "incarnation"> | undefined, incarnation: number): boolean {
  return incarnation !== begunBefore(previous);
}

/** Whether a run finds another cluster than the last one has left, and nothing in it that was in that one. */
export function hasOtherObjects(
  previous: Pick<PreviousRun, "incarnation" | "fromSnapshot"> | undefined,
  { incarnation, fromSnapshot = [] }: Pick<Begun, "incarnation"> & Partial<Begun>,
): boolean {
  const before = { incarnation: begunBefore(previous), fromSnapshot: previous?.fromSnapshot ?? [] };
  return objectsOf(before) !== objectsOf({ incarnation, fromSnapshot });
}

/**
 * Whether a snapshot may be put on empty hosts: a run has left a cluster there, or was cut off while it brought one up with a snapshot. In
 * one that began empty, the engine would take the snapshot's objects for those of another cluster, and delete them.
 */
export function mayBePlanted(previous: Partial<PreviousRun>): boolean {
  const { survivors = {}, incarnation = 0, fromSnapshot = [] } = previous;
  return Object.keys(survivors).length > 0 || fromSnapshot.includes(incarnation);
}

function begunBefore(previous: Pick<PreviousRun, "incarnation"> | undefined): number {
  return previous?.incarnation ?? 0;
}

/** Nodes of a cluster that is gone, while another one is started. */
export function remainsFindings(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): Finding[] {
  const isNode = (reading: HostReading | undefined): boolean =>
    reading !== undefined && "facts" in reading && reading.facts.bundles["node"] !== undefined;
  return hosts
    .filter(({ name }) => isNode(readings.get(name)))
    .map(({ name }) =>
      guard(
        "cluster-remains",
        [name],
        "the host still carries what a cluster gave it that is gone, and its kubelet would not register in another one",
        `bring the old cluster back, or take that off the host: ./plinth reset ${name} --force`,
      ),
    );
}

/** The machines of a cluster's last run that none of its hosts is any more. */
export function formerMachines(
  previous: Pick<PreviousRun, "hosts"> | undefined,
  readings: ReadonlyMap<string, HostReading>,
): string[] {
  const present = new Set(
    [...readings.values()].flatMap((reading) => ("facts" in reading ? [reading.facts.machineId] : [])),
  );
  return Object.values(previous?.hosts ?? {}).flatMap(({ machineId }) =>
    machineId === undefined || present.has(machineId) ? [] : [machineId],
  );
}

/**
 * Machines that are back before the cluster has been brought up that was to follow theirs. What is theirs may be alive, and a new
 * cluster's objects would take its objects' place.
 */
export function returnFindings(
  readings: ReadonlyMap<string, HostReading>,
  previous: Pick<PreviousRun, "formerMachines"> | undefined,
): Finding[] {
  const former = new Set(previous?.formerMachines);
  const back = [...readings].filter(
    ([, reading]) => "facts" in reading && former.has(reading.facts.machineId) && !isEmpty(reading),
  );
  return back.map(([name]) =>
    guard(
      "cluster-returned",
      [name],
      "the machine is of the cluster that was given up by the override cluster-gone, and still carries it",
      `to go back to that cluster, put back the stack's state of before that override; to go on with the new one, take the old one off the machine: ./plinth reset ${name} --force`,
    ),
  );
}

/** A new cluster is started by a run that saves that first: another one would not know of it when it was cut off. */
export function alongFinding(): Finding {
  return guard(
    goneRule,
    [],
    "a new cluster is not started by plain pulumi, nor with a saved plan: a run that is cut off would not be gone on with",
    "run ./plinth up --override cluster-gone, without --plan",
  );
}

/** Whether a run has come to its end: one that only saves keys, or was killed, leaves no word of who served the roster. */
function wasBroughtUp(previous: PreviousRun | undefined): previous is PreviousRun {
  return Object.keys(previous?.survivors ?? {}).length > 0;
}

function isEmpty(reading: HostReading | undefined): boolean {
  if (reading === undefined || !("facts" in reading)) return false;
  const { claim, bundles, etcd } = reading.facts;
  return claim === undefined && Object.keys(bundles).length === 0 && etcd?.data !== true;
}
