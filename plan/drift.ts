import { bundles } from "./bringup.ts";
import type { DeclaredNode } from "./declared.ts";
import type { DriftLook, DriftReading } from "./driftlook.ts";
import type { HostReport } from "./hostreport.ts";
import { isNode, withRole, type Host } from "./inventory.ts";
import { peerUrlOf } from "./livecluster.ts";
import { nodeBundle } from "./names.ts";
import type { EtcdMember } from "./members.ts";
import { hostScriptPath } from "./names.ts";
import { nodeDifferences } from "./nodedrift.ts";
import type { ListedNode } from "./nodes.ts";
import { judgeObject, objectName, type SeenObject } from "./objectdrift.ts";
import { ownerOf } from "./roster.ts";
import { describeGoneRules } from "./rulesets.ts";

/** Something that is not as the last `up` has left it. */
export interface Difference {
  /** Undefined: it concerns the cluster. */
  host: string | undefined;
  bundle?: string;
  kind: string;
  name: string;
  detail: string;
}

/** Something to know that is no drift, or that could not be looked at. */
export interface Remark {
  host: string | undefined;
  message: string;
}

export interface DriftReport {
  differences: Difference[];
  /** To know, and not counted. */
  remarks: Remark[];
  /** What could not be looked at. */
  unseen: Remark[];
  /** What `up --heal` asks for: `HOST/BUNDLE`, `HOST/claim`, or `roster`. */
  heal: string[];
  /** The objects in the cluster that `up --heal` reads anew into the state, so that they are made or changed again. */
  objects: ObjectToHeal[];
}

/** An object in the cluster that is to be put right. */
export interface ObjectToHeal {
  /** Of its resource. */
  urn: string;
  /** `Deployment kube-system/coredns`. */
  name: string;
}

/** What of a Node matters here. */
export type NodeInQuestion = Pick<
  ListedNode,
  "name" | "owner" | "drained" | "cordoned" | "ours" | "content" | "version" | "machineId"
>;

export interface DriftInput {
  hosts: readonly Host[];
  /** Names of the bundles that a host is to have. */
  bundlesOf: (host: Host) => string[];
  stack: string;
  /** Of the stack, as its last `up` knew them. */
  last: {
    clusterId: string;
    hosts: ReadonlySet<string>;
    /** Of kubelets; undefined where it left no word of it. */
    kubernetesVersion: string | undefined;
    /** Nodes as it has declared them. */
    nodes: readonly DeclaredNode[];
  };
  /** By host name. */
  readings: ReadonlyMap<string, DriftReading>;
  nodes: { nodes: readonly NodeInQuestion[] } | { error: string };
  /** The objects that the last `up` has declared in the cluster. */
  objects: { objects: readonly SeenObject[] } | { error: string };
}

/** What to look at, and what to ask for so that it is put right; undefined where nothing of ours can. */
interface Judged extends Difference {
  heal: string | undefined;
}

function plain({ host, bundle, kind, name, detail }: Judged): Difference {
  return { host, ...(bundle === undefined ? {} : { bundle }), kind, name, detail };
}

/** A host that is not ours (any more): nothing else about it is of interest. */
function judgeClaim(host: Host, report: HostReport, clusterId: string): { judged: Judged[]; foreign: boolean } {
  const { claim, script } = report;
  const difference = (kind: string, name: string, detail: string, heal: string | undefined): Judged => ({
    host: host.name,
    kind,
    name,
    detail,
    heal,
  });
  const request = `${host.name}/claim`;
  const judged: Judged[] = [];
  if (claim === undefined)
    judged.push(difference("claim", "claim", "is gone: the host belongs to no cluster", request));
  else if (claim.clusterId !== clusterId || claim.host !== host.name) {
    const whose = `is that of cluster ${claim.cluster} (id ${claim.clusterId}) for its host ${claim.host}; take the host out of there`;
    return { judged: [difference("claim", "claim", whose, undefined)], foreign: true };
  }
  if (script !== "ok" && (claim !== undefined || report.bundles.length > 0)) {
    const detail = script === "missing" ? "is missing" : "its content is another";
    judged.push(difference("script", hostScriptPath, detail, request));
  }
  return { judged, foreign: false };
}

function judgeBundles(host: Host, report: HostReport, wanted: readonly string[]): Judged[] {
  const present = new Set(report.bundles.map(({ bundle }) => bundle));
  const missing = wanted
    .filter((bundle) => !present.has(bundle))
    .map((bundle): Judged => ({
      host: host.name,
      bundle,
      kind: "bundle",
      name: bundle,
      detail: "is not on the host",
      heal: `${host.name}/${bundle}`,
    }));
  const found = report.bundles.flatMap(({ bundle, state, reason, drift }): Judged[] => {
    const common = { host: host.name, bundle, heal: `${host.name}/${bundle}` };
    const detail = `is ${state}${reason === undefined ? "" : `: ${reason}`}`;
    return [
      ...(state === "complete" ? [] : [{ ...common, kind: "bundle", name: bundle, detail }]),
      ...drift.map((difference) => ({ ...common, ...difference })),
    ];
  });
  return [...missing, ...found];
}

