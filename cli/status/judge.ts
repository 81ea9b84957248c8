import { addonReplicas } from "../../plan/addons/deployments.ts";
import { drillOf, judgeDrill, type KnownDrill } from "../../plan/backup/drill.ts";
import { judgeBackups, targetStates, type TargetState } from "../../plan/backup/record.ts";
import type { BackupSettings } from "../../plan/backup/settings.ts";
import type { CertificateFile } from "../../plan/certificates.ts";
import { expiryProblems } from "../../plan/expiry.ts";
import { drillSentence } from "../../plan/failover/hosts.ts";
import type { BundleReport } from "../../plan/hostreport.ts";
import { isNode, withRole, type Host } from "../../plan/inventory.ts";
import { memberLabel } from "../../plan/livecluster.ts";
import { careOf, careWarnings } from "../../plan/etcdcare/judge.ts";
import type { Alarm, EtcdMember } from "../../plan/members.ts";
import { judgeRecord } from "../../plan/networkcheck/record.ts";
import type { NetworkCheckSettings } from "../../plan/networkcheck/settings.ts";
import { describeGoneRules } from "../../plan/rulesets.ts";
import { nodeDifferences } from "../../plan/nodedrift.ts";
import { declareNode, ownerOf } from "../../plan/roster.ts";
import type { HostProbe, NodeStatus, Observation } from "./types.ts";

/** Something that an operator should look at. */
export interface Problem {
  /** Host, or undefined when it concerns the cluster. */
  host: string | undefined;
  message: string;
}

/** Seconds after which a lease that nobody renews is as good as none: kubeadm's and our lease duration is 15 s. */
const LEASE_SECONDS = 20;
/** Likewise of a Node, whose lease lasts 40 s; after 50 s the API calls it Unknown. */
const HEARTBEAT_SECONDS = 60;
/** The certificate of a host that ends first. */
export function firstToExpire(certificates: readonly CertificateFile[]): CertificateFile | undefined {
  return certificates.toSorted((a, b) => a.notAfter.localeCompare(b.notAfter))[0];
}

/** What has expired or is about to. */
function judgeCertificates({ readings, kubeconfigs, at }: Observation): Problem[] {
  const files = new Map(
    [...readings].flatMap(([host, reading]) =>
      "probe" in reading ? [[host, reading.probe.certificates] as const] : [],
    ),
  );
  return expiryProblems({ files, kubeconfigs, at });
}

/** One bundle of a host, with the names of what differs. */
export interface BundleStatus extends Omit<BundleReport, "drift"> {
  drift: string[];
}

/** The bundles of a host; undefined when it belongs to no cluster. Units that are down are told by their state. */
export function bundlesOf({ report }: Pick<HostProbe, "report">): BundleStatus[] | undefined {
  if (report?.claim === undefined) return undefined;
  return report.bundles.map(({ drift, ...bundle }) => ({
    ...bundle,
    drift: drift.filter(({ kind }) => kind !== "unit-stopped").map(({ name }) => name),
  }));
}

function judgeFailover(host: string, { failoverUntil }: HostProbe, at: number): Problem[] {
  return failoverUntil === undefined ? [] : [{ host, message: drillSentence(failoverUntil, at / 1000) }];
}

function judgeBundles(host: string, probe: HostProbe): Problem[] {
  if (probe.reportError !== undefined)
    return [{ host, message: `its bundles could not be looked at: ${probe.reportError}` }];
  const bundles = bundlesOf(probe);
  if (bundles === undefined) return [{ host, message: "belongs to no cluster: run up" }];
  return bundles.flatMap(({ bundle, state, reason, units, drift }) => [
    ...(state === "complete"
      ? []
      : [{ host, message: `${bundle} is ${state}${reason === undefined ? "" : `: ${reason}`}` }]),
    ...Object.entries(units)
      .filter(([, active]) => active !== "active")
      .map(([unit, active]) => ({ host, message: `${unit} is ${active}` })),
    ...drift.map((path) => ({ host, message: `${path} is not as ${bundle} has left it` })),
  ]);
}

/** What an alarm is about; every member tells all of them. */
const alarmMeanings = {
  NOSPACE: "its database is as large as its quota, and etcd takes no writes",
  CORRUPT: "its data differs from that of the others, and etcd takes no writes",
} as const;

