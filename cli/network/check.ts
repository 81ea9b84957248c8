import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { servicePortAddress } from "../../plan/bundles/serviceports.ts";
import { endpointFor } from "../../plan/endpoint.ts";
import { isNode, type Host } from "../../plan/inventory.ts";
import { parseAnswers } from "../../plan/networkcheck/answers.ts";
import { judgeNetwork, type NetworkVerdict, type Untested } from "../../plan/networkcheck/judge.ts";
import { choosePairs } from "../../plan/networkcheck/pairs.ts";
import type { Probes } from "../../plan/networkcheck/pods.ts";
import { questionLine, questionsOf } from "../../plan/networkcheck/questions.ts";
import { recordOf } from "../../plan/networkcheck/record.ts";
import { ports } from "../../plan/ports.ts";
import { networkScript } from "../../plan/scripts.ts";
import { ClusterApi } from "../cluster/api.ts";
import { askHosts, readAnswer } from "../cluster/ask.ts";
import { CliError } from "../errors.ts";
import type { StackInput } from "../project/inventory.ts";
import { CheckObjects } from "./objects.ts";

/** Seconds for which probes are waited for: their image may have to be pulled. */
const probeSeconds = 90;
/** Seconds for what a host asks, were nothing to answer. */
const askSeconds = 120;

export interface NetworkCheck {
  stack: string;
  input: Pick<StackInput, "hosts" | "config">;
  /** Text of an administrator's. */
  kubeconfig: string;
  /** URL by which hosts reach the API. */
  endpoint: string | undefined;
  signal: AbortSignal;
  /** Is told what is under way. */
  say: (line: string) => void;
  /** Tests pass what hosts say. */
  ask?: typeof askHosts;
  /** Seconds for which probes are waited for. Default: {@link probeSeconds}. */
  patience?: number;
}

/** What a test has found. */
export interface NetworkReport extends NetworkVerdict {
  /** When it ended, ISO 8601, by the API server's clock. */
  at: string;
}

/** The URL by which hosts reach the API: they need no name for the VIP. */
export function hostEndpoint(
  { vip }: Pick<StackInput["config"], "vip">,
  known: { ofCluster: string | undefined; output: string | undefined },
): string | undefined {
  return known.ofCluster ?? (vip === undefined ? known.output : `https://${vip}:${ports.apiserver}`);
}

/**
 * Tests the data path: makes a probe on every Node that is ready, lets every host ask, judges, keeps the result in the cluster and cleans up,
 * also after Ctrl-C.
 *
 * @returns undefined when no Node is ready: then there is nothing to test, and nothing is kept.
 * @throws ApiError, UnreachableError, CliError when it could not be tested.
 */
export async function checkNetwork(check: NetworkCheck): Promise<NetworkReport | undefined> {
  const { stack, input, kubeconfig, signal } = check;
  const objects = new CheckObjects(kubeconfig, signal);
  const api = new ClusterApi(kubeconfig);
  try {
    const { taking, leftOut } = await participants(input.hosts, api);
    const nodes = taking.filter(isNode).map(({ name }) => name);
    if (nodes.length === 0) return undefined;
    const verdict = await tested(check, objects, api, taking, leftOut);
    const record = recordOf(verdict, objects.now());
    await objects.save(stack, record);
    return { ...verdict, at: record.at };
  } finally {
    api.close();
    objects.close();
  }
}

/** The hosts that can take part: all but those whose Node is not ready, of which `status` speaks. */
async function participants(hosts: readonly Host[], api: ClusterApi): Promise<{ taking: Host[]; leftOut: Untested[] }> {
  const reading = await api.nodes();
  if ("error" in reading) throw new CliError(`The Nodes cannot be listed: ${reading.error}.`);
  const ready = new Map(reading.value.map((node) => [node.name, node.ready === true]));
  const reasonOf = (host: Host): string | undefined => {
    if (!isNode(host) || ready.get(host.name) === true) return undefined;
    return ready.has(host.name) ? "its Node is not ready" : "it is no Node of the cluster";
  };
  return {
    taking: hosts.filter((host) => reasonOf(host) === undefined),
    leftOut: hosts.flatMap((host) => {
      const reason = reasonOf(host);
      return reason === undefined ? [] : [{ host: host.name, reason }];
    }),
  };
}

/** Where a host reaches the API: behind somebody's balancer a control-plane host goes to its own API server. */
function wayOf(host: Host, { hosts, config }: NetworkCheck["input"], endpoint: string | undefined): string | undefined {
  return host.roles.includes("control-plane") && endpoint !== undefined ? endpointFor(host, hosts, config) : endpoint;
}

