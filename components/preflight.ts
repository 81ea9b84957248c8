import * as pulumi from "@pulumi/pulumi";
import { backupRule, setBefore, unstoredFindings, type ComingChange } from "../plan/backup/before.ts";
import type { Outcome } from "../plan/backup/outcome.ts";
import { abandonedHosts, abandonedWarning } from "../plan/abandoned.ts";
import { formerBundles } from "../plan/formerbundles.ts";
import { planCluster } from "../plan/bundles/index.ts";
import type { ClusterConfig } from "../plan/config.ts";
import {
  locateArtifact,
  missingArtifacts,
  refusedArtifacts,
  type Digests,
  type LockedDigests,
} from "../plan/digests.ts";
import type { HostReading } from "../plan/facts.ts";
import { factsWords } from "../plan/factswords.ts";
import { PlinthError, describeFinding, type Finding } from "../plan/findings.ts";
import {
  alongFinding,
  applyOverrides,
  emptyGroupFindings,
  fromSnapshotOf,
  guardHosts,
  guardMembership,
  guardReplacements,
  incarnationOf,
  lastWorkerFindings,
  mtuFindings,
  startsAnew,
} from "../plan/guards.ts";
import type { Host } from "../plan/inventory.ts";
import { pluginReachFindings } from "../plan/reach.ts";
import { leaveOut, leftOutWarning } from "../plan/leftout.ts";
import { liveCluster, type RankedHost } from "../plan/livecluster.ts";
import { leavingHosts, usableRosterHosts } from "../plan/membership.ts";
import { membershipChange, unregisteredWarning } from "../plan/membershipchange.ts";
import { podNetworkFindings, podNetworkWarning } from "../plan/networksizes.ts";
import type { KubeNode } from "../plan/nodes.ts";
import type { PreviousHost, Tombstone } from "../plan/outputs.ts";
import { parsePreviousRun, type PreviousRun } from "../plan/previousrun.ts";
import type { RawConfig } from "../plan/rawconfig.ts";
import type { Recording } from "../plan/record.ts";
import { rejoiningHosts, rejoiningWarning } from "../plan/rejoining.ts";
import { roleFindingsOnHosts } from "../plan/roles/findings.ts";
import { formerRoles } from "../plan/roles/former.ts";
import { roleTurns } from "../plan/roles/turns.ts";
import type { RoleShape } from "../plan/roles/shape.ts";
import type { RunRequests } from "../plan/requests.ts";
import { expiryWarnings, kubeconfigsIn } from "../plan/expiry.ts";
import { hostScript, scriptDownload } from "../plan/scripts.ts";
import type { AgentView } from "../plan/sshagent.ts";

import { restoreFindings } from "../plan/restore/guards.ts";
import { configFor } from "../plan/settings/layers.ts";
import { linkMtuOf } from "../plan/surroundings.ts";
import { standsStill, standstillWarning } from "../plan/standstill.ts";
import type { CheckedInput } from "../plan/stackinput.ts";
import { apiInstances, formerBalancers, instanceOf, ownWays } from "../plan/ways.ts";
import type { Ways } from "../plan/wayshape.ts";
import { resolveDigests, type DigestReader } from "./artifacts.ts";
import { isOwnMachine } from "./ownaddress.ts";
import type { FleetInput } from "./fleet.ts";
import { chosenFrom, resolveAccess, type HostAccess } from "./host/access.ts";
import { pluginAgentFindings, wantedKey } from "./host/agent.ts";
import { lockFindings, type TakeLock } from "./host/lock.ts";
import type { HostReader } from "./host/reader.ts";
import type { WorkloadReader } from "./host/workloads.ts";
import { readOperatorFiles } from "./operatorfiles.ts";
import { checkRegistryFiles } from "./registries.ts";