function describeAlarm({ member, alarm }: Alarm, observation: Observation, stack: string): Problem {
  const host = membersOf(observation)?.find(({ id }) => id === member)?.name;
  const whose = host === undefined ? ` (member ${member})` : "";
  return {
    host,
    message: `etcd has the alarm ${alarm}${whose}: ${alarmMeanings[alarm]}: run ./plinth etcd repair${stackOption(stack)}`,
  };
}

/** What is written behind a command for this stack. */
function stackOption(stack: string): string {
  return stack === "lab" ? "" : ` --stack ${stack}`;
}

/** What an operator may see to in time: nothing of it is wrong yet, and `status` ends as if it were not there. */
export function warnings(hosts: readonly Host[], observation: Observation, stack: string): Problem[] {
  return [...memberWarnings(hosts, observation, stack), ...loadTestWarnings(observation, stack)];
}

function loadTestWarnings({ loadTests = [] }: Observation, stack: string): Problem[] {
  return loadTests.map(({ namespace, owner, left, going }) => ({
    host: undefined,
    message:
      left === undefined
        ? `a load test of ${owner} is under way (${namespace}): answers take longer meanwhile`
        : going
          ? `${namespace}, which a load test of ${owner} has left, is being deleted`
          : `a load test of ${owner} has left ${namespace} (${left}): run ./plinth loadtest --clean${stackOption(stack)}`,
  }));
}

function memberWarnings(hosts: readonly Host[], observation: Observation, stack: string): Problem[] {
  return hosts.flatMap(({ name: host }) => {
    const reading = observation.readings.get(host);
    const care =
      reading !== undefined && "probe" in reading && reading.probe.etcd ? careOf(reading.probe.etcd) : undefined;
    return care === undefined ? [] : careWarnings(care, stackOption(stack)).map((message) => ({ host, message }));
  });
}

function judgeEtcd(hosts: readonly Host[], observation: Observation, stack: string): Problem[] {
  const problems: Problem[] = [];
  const leaders = new Set<string>();
  const alarms = new Map<string, Alarm>();
  for (const { name } of hosts.filter((host) => host.roles.includes("etcd"))) {
    const reading = observation.readings.get(name);
    if (reading === undefined || !("probe" in reading)) continue;
    const { self, selfError = "it is not installed" } = reading.probe.etcd ?? {};
    if (self === undefined) {
      const damage = reading.probe.etcd?.damage;
      const why =
        damage === undefined
          ? selfError
          : `its data is damaged or gone: run ./plinth etcd repair${stackOption(stack)} (${damage})`;
      problems.push({ host: name, message: `the etcd member does not answer: ${why}` });
      continue;
    }
    const others = self.errors.filter((error) => !/^memberID:\d+ alarm:(NOSPACE|CORRUPT)\s*$/.test(error));
    for (const error of others) problems.push({ host: name, message: `etcd: ${error}` });
    for (const { member, alarm } of self.alarms) alarms.set(`${member} ${alarm}`, { member, alarm });
    if (self.learner) problems.push({ host: name, message: "the etcd member is still a learner" });
    if (self.leader === undefined) problems.push({ host: name, message: "the etcd member knows no leader" });
    else leaders.add(self.leader);
  }
  for (const alarm of alarms.values()) problems.push(describeAlarm(alarm, observation, stack));
  if (leaders.size > 1) problems.push({ host: undefined, message: "the etcd members do not agree on a leader" });
  const expected = hosts.filter((host) => host.roles.includes("etcd")).map(({ name }) => name);
  const members = membersOf(observation);
  if (members !== undefined) {
    for (const member of members) {
      if (!member.started)
        problems.push({ host: undefined, message: `etcd member ${member.id} was added and has never started` });
      else if (!expected.includes(member.name ?? "")) {
        problems.push({ host: undefined, message: `etcd member ${memberLabel(member)} is not in the inventory` });
      }
    }
    for (const name of expected.filter((host) => !members.some((member) => member.name === host))) {
      problems.push({ host: name, message: "is not a member of the etcd cluster" });
    }
  }
  return problems;
}

/** The member list of the first host that could give one. */
export function membersOf(observation: Observation): EtcdMember[] | undefined {
  return [...observation.readings.values()]
    .map((reading) => ("probe" in reading ? (reading.probe.etcd?.members ?? []) : []))
    .find((members) => members.length > 0);
}

