import type { HostFacts, HostReading } from "./facts.ts";
import type { PreviousHost, Tombstone } from "./outputs.ts";

/** Whose claim of a host counts. A worker pool has its cluster's id, so the stack counts, too. */
export interface Owner {
  stack: string;
  /** Undefined while the stack has none yet. */
  clusterId: string | undefined;
}

/** Whether a host of a stack carries that stack's claim. */
export function isClaimedBy({ stack, clusterId }: Owner, name: string, { claim }: Pick<HostFacts, "claim">): boolean {
  if (claim?.host !== name || claim.stack !== stack) return false;
  return clusterId === undefined || claim.clusterId === clusterId;
}

/** Where {@link abandonedHosts} looks. */
export interface AbandonedSources {
  /** Hosts of the last run. */
  previous: Readonly<Record<string, PreviousHost>>;
  /** Names of the inventory. */
  inventory: ReadonlySet<string>;
  /** Hosts that are lost: nothing of theirs can be freed. */
  lost: Readonly<Record<string, Tombstone>>;
  readings: ReadonlyMap<string, HostReading>;
  owner: Owner;
}

/**
 * The abandoned hosts: a run that was killed was to claim them, and the inventory has them no more. The state has nothing of
 * them, so that the engine cannot release them. They stay known until they have said that they are free.
 */
export function abandonedHosts({
  previous,
  inventory,
  lost,
  readings,
  owner,
}: AbandonedSources): Record<string, PreviousHost> {
  const isFree = (name: string): boolean => {
    const reading = readings.get(name);
    return reading !== undefined && "facts" in reading && !isClaimedBy(owner, name, reading.facts);
  };
  const left = Object.entries(leftHosts(previous, inventory, lost));
  return Object.fromEntries(left.filter(([name, { joining }]) => joining === true && !isFree(name)));
}

/** Hosts of the last run that the inventory has no more and that are not lost: they are to be free after a run. */
export function leftHosts(
  previous: Readonly<Record<string, PreviousHost>>,
  inventory: ReadonlySet<string>,
  lost: Readonly<Record<string, Tombstone>>,
): Record<string, PreviousHost> {
  return Object.fromEntries(
    Object.entries(previous).filter(([name]) => !inventory.has(name) && lost[name] === undefined),
  );
}

/** What a run says of an abandoned host. */
export function abandonedWarning(name: string): string {
  return `a run that was killed has claimed ${name}, which the inventory has no more: ./plinth up takes everything of Plinth off it`;
}