async function tested(
  { stack, input, endpoint, signal, say, ask = askHosts, patience = probeSeconds }: NetworkCheck,
  objects: CheckObjects,
  api: ClusterApi,
  taking: readonly Host[],
  leftOut: readonly Untested[],
): Promise<NetworkVerdict> {
  const surroundings = await objects.surroundings();
  const swept = await objects.sweep();
  if (swept.length > 0) say(`Removing what killed tests have left: ${swept.join(", ")}.`);
  const nodes = taking.filter(isNode).map(({ name }) => name);
  const id = randomBytes(4).toString("hex");
  const { outsideName } = input.config.networkCheck;
  try {
    say(`Testing the network: probes on ${nodes.length} Node${nodes.length === 1 ? "" : "s"}.`);
    const service = await objects.make({ id, nodes, image: surroundings.image, dns: surroundings.dns });
    const { ready: probes, waiting } = await settled(objects, id, nodes, { signal, patience });
    const pairs = choosePairs(
      probes.map(({ node }) => node),
      Math.random,
    );
    const servicePorts = await forwarded(input.config, objects);
    const hosts = new Map(taking.map(({ name, address }) => [name, address]));
    const ways = new Map(taking.map((host) => [host.name, wayOf(host, input, endpoint)]));
    const questions = questionsOf({
      ...{ hosts, probes, pairs, surroundings, service, servicePorts, outsideName },
      endpoint: (host) => ways.get(host),
    });
    const uids = new Map(probes.map(({ node, uid }) => [node, uid]));
    const script = (host: string): string =>
      networkScript({
        probe: uids.get(host),
        questions: (questions.get(host) ?? []).map(questionLine),
        authority: objects.access.ca ?? "",
      });
    const server = objects.access.server;
    const [answers, readiness] = await Promise.all([
      ask({ ...input, hosts: [...taking] }, script, askSeconds),
      api.readiness(server),
    ]);
    signal.throwIfAborted();
    return judgeNetwork({
      ...{ stack, questions, waiting, waited: patience, leftOut, surroundings, outsideName },
      answers: new Map([...answers].map(([host, answer]) => [host, readAnswer(answer, parseAnswers)])),
      operator: { endpoint: server, failure: readiness.ready ? undefined : readiness.message },
    });
  } finally {
    await objects.remove(id).catch((error: unknown) => {
      // The result counts all the same, and the next test removes it.
      const reason = error instanceof Error ? error.message : String(error);
      say(`The probes of this test could not be removed: ${reason} The next test removes them.`);
    });
  }
}

/** The service ports with pods behind them: nobody answers at others, and that is right. */
async function forwarded(
  config: StackInput["config"],
  objects: CheckObjects,
): Promise<{ name: string; socket: string }[]> {
  const answering = await objects.answering(config.servicePorts.map(({ nodePort }) => nodePort));
  return config.servicePorts
    .filter(({ nodePort }) => answering.has(nodePort))
    .flatMap((port) => {
      const address = servicePortAddress(port, config);
      return address === undefined ? [] : [{ name: port.name, socket: `${address}:${port.port}` }];
    });
}

/** Waits until every Node has a probe that is ready, or for as long as that may take. */
async function settled(
  objects: CheckObjects,
  id: string,
  nodes: readonly string[],
  { signal, patience }: { signal: AbortSignal; patience: number },
): Promise<Probes> {
  const deadline = performance.now() + patience * 1000;
  for (;;) {
    const probes = await objects.probes(id);
    const ready = new Set(probes.ready.map(({ node }) => node));
    if (nodes.every((node) => ready.has(node))) return { ready: probes.ready, waiting: [] };
    if (performance.now() > deadline) return explained(objects, id, nodes, probes);
    await sleep(1000, undefined, { signal });
  }
}

/** What is known of the probes that did not come up. */
async function explained(
  objects: CheckObjects,
  id: string,
  nodes: readonly string[],
  { ready, waiting }: Probes,
): Promise<Probes> {
  const warnings = await objects.warnings(id);
  const known = new Set([...ready, ...waiting].map(({ node }) => node));
  const missing = nodes
    .filter((node) => !known.has(node))
    .map((node) => ({ name: "", node, reason: "no pod was made for it", tellsOfNetwork: false }));
  const told = waiting.map((probe) => ({ ...probe, reason: warnings.get(probe.name) ?? probe.reason }));
  return { ready, waiting: [...told, ...missing] };
}
