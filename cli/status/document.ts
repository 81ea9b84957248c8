import type { KnownDrill } from "../../plan/backup/drill.ts";
import { careOf } from "../../plan/etcdcare/judge.ts";
import type { EtcdFacts } from "../../plan/members.ts";
import type { NetworkReading } from "../../plan/networkcheck/record.ts";
import type { AddonsReading, HostProbe, NodeStatus, Observation, ProbeReading } from "./types.ts";
import type { Host } from "../../plan/inventory.ts";
import { bundlesOf, vipHolders } from "./judge.ts";
import type { Problem } from "./judge.ts";

/** Bytes, parts from 0 to 1, bytes a day, seconds; what is not known is left out. */
function careDocument(etcd: EtcdFacts | undefined) {
  const { used, fragmentation, quota, quotaShare, growthPerDay, fsyncP99, commitP99, latencySeconds } =
    (etcd === undefined ? undefined : careOf(etcd)) ?? {};
  return {
    ...{ dbSizeInUse: used, fragmentation, dbSizeQuota: quota, quotaShare, growthPerDay },
    ...{ walFsyncP99: fsyncP99, backendCommitP99: commitP99, latencySeconds },
  };
}

function probeDocument(probe: HostProbe) {
  const { uptime, machineId, addresses, etcd, certificates, goneRules, backups, failoverUntil } = probe;
  const { self, selfError, members = [] } = etcd ?? {};
  return {
    uptime,
    machineId,
    addresses,
    bundles: bundlesOf(probe),
    etcd:
      self === undefined
        ? undefined
        : {
            memberId: self.id,
            leaderId: self.leader ?? "",
            version: self.version,
            dbSize: self.dbSize,
            raftIndex: self.raftIndex,
            isLearner: self.learner,
            errors: self.errors,
            alarms: self.alarms.map(({ member, alarm }) => ({ memberId: member, alarm })),
            ...careDocument(etcd),
          },
    etcdError: selfError,
    members:
      members.length === 0
        ? undefined
        : members.map(({ id, name = "", started, learner }) => ({ id, name, started, isLearner: learner })),
    certificates: certificates.map(({ path, subject, notBefore, notAfter, isAuthority }) => ({
      ...{ path, subject, notBefore, notAfter, isAuthority },
    })),
    goneRules: goneRules.map(({ unit, table }) => ({ unit, table })),
    backups,
    ...(failoverUntil === undefined ? {} : { failoverDrillUntil: failoverUntil }),
  };
}

function readingDocument(reading: ProbeReading) {
  return "error" in reading ? reading : { probe: probeDocument(reading.probe) };
}

function nodeDocument(node: NodeStatus) {
  const { name, ready, complaints, version, roles, cordoned, unserved, heartbeat, machineId, address, owner } = node;
  return {
    ...{ name, ready, complaints, version, roles },
    schedulable: !cordoned,
    leaving: unserved,
    heartbeat,
    machineId: machineId ?? "",
    address: address ?? "",
    owner,
  };
}

function addonsDocument(reading: AddonsReading | undefined) {
  if (reading === undefined) return {};
  if ("error" in reading) return { addonsError: reading.error };
  return { addons: Object.fromEntries(reading.addons.map(({ name, wanted, ready }) => [name, { wanted, ready }])) };
}

function networkDocument(reading: NetworkReading | undefined) {
  if (reading === undefined) return {};
  if ("error" in reading) return { networkError: reading.error };
  if (reading.record === undefined) return { network: null };
  const { at, paths, failed, findings, untested } = reading.record;
  const ageSeconds = Math.round(reading.age);
  return { network: { works: failed === 0, at, ageSeconds, paths, failed, findings, untested } };
}

function drillDocument(drill: KnownDrill | undefined, at: number) {
  if (drill === undefined) return {};
  // Members that disagree know no more than those that know of none.
  if (typeof drill === "string") return { drill: null };
  const { at: ended, seconds, result, set, reason } = drill;
  const ageSeconds = Math.max(0, Math.round(at / 1000 - ended));
  return {
    drill: {
      ...{ at: new Date(ended * 1000).toISOString(), ageSeconds, durationSeconds: seconds, result, set },
      ...(result === "failed" ? { reason } : {}),
    },
  };
}

/** What was looked at, as the inventory and the configuration have it. */
export interface LookedAt {
  stack: string;
  hosts: readonly Host[];
  vips: readonly string[];
}

function inventoryDocument({ address, roles, projectRoles, region, zone, rack }: Host) {
  return { address, roles, projectRoles, region, zone, rack };
}

/**
 * The status as monitoring reads it: its fields are documented and stay, whatever the types inside are called (plan/dashboard/document.ts has
 * those that the page reads).
 */
export function statusDocument(
  observation: Observation,
  problems: readonly Problem[],
  warnings: readonly Problem[],
  { stack, hosts, vips }: LookedAt,
): Record<string, unknown> {
  const { at, readings, apiservers, leaders, nodes, addons, network, kubeconfigs, backups, drill } = observation;
  return {
    stack,
    inventory: Object.fromEntries(hosts.map((host) => [host.name, inventoryDocument(host)])),
    vips: vips.map((vip) => ({ address: vip, holders: vipHolders(vip, observation) })),
    healthy: problems.length === 0,
    problems,
    warnings,
    hosts: Object.fromEntries([...readings].map(([name, reading]) => [name, readingDocument(reading)])),
    apiservers: Object.fromEntries(apiservers),
    ...(backups === undefined ? {} : { backups }),
    ...drillDocument(drill, at),
    ...("nodes" in nodes
      ? { nodes: Object.fromEntries(nodes.nodes.map((node) => [node.name, nodeDocument(node)])) }
      : { nodesError: nodes.error }),
    ...addonsDocument(addons),
    ...networkDocument(network),
    kubeconfigs: kubeconfigs.map(({ owner, certificate: { notAfter } }) => ({ owner, notAfter })),
    at,
    leaders,
  };
}