function dropInRemarks(host: Host, { report, dropIns }: DriftLook): Remark[] {
  const units = report.bundles.flatMap((bundle) => Object.keys(bundle.units));
  return dropIns
    .filter((path) => units.some((unit) => path.includes(`/${unit}.d/`)))
    .map((path) => ({
      host: host.name,
      message: `${path} changes a unit of ours and is not ours: it stays until somebody removes it`,
    }));
}

/** The service that brings rules back does so within half a minute: where it is down, that is drift of its own. */
function judgeRules(host: Host, { goneRules }: DriftLook): Judged[] {
  return goneRules.map((rules) => ({
    host: host.name,
    bundle: nodeBundle,
    kind: "rules",
    name: rules.table,
    detail: describeGoneRules(rules),
    heal: `${host.name}/${nodeBundle}`,
  }));
}

function describeMember({ id, peerUrls, learner, started }: EtcdMember): string {
  return `${learner ? "learner" : "voter"} ${id} at ${peerUrls.join(", ")}${started ? "" : ", never started"}`;
}

function judgeMembers(hosts: readonly Host[], members: readonly EtcdMember[], last: ReadonlySet<string>) {
  const declared = withRole(hosts, "etcd");
  const memberOf = ({ name, address }: Host): EtcdMember | undefined =>
    members.find(
      (member) =>
        member.peerUrls.includes(peerUrlOf({ address })) &&
        (member.name === name || (!member.started && member.name === undefined)),
    );
  const known = new Set(declared.flatMap((host) => memberOf(host)?.id ?? []));
  const judged: Judged[] = [];
  const remarks: Remark[] = [];
  for (const member of members.filter(({ id }) => !known.has(id))) {
    const name = member.name ?? member.id;
    if (last.has(name) && !hosts.some((host) => host.name === name)) {
      remarks.push({
        host: undefined,
        message: `the etcd member ${name} leaves with the next up: its host is no longer in the inventory`,
      });
      continue;
    }
    const detail = `is not declared: ${describeMember(member)}`;
    judged.push({ host: undefined, kind: "rogue-member", name, detail, heal: "roster" });
  }
  for (const host of declared.filter(({ name }) => last.has(name))) {
    const member = memberOf(host);
    const common = { host: host.name, name: host.name, heal: "roster" };
    if (member === undefined)
      judged.push({ ...common, kind: "missing-member", detail: "is no member of the etcd cluster" });
    else if (!member.started || member.learner)
      judged.push({ ...common, kind: "unfinished-member", detail: `is no voter yet: ${describeMember(member)}` });
  }
  return { judged, remarks };
}

/** A Node of ours against what the last `up` has declared about it. */
function judgeContent(node: NodeInQuestion, { nodes, kubernetesVersion }: DriftInput["last"]): Judged[] {
  const { name, content, version, machineId } = node;
  const declared = nodes.find((one) => one.name === name);
  const common = { host: name, bundle: nodeBundle, name, heal: `${name}/${nodeBundle}` };
  if (declared?.machineId !== undefined && machineId !== undefined && machineId !== declared.machineId) {
    const detail = `runs on another machine (machine id ${machineId}): stop the kubelet there, then delete the Node`;
    return [{ ...common, kind: "node-machine", detail, heal: undefined }];
  }
  const differing = declared === undefined ? [] : nodeDifferences(content, declared);
  const other = kubernetesVersion !== undefined && version !== "" && version !== kubernetesVersion;
  return [
    ...differing.map((detail) => ({ ...common, kind: "node", detail })),
    ...(other
      ? [{ ...common, kind: "node-version", detail: `its kubelet is ${version}, declared was ${kubernetesVersion}` }]
      : []),
  ];
}

function judgeNodes(
  hosts: readonly Host[],
  nodes: readonly NodeInQuestion[],
  { last, stack }: Pick<DriftInput, "last" | "stack">,
) {
  const judged: Judged[] = [];
  const remarks: Remark[] = [];
  const expected = hosts.filter((host) => isNode(host) && last.hosts.has(host.name)).map(({ name }) => name);
  for (const node of nodes) {
    const { name, ours, owner, cordoned, drained } = node;
    if (expected.includes(name)) judged.push(...judgeContent(node, last));
    if (!hosts.some((host) => host.name === name)) {
      // The cluster's own stack and its worker pools each look after their own.
      if (owner !== undefined && owner !== ownerOf(stack)) continue;
      if (last.hosts.has(name))
        remarks.push({
          host: undefined,
          message: `the Node ${name} leaves with the next up: its host is no longer in the inventory`,
        });
      else if (ours)
        judged.push({
          host: undefined,
          kind: "rogue-node",
          name,
          detail: "is a Node of ours whose host is not in the inventory",
          heal: "roster",
        });
      else remarks.push({ host: undefined, message: `the Node ${name} is not in the inventory and not ours` });
    } else if (drained !== undefined) {
      const detail = "was drained by a run that has not ended";
      judged.push({
        host: name,
        bundle: nodeBundle,
        kind: "drained-node",
        name,
        detail,
        heal: `${name}/${nodeBundle}`,
      });
    } else if (cordoned) {
      remarks.push({
        host: name,
        message: `its Node was cordoned by somebody: \`kubectl uncordon ${name}\` takes that back`,
      });
    }
  }
  for (const name of expected.filter((host) => !nodes.some((node) => node.name === host))) {
    const detail = "is no Node of the cluster";
    judged.push({ host: name, bundle: nodeBundle, kind: "missing-node", name, detail, heal: `${name}/${nodeBundle}` });
  }
  return { judged, remarks };
}

