import { statusDocument as documentOf } from "../../cli/status/document.ts";
import { judge } from "../../cli/status/judge.ts";
import type { HostProbe, NodeStatus, Observation, ProbeReading } from "../../cli/status/types.ts";
import { addonReplicas } from "../../plan/addons/deployments.ts";
import { parseStatus, type StatusDocument } from "../../plan/dashboard/document.ts";
import { isNode, withRole, type Host } from "../../plan/inventory.ts";
import { declareNode } from "../../plan/roster.ts";
import type { PlannedItem, RunEvent } from "../../plan/runs/event.ts";
import { hostsOf, memberStatus, type RankedInput } from "./cluster.ts";

/** When the simulated hosts are looked at. Milliseconds since the epoch. */
export const lookedAt = Date.parse("2026-06-01T12:00:00Z");
const DAY = 86_400_000;
const vip = "10.0.0.10";

/** Three control-plane hosts, each in a zone of its own, and workers in racks of 20. */
export function fleet(count: number): Host[] {
  return hostsOf(
    Array.from({ length: count }, (_none, index): RankedInput => {
      const place = { region: "north", zone: `z${(index % 3) + 1}`, rack: `r${Math.floor(index / 60) + 1}` };
      const address = `10.0.${1 + Math.floor(index / 200)}.${1 + (index % 200)}`;
      return index < 3
        ? { name: `cp${index + 1}`, address, roles: ["etcd", "control-plane", "load-balancer"], ...place }
        : { name: `w${index - 2}`, address, roles: ["worker"], ...place };
    }),
  );
}

function certificatesOf({ name, roles }: Host, index: number, now: number): HostProbe["certificates"] {
  const of = (path: string, days: number, isAuthority = false) => ({
    ...{ path, subject: isAuthority ? "CN=kubernetes" : `CN=${name}`, isAuthority },
    notBefore: new Date(now - 100 * DAY).toISOString(),
    notAfter: new Date(now + days * DAY).toISOString(),
  });
  const kubelet = of("/var/lib/kubelet/pki/kubelet-client-current.pem", 200 + (index % 90));
  if (!roles.includes("control-plane")) return [kubelet];
  return [kubelet, of("/etc/kubernetes/pki/apiserver.crt", 265), of("/etc/kubernetes/pki/ca.crt", 3550, true)];
}

function probeOf(host: Host, index: number, hosts: readonly Host[], now: number): HostProbe {
  const members = withRole(hosts, "etcd").map(({ name, address }, at) => ({
    ...{ id: String(at + 1), name, peerUrls: [`https://${address}:2380`], started: true, learner: false },
  }));
  const bundle = { generation: 1, state: "complete" as const, drift: [] };
  const names = host.roles.includes("control-plane")
    ? ["etcd", "apiserver", "controllers", "node"]
    : ["runtime", "node"];
  return {
    ...{ uptime: 86_400 * 3 + index, machineId: `machine-${host.name}` },
    addresses: { [host.address]: "eth0", ...(index === 0 ? { [vip]: "eth0" } : {}) },
    report: {
      claim: { cluster: "demo", clusterId: "1", host: host.name },
      script: "ok",
      bundles: names.map((name) => ({ ...bundle, bundle: name, units: { [`${name}.service`]: "active" } })),
    },
    reportError: undefined,
    etcd: host.roles.includes("etcd") ? { data: true, self: memberStatus(String(index + 1), "1"), members } : undefined,
    ...{ certificates: certificatesOf(host, index, now), goneRules: [], backups: [] },
  };
}

function nodeOf(host: Host): NodeStatus {
  const declared = declareNode(host, "demo");
  return {
    ...{ name: host.name, ready: true, complaints: [], version: "1.36.3", address: host.address, owner: "demo" },
    roles: host.roles.includes("worker") ? ["worker"] : ["control-plane"],
    ...{ cordoned: false, unserved: false, ours: true, heartbeat: 4, machineId: `machine-${host.name}` },
    content: { labels: declared.labels, annotations: declared.annotations, taints: declared.taints },
  };
}