/** What a run is given. Readers are passed in, so that tests give their own. */
export interface ProgramArgs {
  /** Name of the Pulumi stack. */
  stack: string;
  /** Raw values of the `plinth:` configuration, secrets in clear. */
  config: RawConfig;
  /** The default export of `hosts/<stack>.ts`, unchecked. */
  inventory: unknown;
  /** The roles of the project. Default: none. */
  roles?: readonly RoleShape[];
  readHosts: HostReader;
  /** Looks at what runs in a cluster, where protections of its API are new. Default: nobody looks. */
  readWorkloads?: WorkloadReader;
  readDigests: DigestReader;
  /** What the lock file has, against which the digests of a mirror are held; undefined: they are not. */
  lockedDigests: LockedDigests | undefined;
  /** The outputs that the run before has left, secrets in clear, unchecked; none when there was none. */
  readPrevious: () => Promise<Readonly<Record<string, unknown>>>;
  /** What the operator asks of this run. */
  requests: RunRequests;
  /** When what cannot be made again is saved. Default: with everything else. */
  recording?: Recording;
  /** The SSH agent that the command plugin logs in by, where it is a process of its own. Default: it logs in as this one does. */
  pluginAgent?: () => Promise<AgentView>;
  /** Whether the command plugin is a process of its own, which knows of the ways to hosts what connections say. Default: no. */
  foreignPlugin?: boolean;
  /** Keeps other runs off the cluster until this one is over; asked only by runs that change something. */
  lock: TakeLock;
  /** Has a member make a set of data, for runs that change who belongs to the cluster, or its versions. Default: none is made. */
  backUp?: (hosts: readonly Host[], config: ClusterConfig, reason: string) => Promise<Outcome>;
}

/** What a kind of stack brings into the checks that all kinds have in common. */
export interface StackKind {
  /** Inventory and configuration, checked as far as that goes without any host. */
  input: CheckedInput;
  /** The id that hosts are claimed with. Asked once, and only when nothing is wrong with the input: it may be a resource. */
  clusterId: () => pulumi.Output<string>;
  /** Control-plane hosts of another stack, by which this one's Nodes join and leave. Default: those of the inventory. */
  controlPlane?: readonly Host[];
  /** What only this kind of stack is refused for. */
  guards: (seen: Seen) => Finding[];
  /** Of another stack's cluster, see plan/outputs.ts. Default: the stack's own, which this run may raise. */
  incarnation?: number;
  /** Likewise. */
  fromSnapshot?: readonly number[];
}

/** What guards are told of the hosts and of the last run. */
export interface Seen {
  config: ClusterConfig;
  hosts: readonly Host[];
  /** Of the inventory, of `controlPlane`, and of hosts that leave. */
  readings: ReadonlyMap<string, HostReading>;
  previous: PreviousRun | undefined;
  /** The Nodes of the cluster; undefined when no API server tells. */
  nodes: readonly KubeNode[] | undefined;
  /** Undefined for a pool. */
  ways: Ways | undefined;
}

/** What is known of a run in which nothing is wrong: all that resources are declared from. */
export interface Preflight extends FleetInput {
  hosts: readonly Host[];
  clusterId: pulumi.Output<string>;
  /** Hosts that leave, are alive and may hold something that another has to take over. */
  handingOver: HostAccess;
  /** Hosts that were declared lost, in this run or before. */
  tombstones: Record<string, Tombstone>;
  /** Hosts that a killed run has claimed and that the inventory has no more. */
  abandoned: Record<string, PreviousHost>;
  /** Which clusters of this stack began with a snapshot, see plan/outputs.ts. */
  fromSnapshot: readonly number[];
  /** The ways to the API. Undefined for a pool, which goes by its cluster's. */
  ways: Ways | undefined;
}

/**
 * Checks everything that can be checked, and reads every host once. Declares nothing but the cluster's id, takes the
 * cluster's lock where the run changes something, and warns of what is set aside or left as it is.
 *
 * @throws PlinthError with all findings, before any host is touched.
 */