/** The member list of the first host that could give one; otherwise why there is none. */
function membersIn(hosts: readonly Host[], readings: DriftInput["readings"]): EtcdMember[] | string {
  let reason = "no host with a member could be asked";
  for (const { name } of withRole(hosts, "etcd")) {
    const reading = readings.get(name);
    if (reading === undefined || "error" in reading) continue;
    const { etcd } = reading.look;
    // A cluster without members does not answer.
    if (etcd !== undefined && etcd.members.length > 0) return etcd.members;
    reason = `${name}: ${etcd?.membersError ?? "it has no etcdctl or no certificate to ask with"}`;
  }
  return reason;
}

/** Claims first, then bundles in their order, host by host; the roster last. */
function orderHeal(heal: ReadonlySet<string>, { hosts, bundlesOf }: DriftInput): string[] {
  const own = bundles.map(({ name }) => name);
  const order = hosts.flatMap((host) =>
    [...new Set(["claim", ...own, ...bundlesOf(host)])].map((item) => `${host.name}/${item}`),
  );
  // A bundle that neither this version of Plinth nor the project knows is not asked for: nobody would apply it.
  return [...order, "roster"].filter((request) => heal.has(request));
}

/** Objects in the cluster against what the last `up` has declared. */
function judgeObjects({ objects }: DriftInput): Pick<DriftReport, "differences" | "unseen" | "objects"> {
  if ("error" in objects) {
    const message = `the objects in the cluster cannot be looked at: ${objects.error}`;
    return { differences: [], unseen: [{ host: undefined, message }], objects: [] };
  }
  const found = objects.objects.flatMap(judgeObject);
  return {
    differences: found.map(({ kind, name, detail }) => ({ host: undefined, kind, name, detail })),
    unseen: objects.objects.flatMap(({ declared, reading }) =>
      "error" in reading
        ? [{ host: undefined, message: `${objectName(declared.object)} cannot be looked at: ${reading.error}` }]
        : [],
    ),
    objects: found.map(({ urn, name }) => ({ urn, name })),
  };
}

/** Compares what hosts and cluster say with what the last `up` has left. */
export function judgeDrift(input: DriftInput): DriftReport {
  const { hosts, bundlesOf, last, readings, nodes } = input;
  const judged: Judged[] = [];
  const remarks: Remark[] = [];
  const unseen: Remark[] = [];
  for (const host of hosts) {
    const reading = readings.get(host.name);
    if (!last.hosts.has(host.name)) {
      remarks.push({ host: host.name, message: "was not there at the last up: the next one brings it in" });
      continue;
    }
    if (reading === undefined || "error" in reading) {
      unseen.push({ host: host.name, message: reading?.error ?? "it was not asked" });
      continue;
    }
    const claim = judgeClaim(host, reading.look.report, last.clusterId);
    judged.push(...claim.judged);
    if (claim.foreign) continue;
    judged.push(...judgeBundles(host, reading.look.report, bundlesOf(host)), ...judgeRules(host, reading.look));
    remarks.push(...dropInRemarks(host, reading.look));
  }
  // A worker pool has no say in who is a member.
  const members = withRole(hosts, "etcd").length === 0 ? [] : membersIn(hosts, readings);
  if (typeof members === "string") {
    unseen.push({ host: undefined, message: `the members of etcd cannot be listed: ${members}` });
  } else {
    const result = judgeMembers(hosts, members, last.hosts);
    judged.push(...result.judged);
    remarks.push(...result.remarks);
  }
  if ("error" in nodes) {
    unseen.push({ host: undefined, message: `the Nodes cannot be listed: ${nodes.error}` });
  } else {
    const result = judgeNodes(hosts, nodes.nodes, input);
    judged.push(...result.judged);
    remarks.push(...result.remarks);
  }
  const heal = new Set(judged.flatMap((item) => item.heal ?? []));
  const objects = judgeObjects(input);
  return {
    differences: [...judged.map(plain), ...objects.differences],
    remarks,
    unseen: [...unseen, ...objects.unseen],
    heal: orderHeal(heal, input),
    objects: objects.objects,
  };
}
