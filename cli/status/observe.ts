import { statusScript } from "../../components/host/script.ts";
import type { KubeconfigCertificate } from "../../plan/expiry.ts";
import { addonReplicas } from "../../plan/addons/deployments.ts";
import { withRole } from "../../plan/inventory.ts";
import type { FoundTest } from "../../plan/loadtest/claim.ts";
import { ports } from "../../plan/ports.ts";
import type { StackInput } from "../project/inventory.ts";
import type { ClusterApi, Readiness } from "../cluster/api.ts";
import { askHosts, readAnswer } from "../cluster/ask.ts";
import { parseProbe } from "./probe.ts";
import type { AddonsReading, LeaderStatus, NodesReading, Observation, ProbeReading } from "./types.ts";

const LEASES = ["kube-controller-manager", "kube-scheduler"];
/** Seconds for a whole look at a host. */
const PROBE_SECONDS = 30;

const NO_KUBECONFIG = "the stack has no kubeconfig yet";

/** Looks at every host. */
async function readHosts(input: StackInput): Promise<[string, ProbeReading][]> {
  const answers = await askHosts(input, statusScript(), PROBE_SECONDS);
  return [...answers].map(([name, answer]) => [name, readAnswer(answer, (text) => ({ probe: parseProbe(text) }))]);
}

function readApiservers({ hosts }: StackInput, api: ClusterApi | undefined): Promise<[string, Readiness][]> {
  return Promise.all(
    withRole(hosts, "control-plane").map(async ({ name, address }): Promise<[string, Readiness]> => [
      name,
      (await api?.readiness(`https://${address}:${ports.apiserver}`)) ?? { ready: false, message: NO_KUBECONFIG },
    ]),
  );
}

async function readLeader(lease: string, api: ClusterApi | undefined): Promise<LeaderStatus> {
  const unknown = { lease, holder: undefined, age: undefined };
  const reading = (await api?.lease(lease)) ?? { error: NO_KUBECONFIG };
  if ("error" in reading) return { ...unknown, message: reading.error };
  if (reading.value === undefined) return { ...unknown, message: "nobody has led yet" };
  const { holder, renewed } = reading.value;
  if (holder === "") return { ...unknown, message: "nobody leads" };
  return {
    lease,
    // The identity is the host's name, an underscore, and a random part.
    holder: holder.replace(/_.*$/, ""),
    age: renewed === undefined ? undefined : (Date.now() - renewed) / 1000,
    message: undefined,
  };
}

/** All Nodes and their heartbeats. */
async function readNodes(api: ClusterApi | undefined): Promise<NodesReading> {
  if (api === undefined) return { error: NO_KUBECONFIG };
  const [nodes, heartbeats] = await Promise.all([api.nodes(), api.heartbeats()]);
  if ("error" in nodes) return nodes;
  if ("error" in heartbeats) return heartbeats;
  const at = Date.now();
  const renewed = new Map(heartbeats.value.map((lease) => [lease.name, lease.renewed]));
  return {
    nodes: nodes.value.map((node) => {
      const last = renewed.get(node.name);
      return { ...node, heartbeat: last === undefined ? undefined : Math.max(0, (at - last) / 1000) };
    }),
  };
}

/** What the cluster runs for itself. */
async function readAddons({ hosts }: StackInput, api: ClusterApi | undefined): Promise<AddonsReading | undefined> {
  if (withRole(hosts, "control-plane").length === 0) return undefined;
  const reading = (await api?.deployments()) ?? { error: NO_KUBECONFIG };
  if ("error" in reading) return reading;
  const own = addonReplicas(hosts);
  return { addons: reading.value.filter(({ name }) => own.has(name)) };
}

/** That load tests cannot be listed is no news where nothing can. */
async function readLoadTests(api: ClusterApi | undefined): Promise<FoundTest[] | undefined> {
  const reading = await api?.loadTests();
  return reading !== undefined && "value" in reading ? reading.value : undefined;
}

/** API servers, leaders, Nodes, add-ons, the last test of the network and load tests, as the API tells them. */
type ClusterLook = [
  apiservers: [string, Readiness][],
  leaders: LeaderStatus[],
  nodes: NodesReading,
  addons: AddonsReading | undefined,
  network: Observation["network"],
  loadTests: FoundTest[] | undefined,
];

/**
 * Looks at every host, every API server, the leases, the Nodes and the last test of the network, all at once. Hosts that are down only cost their time
 * limit.
 *
 * @param stack whose network it is.
 * @param kubeconfigs certificates in those of the stack's outputs.
 * Of a stack of machines alone there are but the hosts.
 *
 * @param api still being found, which takes as long as looking at the hosts; undefined when the stack has none.
 */
export async function observe(
  input: StackInput,
  api: Promise<ClusterApi | undefined>,
  stack: string,
  kubeconfigs: Promise<readonly KubeconfigCertificate[]>,
): Promise<Observation> {
  const cluster = api.then(async (known): Promise<ClusterLook> => {
    if (input.planned.machinesOnly) return [[], [], { nodes: [] }, undefined, undefined, undefined];
    try {
      return await Promise.all([
        readApiservers(input, known),
        Promise.all(LEASES.map((lease) => readLeader(lease, known))),
        readNodes(known),
        readAddons(input, known),
        known?.networkRecord(stack) ?? { error: NO_KUBECONFIG },
        readLoadTests(known),
      ]);
    } finally {
      known?.close();
    }
  });
  const [readings, [apiservers, leaders, nodes, addons, network, loadTests]] = await Promise.all([
    readHosts(input),
    cluster,
  ]);
  return {
    ...{ at: Date.now(), readings: new Map(readings), apiservers: new Map(apiservers) },
    ...{ leaders, nodes, addons, network, kubeconfigs: await kubeconfigs },
    ...(loadTests === undefined ? {} : { loadTests }),
  };
}
