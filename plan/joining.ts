import { bundleGeneration, type HostReading } from "./facts.ts";
import type { Host } from "./inventory.ts";
import { machineIdsOf } from "./membership.ts";
import { nodeBundle } from "./names.ts";
import type { PreviousRun } from "./previousrun.ts";

/** Which join of a host to the cluster it is: another machine, or one that was made anew, joins again. */
export interface Join {
  /** /etc/machine-id; undefined where it is not known yet. */
  machineId: string | undefined;
  /** See `bundleGeneration`, of the bundle with the kubelet. */
  generation: number;
  /** How often the cluster was started anew, see plan/outputs.ts. */
  incarnation: number;
}

/**
 * What a host's bootstrap token is made for. Every join has a token of its own: one that an old disk, an old state or somebody's
 * copy of either still has is never made valid again.
 */
export function tokenKeepers({ machineId, generation, incarnation }: Join): Record<string, string> {
  return { machine: machineId ?? "unknown", generation: String(generation), incarnation: String(incarnation) };
}

/** What joins are told apart by, for all hosts of a stack. */
export interface JoinFacts {
  hosts: readonly Host[];
  /** What the hosts said before this run, by name. */
  readings: ReadonlyMap<string, HostReading>;
  /** What the run before has left. */
  previous: PreviousRun | undefined;
  /** What is applied again although nothing about it has changed: `HOST/BUNDLE`, or `HOST/claim`. */
  heal: ReadonlySet<string>;
  /** See `Join.incarnation`. */
  incarnation: number;
}

/** Which join of a host to the cluster it is; undefined for a host that was not read. */
export function joinsOf({ hosts, readings, previous, heal, incarnation }: JoinFacts): (host: Host) => Join | undefined {
  const machineIds = machineIdsOf(hosts, readings, previous);
  return ({ name }) => {
    const reading = readings.get(name);
    if (reading === undefined || !("facts" in reading)) return undefined;
    const generation = bundleGeneration(reading.facts, nodeBundle, heal.has(`${name}/${nodeBundle}`));
    return { machineId: machineIds[name], generation, incarnation };
  };
}