export async function preflight(args: ProgramArgs, kind: StackKind): Promise<Preflight> {
  const { hosts, config } = kind.input;
  const findings = [...kind.input.findings];
  if (config === undefined) throw new PlinthError(findings);
  // A claim is judged only with the id, and the cluster is locked only by a run that may come to change it.
  const clusterId = findings.length === 0 ? kind.clusterId() : undefined;
  const controlPlane = kind.controlPlane ?? hosts;
  const reached = kind.controlPlane === undefined ? hosts : [...kind.controlPlane, ...hosts];
  const foreignPlugin = args.foreignPlugin ?? false;
  const [
    { access: all, key, demands, findings: accessFindings },
    artifacts,
    registryFindings,
    operatorFiles,
    knownId,
    outputs,
  ] = await Promise.all([
    resolveAccess(reached, config, foreignPlugin),
    resolveDigests(config.artifactsUrl, args.readDigests),
    checkRegistryFiles(config.registries),
    readOperatorFiles(config),
    clusterId === undefined ? undefined : knownValue(clusterId),
    args.readPrevious(),
  ]);
  // Without a cluster there is none that runs of different places could meet on: the engine's lock of the stack is the one there is.
  if (clusterId !== undefined && !pulumi.runtime.isDryRun() && config.machinesOnly !== true)
    findings.push(...(await lockFindings(args.lock(all, controlPlane))));
  const asked = new Map(hosts.map((host) => [host.name, factsWords(host, configFor(host, config))]));
  const readings = await args.readHosts(all, asked);
  if (foreignPlugin) findings.push(...(await unlessPreview(pluginReachFindings(demands))));
  if (args.pluginAgent !== undefined) {
    const chosen = key && wantedKey(key, config.sshPrivateKeyFile);
    findings.push(...(await unlessPreview(pluginAgentFindings(await args.pluginAgent(), chosen, all))));
  }
  const { previous, findings: previousFindings } = parsePreviousRun(args.stack, outputs);
  findings.push(...accessFindings, ...artifacts.findings, ...registryFindings, ...operatorFiles.findings);
  findings.push(...previousFindings);
  if (artifacts.findings.length === 0 && findings.length === 0)
    findings.push(...artifactFindings(args, artifacts.digests, hosts, config));

  // The members of etcd are none of a pool's business, and of the Nodes only its own.
  const liveIn = (seen: typeof readings, former: readonly RankedHost[]) => ({
    ...liveCluster(seen, [...reached, ...former]),
    ...(kind.controlPlane === undefined ? {} : { members: undefined }),
  });
  const leaving = leavingHosts(hosts, previous?.hosts, liveIn(readings, []), args.stack);
  const former = leaving.filter(({ recorded }) => recorded);
  const { access: formerAccess } = await resolveAccess(former, config, foreignPlugin);
  const everybody = former.length === 0 ? readings : new Map([...readings, ...(await args.readHosts(formerAccess))]);
  const live = liveIn(everybody, former);
  const now = Date.now();
  const rejoiningAs = (seen: typeof readings) => rejoiningHosts(hosts, seen, previous, now);
  const changeSeen = (seen: typeof readings) =>
    membershipChange({
      ...{ hosts, leaving, controlPlane, readings: seen, live, previous, requests: args.requests },
      rejoining: rejoiningAs(seen),
    });
  const first = changeSeen(everybody);

  const own = new Map(hosts.flatMap(({ name }) => entryOf(readings, name)));
  const instances = apiInstances(readings);
  const ways = ownWays(kind.controlPlane, hosts, config, previous, instances);
  const judged = new Map([...own].filter(([name]) => !first.leftOut.has(name)));
  const { bootstrapped } = first;
  const situation = {
    ...{ hosts, leaving, readings: everybody, live, bootstrapped, requests: first.requests },
    tombstones: previous?.lost ?? {},
  };
  const linkMtu = linkMtuOf(controlPlane, readings, config);
  const nodes = { hosts, leaving, live: live.nodes };
  const identity =
    clusterId === undefined
      ? undefined
      : { clusterId: knownId, named: { cluster: config.clusterName, stack: args.stack } };
  const saidByHosts = [
    ...guardHosts(hosts, config, judged, identity),
    ...mtuFindings(hosts, config, judged, linkMtu),
    ...(kind.input.findings.length === 0 ? roleFindingsOnHosts(hosts, config, judged, linkMtu) : []),
    ...guardReplacements(situation),
  ];
  findings.push(
    ...saidByHosts,
    ...restoreFindings(reached, everybody),
    ...emptyGroupFindings(hosts, config),
    ...guardMembership(situation),
    ...lastWorkerFindings({ hosts, leaving, live, previous }),
    ...podNetworkFindings(config, nodes),
    ...kind.guards({ config, hosts, readings: everybody, previous, nodes: live.nodes, ways }),
  );
  const { remaining, setAside } = applyOverrides(findings, [...config.overrides, ...args.requests.overrides]);
  const { refused, leftOut } = leaveOut(remaining, saidByHosts, {
    ...{ hosts, previous, bootstrapped, maxUnavailable: config.maxUnavailable },
  });
  if (refused.length > 0 || clusterId === undefined) {
    // Whoever has to run again anyway is told of hosts that are left out, too, although they alone would not stop the run.
    const silent = hosts.filter(({ name }) => first.leftOut.has(name));
    throw new PlinthError([...remaining, ...guardHosts(silent, config, own, undefined)]);
  }
  const judgedSo = new Map([...everybody, ...leftOut]);
  const { tombstones, rosterGeneration, heal, ...change } = leftOut.size === 0 ? first : changeSeen(judgedSo);
  const ownIncarnation = incarnationOf(previous, setAside);
  if (startsAnew(previous, ownIncarnation) && (args.recording ?? "along") === "along" && !pulumi.runtime.isDryRun())
    throw new PlinthError([alongFinding()]);
  await setFirst(args, {
    ...{ hosts, leaving, config, previous, bootstrapped, requests: first.requests },
    answering: new Set([...everybody].flatMap(([name, reading]) => ("facts" in reading ? [name] : []))),
  });
  for (const finding of setAside)
    await pulumi.log.warn(`set aside by override:${finding.rule}: ${describeFinding(finding)}`);
  const abandoned = abandonedHosts({
    previous: previous?.hosts ?? {},
    inventory: new Set(hosts.map(({ name }) => name)),
    lost: tombstones,
    readings: everybody,
    owner: { stack: args.stack, clusterId: knownId },
  });
  for (const name of Object.keys(abandoned)) await pulumi.log.warn(abandonedWarning(name));
  for (const name of change.unregistered) await pulumi.log.warn(unregisteredWarning(name));
  for (const [name, failure] of change.leftOut) await pulumi.log.warn(leftOutWarning(name, failure));
  const rejoining = rejoiningAs(judgedSo);
  for (const name of rejoining) await pulumi.log.warn(rejoiningWarning(name));
  const standstill = bootstrapped && standsStill(hosts, judgedSo, live, now);
  if (standstill) await pulumi.log.warn(standstillWarning);
  for (const warning of expiryWarnings({ hosts, readings, rejoining, kubeconfigs: kubeconfigsIn(outputs), at: now }))
    await pulumi.log.warn(warning);
  const fillsUp = podNetworkWarning(config, nodes);
  if (fillsUp !== undefined) await pulumi.log.warn(fillsUp);

  return {
    config: {
      ...config,
      ...formerRoles(hosts, config, readings),
      ...roleTurns(hosts, config, readings, linkMtu),
      ...formerBundles(hosts, config, readings),
      ...(ways === undefined ? {} : { ways, apiInstance: instanceOf(config, instances) }),
    },
    hosts,
    stack: args.stack,
    clusterId,
    access: chosenFrom(
      all,
      hosts.map(({ name }) => name),
    ),
    readings: new Map([...own, ...leftOut]),
    locate: (item, arch) => locateArtifact(artifacts.digests, config.artifactsUrl, item, arch),
    texts: operatorFiles.texts,
    linkMtu,
    bootstrapped,
    unreachable: new Set(change.leftOut.keys()),
    formerBalancers: formerBalancers(hosts, config, readings),
    ways,
    usableRosterHosts: chosenFrom(all, usableRosterHosts(controlPlane, everybody)),
    handingOver: chosenFrom(formerAccess, change.handingOver),
    previous,
    tombstones,
    abandoned,
    rosterGeneration,
    rejoining,
    standstill,
    incarnation: kind.incarnation ?? ownIncarnation,
    fromSnapshot: kind.fromSnapshot ?? fromSnapshotOf(previous, setAside, hosts, readings),
    heal,
  };
}

