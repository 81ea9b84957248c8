import type { HostFacts, HostReading } from "../facts.ts";
import type { Finding } from "../findings.ts";
import { guard } from "../guards/rule.ts";
import { withRole, type Host } from "../inventory.ts";
import { holdsMember } from "../members.ts";

const again = "run ./plinth restore again, it goes on from there";

/** The facts of those hosts that have told some. */
function factsOf(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): [string, HostFacts][] {
  return hosts.flatMap(({ name }) => {
    const reading = readings.get(name);
    return reading !== undefined && "facts" in reading ? [[name, reading.facts] as [string, HostFacts]] : [];
  });
}

/** What restores of etcd's data keep a run from. None of it can be set aside. */
export function restoreFindings(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): Finding[] {
  const facts = factsOf(hosts, readings);
  return [...underWayFindings(facts), ...staleFindings(hosts, facts), ...seedFindings(hosts, readings)];
}

/** A restore has stopped something on a host, and has not ended there. */
function underWayFindings(facts: readonly [string, HostFacts][]): Finding[] {
  const found = facts.flatMap(([name, { restores }]) => {
    const { current } = restores ?? {};
    return current === undefined || current.step === "staged" ? [] : [{ name, current }];
  });
  const steps = found.map(({ name, current }) => `${name} is ${current.step}`).join(", ");
  if (found.length === 0) return [];
  const message = `a restore of etcd's data is under way (${found[0]?.current.id}: ${steps})`;
  return [
    guard(
      "restore-under-way",
      found.map(({ name }) => name),
      message,
      again,
    ),
  ];
}

/** Members with the data of before a restore in which they did not take part. */
function staleFindings(hosts: readonly Host[], facts: readonly [string, HostFacts][]): Finding[] {
  const etcd = new Set(withRole(hosts, "etcd").map(({ name }) => name));
  const members = facts.flatMap(([name, { restores, etcd: told }]) => {
    const clusterId = told?.self?.clusterId;
    return etcd.has(name) && clusterId !== undefined ? [{ name, clusterId, last: restores?.last ?? "" }] : [];
  });
  const newest = members.toSorted((a, b) => a.last.localeCompare(b.last)).at(-1);
  if (newest === undefined || newest.last === "") return [];
  return members
    .filter(({ clusterId }) => clusterId !== newest.clusterId)
    .map(({ name }) =>
      guard(
        "restored-without",
        [name],
        `its member has data of before the restore ${newest.last}, in which it did not take part, and belongs to a cluster that was given up`,
        `take that off it, then run up: ./plinth reset ${name} --force`,
      ),
    );
}

/** Hosts that are to begin with a snapshot, beside others that are not. */
function seedFindings(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): Finding[] {
  const told = factsOf(withRole(hosts, "etcd"), readings);
  // Where a member has data, nobody begins with a snapshot.
  if (told.some(([, { etcd, restores }]) => holdsMember(etcd) && restores?.seed === undefined)) return [];
  const seeds = new Set(told.map(([, { restores }]) => restores?.seed?.id));
  if (seeds.size <= 1) return [];
  const without = told.filter(([, { restores }]) => restores?.seed === undefined).map(([name]) => name);
  const message =
    without.length === 0
      ? "the snapshots with which members are to begin are of different restores"
      : `members are to begin with a snapshot, and ${without.join(", ")} ${without.length === 1 ? "has" : "have"} none`;
  return [
    guard(
      "restore-seed",
      told.map(([name]) => name),
      message,
      "run ./plinth restore again with the snapshot",
    ),
  ];
}