/** What `status` finds of healthy hosts. @param now milliseconds since the epoch. */
export function observationOf(hosts: readonly Host[], now = lookedAt): Observation {
  const readings = hosts.map((host, index): [string, ProbeReading] => [
    host.name,
    { probe: probeOf(host, index, hosts, now) },
  ]);
  return {
    ...{ at: now, readings: new Map(readings), nodes: { nodes: hosts.filter(isNode).map(nodeOf) } },
    apiservers: new Map(withRole(hosts, "control-plane").map(({ name }) => [name, { ready: true, message: "ok" }])),
    leaders: ["kube-controller-manager", "kube-scheduler"].map((lease) => ({
      ...{ lease, holder: "cp2", age: 1, message: undefined },
    })),
    addons: {
      addons: [...addonReplicas(hosts)].map(([name, wanted]) => ({
        name,
        wanted,
        ready: wanted,
        complaint: undefined,
      })),
    },
    network: { record: undefined },
    kubeconfigs: [
      {
        owner: "the administrator",
        certificate: {
          ...{ subject: "CN=admin", isAuthority: false, notBefore: new Date(now - DAY).toISOString() },
          notAfter: new Date(now + 364 * DAY).toISOString(),
        },
      },
    ],
    backups: [
      { target: "minio", kind: "data", newest: { id: "x", at: now / 1000 - 600, sha256: undefined }, failures: [] },
    ],
  };
}

/** The text that `status --json` prints of this. */
export function statusText(hosts: readonly Host[], observation: Observation): string {
  const problems = judge(hosts, [vip], observation, "demo");
  return JSON.stringify(documentOf(observation, problems, [], { stack: "demo", hosts, vips: [vip] }));
}

/** The same as the page reads it. */
export function seenStatus(hosts: readonly Host[], observation = observationOf(hosts)): StatusDocument {
  const document = parseStatus(statusText(hosts, observation));
  if (document === undefined) throw new Error("the page cannot read what status prints");
  return document;
}

/** What is seen when the machine of a host is without power. */
export function withoutPower(hosts: readonly Host[], name: string, now = lookedAt): Observation {
  const seen = observationOf(hosts, now);
  seen.readings.set(name, { error: "cannot be reached: no route to host" });
  seen.apiservers = new Map([...seen.apiservers, [name, { ready: false, message: "connect EHOSTUNREACH" }]]);
  if ("nodes" in seen.nodes) {
    seen.nodes.nodes = seen.nodes.nodes.map((node) =>
      node.name === name
        ? { ...node, ready: undefined, complaints: ["NodeStatusUnknown: Kubelet stopped posting node status."] }
        : node,
    );
  }
  return seen;
}

const begun = lookedAt - 90_000;

/** The plan of a roll over control-plane hosts, each in two waves, and all workers in the last one. */
export function rollPlan(hosts: readonly Host[]): PlannedItem[][] {
  const change = (what: string, host: string): PlannedItem => ({
    ...{ op: "update", what, host, effects: [`restarts ${what}.service`] },
  });
  const members = withRole(hosts, "etcd").flatMap(({ name }) => [[change("etcd", name)], [change("apiserver", name)]]);
  return [...members, withRole(hosts, "worker").map(({ name }) => change("kubelet", name))];
}

/**
 * The events of such a roll while the second control-plane host is under way.
 *
 * @param self process that the run is said to be.
 */
export function rollEvents(hosts: readonly Host[], self: { pid: number; startTicks: string }, at = begun): RunEvent[] {
  const [first, second, third] = withRole(hosts, "etcd").map(({ name }) => name);
  if (first === undefined || second === undefined || third === undefined) throw new Error("three members are needed");
  const step = (id: number, what: string, host: string) => ({ id, op: "update", what, host });
  const names = hosts.map(({ name }) => name);
  return [
    { type: "begin", at, run: "20260601T115830000Z-7-up", stack: "demo", command: "up", hosts: names, process: self },
    { type: "operation", at: at + 1000, kind: "preview" },
    { type: "plan", at: at + 5000, waves: rollPlan(hosts) },
    { type: "operation", at: at + 9000, kind: "up" },
    { type: "step-begin", at: at + 10_000, ...step(1, "etcd", first), wave: 1 },
    { type: "step-end", at: at + 28_000, ...step(1, "etcd", first), duration: 18_000, failed: false },
    { type: "step-begin", at: at + 28_000, ...step(2, "apiserver", first), wave: 2 },
    { type: "step-end", at: at + 55_000, ...step(2, "apiserver", first), duration: 27_000, failed: false },
    { type: "step-begin", at: at + 55_000, ...step(3, "etcd", second), wave: 3 },
    {
      ...{ type: "waiting", at: at + 56_000, done: 40, total: 90, count: 5 },
      things: [
        { what: "apiserver", host: second, for: [{ what: "etcd", host: second }], more: 0 },
        { what: "etcd", host: third, for: [{ what: "apiserver", host: second }], more: 1 },
      ],
    },
    { type: "warning", at: at + 57_000, message: "the clock of w1 is 0.4 s off" },
  ];
}