/** Names of the hosts that have the VIP on an interface. */
export function vipHolders(vip: string, observation: Observation): string[] {
  return [...observation.readings].flatMap(([name, reading]) =>
    "probe" in reading && vip in reading.probe.addresses ? [name] : [],
  );
}

function judgeVips(vips: readonly string[], observation: Observation): Problem[] {
  return vips.flatMap((vip) => {
    const holders = vipHolders(vip, observation);
    if (holders.length === 1) return [];
    const message =
      holders.length === 0
        ? `no host has the VIP ${vip}`
        : `ALARM: several hosts have the VIP ${vip}: ${holders.join(", ")}`;
    return [{ host: undefined, message }];
  });
}

/** Whether the Node runs on another machine than the host of its name; undefined when one of both is not known. */
export function isOnAnotherMachine(node: NodeStatus, observation: Observation): boolean | undefined {
  const reading = observation.readings.get(node.name);
  const machineId = reading !== undefined && "probe" in reading ? reading.probe.machineId : "";
  return machineId === "" || node.machineId === undefined ? undefined : machineId !== node.machineId;
}

/** What a Node lacks of what the inventory says about its host; undefined for another stack's. */
function judgeContent(node: NodeStatus, declared: Host | undefined, stack: string): Problem[] {
  const differing = declared === undefined ? [] : nodeDifferences(node.content, declareNode(declared, stack));
  if (differing.length === 0) return [];
  return [{ host: node.name, message: `the Node is not as declared (${differing.join("; ")}): run up --heal` }];
}

function judgeNode(node: NodeStatus, observation: Observation): Problem[] {
  const host = node.name;
  const why = node.complaints.join("; ");
  const problems: Problem[] = [];
  if (node.ready === true && why !== "") problems.push({ host, message: `the Node complains: ${why}` });
  if (node.ready !== true) problems.push({ host, message: `the Node is not ready: ${why}` });
  else if (node.heartbeat !== undefined && node.heartbeat > HEARTBEAT_SECONDS)
    problems.push({ host, message: `the Node has not been heard of for ${Math.round(node.heartbeat)} s` });
  if (isOnAnotherMachine(node, observation) === true) {
    problems.push({
      host,
      message: `the Node runs on another machine (machine id ${node.machineId ?? ""}): stop the kubelet there, then delete the Node`,
    });
  }
  return problems;
}

/** Whether another stack of the same cluster answers for a Node: the cluster's own, or a worker pool's. */
export function isOfAnotherStack({ name, owner }: NodeStatus, hosts: readonly Host[], stack: string): boolean {
  return owner !== undefined && owner !== ownerOf(stack) && !hosts.some((host) => host.name === name);
}

/** Its own Nodes alone, where the stack is a worker pool: the others are for whoever looks at the cluster. */
export function nodesOfInterest(hosts: readonly Host[], stack: string, observation: Observation): Observation {
  const { nodes } = observation;
  if ("error" in nodes || withRole(hosts, "control-plane").length > 0) return observation;
  const isOwn = ({ name, owner }: NodeStatus) => owner === ownerOf(stack) || hosts.some((host) => host.name === name);
  return { ...observation, nodes: { nodes: nodes.nodes.filter(isOwn) } };
}

function judgeNodes(hosts: readonly Host[], observation: Observation, stack: string): Problem[] {
  if ("error" in observation.nodes)
    return [{ host: undefined, message: `the Nodes cannot be listed: ${observation.nodes.error}` }];
  const { nodes } = observation.nodes;
  const expected = hosts.filter(isNode).map(({ name }) => name);
  const judged = nodes.filter((node) => expected.includes(node.name) || isOfAnotherStack(node, hosts, stack));
  const strange = nodes.filter((node) => !judged.includes(node));
  return [
    ...judged.flatMap((node): Problem[] => [
      ...judgeNode(node, observation),
      ...judgeContent(
        node,
        hosts.find(({ name }) => name === node.name),
        stack,
      ),
    ]),
    ...strange.map(({ name, address = "" }) => ({
      host: undefined,
      message: `Node ${name}${address === "" ? "" : ` (${address})`} is not in the inventory: add its host, or delete the Node`,
    })),
    ...expected
      .filter((name) => !nodes.some((node) => node.name === name))
      .map((host) => ({ host, message: "is not a Node of the cluster: run up" })),
  ];
}

