import type { HostReading } from "../facts.ts";
import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";

/** Host name → roles, as the last complete run left it. */
export type PreviousHosts = Readonly<Record<string, { roles: readonly string[] }>>;

/**
 * What would change the membership of a cluster in service. Members join and leave one at a time through the cluster
 * itself, which this release does not do: a host that merely starts or stops would cost the quorum. A worker may join; one
 * that merely stops would take its pods along and leave its Node behind.
 *
 * @param previous undefined when no run has been completed yet.
 */
export function guardMembership(
  hosts: readonly Host[],
  readings: ReadonlyMap<string, HostReading>,
  previous: PreviousHosts | undefined,
): Finding[] {
  const carries = (host: Host, bundle: string): boolean => {
    const reading = readings.get(host.name);
    return reading !== undefined && "facts" in reading && reading.facts.bundles[bundle] !== undefined;
  };
  const inService = hosts.some((host) => carries(host, "controlplane"));
  const joining = hosts.filter((host) => {
    const reading = readings.get(host.name);
    return host.roles.includes("etcd") && reading !== undefined && "facts" in reading && !carries(host, "etcd");
  });
  const names = hosts.map((host) => host.name);
  const leaving = Object.entries(previous ?? {}).filter(
    ([name, { roles }]) => !names.includes(name) && roles.some((role) => role !== "load-balancer"),
  );
  return [
    ...(inService ? joining : []).map(({ name }): Finding => ({
      rule: "etcd-join",
      kind: "guard",
      hosts: [name],
      message: "the host carries no etcd member while the cluster is in service, so it was added or has lost its disk",
      remedy: "bring its disk back, or take it out of the inventory: this release cannot add or replace members",
    })),
    ...leaving.map(([name, { roles }]): Finding => ({
      rule: "member-leave",
      kind: "guard",
      hosts: [name],
      message: `the host is not in the inventory any more, but it serves the cluster as ${roles.join(", ")}`,
      remedy:
        "put it back: this release cannot take single members out (./plinth destroy takes the cluster off all hosts)",
    })),
  ];
}