/**
 * Has a set of data made before anything is changed, where a run may cost some.
 *
 * @throws PlinthError when no target takes it, unless that is set aside or somebody dead is replaced.
 */
async function setFirst(args: ProgramArgs, coming: ComingChange & { config: ClusterConfig }): Promise<void> {
  const before = setBefore(coming);
  if (before === undefined || args.backUp === undefined || pulumi.runtime.isDryRun()) return;
  // A run that saves first is followed by the one that changes something.
  if (args.recording === "now") return;
  const outcome = await args.backUp(coming.hosts, coming.config, before.reason);
  for (const problem of outcome.problems) await pulumi.log.warn(`a set of data ${before.reason}: ${problem}`);
  const findings = unstoredFindings(before, outcome);
  const { remaining } = applyOverrides(
    findings,
    [...coming.config.overrides, ...args.requests.overrides].filter((name) => name === backupRule),
  );
  if (remaining.length > 0 && !before.mayFail) throw new PlinthError(remaining);
}

/** A preview changes no host: what would keep it from that is only said. */
async function unlessPreview(findings: readonly Finding[]): Promise<readonly Finding[]> {
  if (!pulumi.runtime.isDryRun()) return findings;
  for (const finding of findings) await pulumi.log.warn(describeFinding(finding));
  return [];
}

