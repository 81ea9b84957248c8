import type { ClusterConfig } from "./config.ts";
import type { HostReading } from "./facts.ts";
import type { Finding } from "./findings.ts";
import { accessFinding } from "./guards/access.ts";
import { capacityFindings } from "./guards/capacity.ts";
import { directoryFindings } from "./guards/directories.ts";
import { clockFindings, sameMachineFindings } from "./guards/fleet.ts";
import { claimFindings, remnantFindings, type Identity } from "./guards/ownership.ts";
import { pressureFindings } from "./guards/pressure.ts";
import { toolFindings, baselineFindings, kernelFindings, machineFindings } from "./guards/platform.ts";
import { portFindings } from "./guards/ports.ts";
import { forwardFindings, resolverFindings } from "./guards/network.ts";
import { firewalldFindings } from "./guards/firewalld.ts";
import { securityFindings } from "./guards/security.ts";
import { servingFindings } from "./guards/machines.ts";
import { forCluster, type HostRule } from "./guards/rule.ts";
import {
  addressFindings,
  interfaceFindings,
  nameFindings,
  swapFindings,
  timeSyncFindings,
} from "./guards/hostsettings.ts";
import { isMachine, type Host } from "./inventory.ts";
import { configFor } from "./settings/layers.ts";

export {
  alongFinding,
  formerMachines,
  fromSnapshotOf,
  goneFindings,
  goneRule,
  hasOtherObjects,
  incarnationOf,
  mayBePlanted,
  objectsOf,
  remainsFindings,
  returnFindings,
  startsAnew,
} from "./guards/gone.ts";
export { clusterLeftFindings } from "./guards/machines.ts";
export { lastWorkerFindings, type WorkerSituation } from "./guards/lastworker.ts";
export { guardMembership, guardReplacements, type MembershipSituation } from "./guards/membership.ts";
export { mtuFindings } from "./guards/network.ts";
export { emptyGroupFindings } from "./settings/guards.ts";
export { poolEndpointFindings } from "./guards/poolendpoint.ts";
export { guardSettingsChange, type PreviousSettings } from "./guards/settingschange.ts";
export type { Identity } from "./guards/ownership.ts";

/** Guards that a user may set aside by name (config `overrides`). The others have no safe way around. */
export const overridable = [
  "port-taken",
  "memory",
  "disk-space",
  "disk-pressure",
  "clock-skew",
  "swap",
  "time-sync",
  "kernel-feature",
  "nftables-version",
  "tool-version",
  "foreign-remnants",
  "host-name",
  "hosts-file",
  "resolver",
  "forward-drop",
  "selinux",
  "firewalld",
  "noexec",
  "etcd-quorum",
  "leaving-unreachable",
  "lost-but-alive",
  "cluster-gone",
  "last-worker",
  "immutable",
  "version-skip",
  "version-down",
  "tenant-removal",
  "empty-group",
  "pool-endpoint",
  "backup",
] as const;

/** In the order in which findings of one host are told. */
const hostRules: readonly HostRule[] = [
  servingFindings,
  forCluster(remnantFindings),
  forCluster(directoryFindings),
  portFindings,
  machineFindings,
  toolFindings,
  forCluster(capacityFindings),
  pressureFindings,
  baselineFindings,
  kernelFindings,
  swapFindings,
  // A role may be what keeps it right.
  forCluster(timeSyncFindings),
  forCluster(nameFindings),
  addressFindings,
  interfaceFindings,
  resolverFindings,
  forwardFindings,
  securityFindings,
  firewalldFindings,
];

/**
 * What the hosts themselves say against the plan.
 *
 * @param readings one reading per host name; a host without one was not read and is not judged.
 * @param identity undefined when it is not known whose the hosts are to be; claims are not judged then.
 */
export function guardHosts(
  hosts: readonly Host[],
  config: ClusterConfig,
  readings: ReadonlyMap<string, HostReading>,
  identity: Identity | undefined,
): Finding[] {
  const findings = hosts.flatMap((host): Finding[] => {
    const reading = readings.get(host.name);
    if (reading === undefined) return [];
    if ("failure" in reading) return [accessFinding(host, reading)];
    const own = configFor(host, config);
    return [
      ...(identity === undefined ? [] : claimFindings(host, reading.facts, identity)),
      ...hostRules.flatMap((rule) => rule(host, reading.facts, own)),
    ];
  });
  const inCluster = hosts.filter((host) => !isMachine(host));
  return [...findings, ...sameMachineFindings(hosts, readings), ...clockFindings(inCluster, readings)];
}

/** The findings that remain when the named guards are set aside, and those that were set aside. */
export function applyOverrides(
  findings: readonly Finding[],
  overrides: readonly string[],
): { remaining: Finding[]; setAside: Finding[] } {
  const allowed = overrides.filter((name) => (overridable as readonly string[]).includes(name));
  const unknown = overrides.filter((name) => !allowed.includes(name)).map(unknownOverride);
  const setAside = findings.filter((finding) => allowed.includes(finding.rule));
  return { remaining: [...findings.filter((finding) => !setAside.includes(finding)), ...unknown], setAside };
}

function unknownOverride(name: string): Finding {
  return {
    rule: "overrides",
    kind: "input",
    hosts: [],
    message: `plinth:overrides names ${name}, which cannot be set aside`,
    remedy: `use one of ${overridable.join(", ")}`,
  };
}
