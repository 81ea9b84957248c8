import { bundles } from "./bringup.ts";
import type { DriftLook, DriftReading } from "./driftlook.ts";
import type { HostReport } from "./hostreport.ts";
import { isNode, withRole, type Host } from "./inventory.ts";
import { peerUrlOf } from "./livecluster.ts";
import type { EtcdMember } from "./members.ts";
import { hostScriptPath } from "./names.ts";
import type { ListedNode } from "./nodes.ts";

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
}

/** What of a Node matters here. */
export type NodeInQuestion = Pick<ListedNode, "name" | "owner" | "drained" | "cordoned" | "ours">;

export interface DriftInput {
  hosts: readonly Host[];
  /** Names of the bundles that a host is to have. */
  bundlesOf: (host: Host) => string[];
  stack: string;
  /** Of the stack, as its last `up` knew them. */
  last: { clusterId: string; hosts: ReadonlySet<string> };
  /** By host name. */
  readings: ReadonlyMap<string, DriftReading>;
  nodes: { nodes: readonly NodeInQuestion[] } | { error: string };
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

function judgeNodes(
  hosts: readonly Host[],
  nodes: readonly NodeInQuestion[],
  last: ReadonlySet<string>,
  stack: string,
) {
  const judged: Judged[] = [];
  const remarks: Remark[] = [];
  const expected = hosts.filter((host) => isNode(host) && last.has(host.name)).map(({ name }) => name);
  for (const { name, ours, owner, cordoned, drained } of nodes) {
    if (!hosts.some((host) => host.name === name)) {
      // The cluster's own stack and its worker pools each look after their own.
      if (owner !== undefined && owner !== stack) continue;
      if (last.has(name))
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
      judged.push({ host: name, bundle: "node", kind: "drained-node", name, detail, heal: `${name}/node` });
    } else if (cordoned) {
      remarks.push({
        host: name,
        message: `its Node was cordoned by somebody: \`kubectl uncordon ${name}\` takes that back`,
      });
    }
  }
  for (const name of expected.filter((host) => !nodes.some((node) => node.name === host))) {
    const detail = "is no Node of the cluster; restarting its kubelet registers it anew";
    judged.push({ host: name, kind: "missing-node", name, detail, heal: "roster" });
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
function orderHeal(heal: ReadonlySet<string>, hosts: readonly Host[]): string[] {
  const order = hosts.flatMap(({ name }) =>
    ["claim", ...bundles.map(({ name: bundle }) => bundle)].map((item) => `${name}/${item}`),
  );
  // A bundle that this version of Plinth does not know is not asked for: nobody would apply it.
  return [...order, "roster"].filter((request) => heal.has(request));
}

/** Compares what hosts and cluster say with what the last `up` has left. */
export function judgeDrift({ hosts, bundlesOf, stack, last, readings, nodes }: DriftInput): DriftReport {
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
    judged.push(...judgeBundles(host, reading.look.report, bundlesOf(host)));
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
    const result = judgeNodes(hosts, nodes.nodes, last.hosts, stack);
    judged.push(...result.judged);
    remarks.push(...result.remarks);
  }
  const heal = new Set(judged.flatMap((item) => item.heal ?? []));
  return { differences: judged.map(plain), remarks, unseen, heal: orderHeal(heal, hosts) };
}