function entryOf<T>(map: ReadonlyMap<string, T>, name: string): [string, T][] {
  const value = map.get(name);
  return value === undefined ? [] : [[name, value]];
}

/** What the artifact server lacks, and what of a mirror is not what the lock file says. */
function artifactFindings(
  { lockedDigests }: ProgramArgs,
  digests: Digests,
  hosts: readonly Host[],
  config: ClusterConfig,
): Finding[] {
  const { artifactsUrl } = config;
  const needed = neededArtifacts(hosts, config);
  const held = lockedDigests !== undefined && !isOwnMachine(artifactsUrl);
  return [
    ...missingArtifacts(digests, artifactsUrl, needed),
    ...(held ? refusedArtifacts(digests, artifactsUrl, needed, lockedDigests) : []),
  ];
}

/** What hosts will fetch. */
function neededArtifacts(hosts: readonly Host[], config: ClusterConfig): Parameters<typeof missingArtifacts>[2] {
  const claims = hosts.map(({ arch }) => ({ item: scriptDownload(hostScript()), arch }));
  const bundles = planCluster(hosts, config).flatMap(({ host, bundle }) =>
    [...bundle.binaries, ...(bundle.downloads ?? [])].map((item) => ({ item, arch: host.arch })),
  );
  return [...claims, ...bundles];
}

/**
 * The value of an output now, or undefined when it is not known yet (a preview before the resource exists).
 *
 * Waiting for an output while resources are being declared is unusual: the claim of a host can only be judged with the
 * id that this stack already has, and it must be judged before anything else is declared.
 */
async function knownValue<T>(output: pulumi.Output<T>): Promise<T | undefined> {
  const internal = output as pulumi.Output<T> & { isKnown: Promise<boolean>; promise(): Promise<T> };
  const [isKnown, value] = await Promise.all([internal.isKnown, internal.promise()]);
  return isKnown ? value : undefined;
}