function judgeAddons(hosts: readonly Host[], { addons }: Observation): Problem[] {
  const problem = (message: string): Problem[] => [{ host: undefined, message }];
  if (addons === undefined) return [];
  if ("error" in addons) return problem(`the add-ons cannot be looked at: ${addons.error}`);
  return [...addonReplicas(hosts)].flatMap(([name, declared]) => {
    const addon = addons.addons.find((one) => one.name === name);
    if (addon === undefined) return problem(`the add-on ${name} is not in the cluster: run up --heal`);
    const { wanted, ready, complaint } = addon;
    const why = complaint === undefined ? "" : `: ${complaint}`;
    return [
      ...(wanted === declared
        ? []
        : problem(`the add-on ${name} is scaled to ${wanted}, declared is ${declared}: run up --heal`)),
      ...(ready >= wanted ? [] : problem(`${ready} of ${wanted} replicas of the add-on ${name} are ready${why}`)),
    ];
  });
}

/** What members know of the targets of backups. */
export function backupsOf(backup: BackupSettings, { readings }: Pick<Observation, "readings">): TargetState[] {
  const records = [...readings].map(
    ([host, reading]) => [host, "probe" in reading ? reading.probe.backups : []] as const,
  );
  return targetStates(backup, new Map(records));
}

/** The last restore drill, as most of those members tell it that answer. */
export function lastDrill(hosts: readonly Host[], { readings, at }: Pick<Observation, "readings" | "at">): KnownDrill {
  const told = withRole(hosts, "etcd").flatMap(({ name }) => {
    const reading = readings.get(name);
    return reading !== undefined && "probe" in reading ? [reading.probe.drill] : [];
  });
  return drillOf(told, at / 1000);
}

/** Targets of backups and drills that an operator should look at. */
export function backupProblems(
  backup: BackupSettings,
  hosts: readonly Host[],
  observation: Observation,
  stack: string,
): Problem[] {
  const now = observation.at / 1000;
  const command = `./plinth backup now${stackOption(stack)}`;
  const drill = judgeDrill(lastDrill(hosts, observation), backup, now, `./plinth drill restore${stackOption(stack)}`);
  return [
    ...judgeBackups(backup, backupsOf(backup, observation), now, command),
    ...drill.map((message) => ({ host: undefined, message })),
  ];
}

/**
 * Everything that is not as it should be. Empty means healthy. A Node that is cordoned or about to leave is as somebody
 * wants it, and no problem.
 *
 * @param stack whose hosts these are.
 * @param check how old a test of the network may be.
 */
export function judge(
  hosts: readonly Host[],
  vips: readonly string[],
  observation: Observation,
  stack: string,
  check: Pick<NetworkCheckSettings, "maxAgeHours"> = {},
): Problem[] {
  const problems: Problem[] = [];
  for (const [host, reading] of observation.readings) {
    if ("error" in reading) problems.push({ host, message: reading.error });
    else
      problems.push(
        ...judgeFailover(host, reading.probe, observation.at),
        ...judgeBundles(host, reading.probe),
        ...reading.probe.goneRules.map((rules) => ({ host, message: describeGoneRules(rules) })),
      );
  }
  problems.push(
    ...judgeCertificates(observation),
    ...judgeEtcd(hosts, observation, stack),
    ...judgeVips(vips, observation),
    ...judgeNodes(hosts, observation, stack),
    ...judgeAddons(hosts, observation),
  );
  for (const [host, { ready, message }] of observation.apiservers) {
    if (!ready) problems.push({ host, message: `the API server is not ready: ${message}` });
  }
  for (const { lease, holder, age, message } of observation.leaders) {
    if (holder === undefined)
      problems.push({ host: undefined, message: `${lease} has no leader: ${message ?? "unknown"}` });
    else if (age !== undefined && age > LEASE_SECONDS) {
      problems.push({ host: holder, message: `${lease} has not renewed its lease for ${Math.round(age)} s` });
    }
  }
  const command = `./plinth check network${stackOption(stack)}`;
  // An API that does not answer has been told of.
  if (observation.network !== undefined && !("error" in observation.nodes))
    problems.push(...judgeRecord(observation.network, check, command));
  return problems;
}
