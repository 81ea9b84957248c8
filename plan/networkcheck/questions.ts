import { encodeQuery, type QueryType } from "./dnsmessage.ts";
import type { Pair } from "./pairs.ts";
import type { ReadyProbe } from "./pods.ts";
import { largeQuestion, probePorts, servicePort } from "./probe.ts";
import type { Surroundings } from "./surroundings.ts";

/** What a question goes through. */
export type PathKind =
  /** From a pod to a pod on another host. */
  | "pod-pod"
  /** The same with more than one packet of full size each way. */
  | "pod-pod-large"
  /** From a pod to a Service of pods. */
  | "pod-service"
  /** From a pod to the Service of the API. */
  | "pod-api"
  /** From a pod to the cluster's DNS: a name of the cluster by UDP, by TCP, and one outside. */
  | "dns"
  | "dns-tcp"
  | "dns-outside"
  /** From a host to the port of a Node. */
  | "node-port"
  /** From a host to a service port of a virtual IP. */
  | "service-port"
  /** From a host, or from the operator's machine, to the endpoint of the API. */
  | "endpoint";

/** One question that a host asks. */
export interface Question {
  /** Unique among those of its host. */
  id: string;
  path: PathKind;
  from: string;
  /** The host that it goes to; undefined where that is anybody. */
  to: string | undefined;
  /** Where it goes, for sentences: `10.244.1.7`, `192.0.2.12:31234`. */
  target: string;
  /** From inside of the probe's network, or from the host's own. */
  where: "pod" | "host";
  url: string;
  /** Bytes that are added to the question. */
  fill: number;
  /** Seconds for one answer; the question is repeated. */
  seconds: number;
  /** Whether the answer is read, as a message of DNS. */
  reads: boolean;
}

/** What all questions follow from. */
export interface QuestionInput {
  /** Hosts that can be asked: name → address. */
  hosts: ReadonlyMap<string, string>;
  probes: readonly ReadyProbe[];
  /** Between Nodes with a probe. */
  pairs: readonly Pair[];
  surroundings: Surroundings;
  /** Address of the probes' Service, and its port on Nodes. */
  service: { address: string; nodePort: number };
  /** Service ports with pods behind them: their name, and where clients reach them as `ADDRESS:PORT`. */
  servicePorts?: readonly { name: string; socket: string }[];
  /** URL of the API for a host; undefined where it is not known. */
  endpoint: (host: string) => string | undefined;
  outsideName: string | undefined;
}

const quick = 3;
/** CoreDNS gives up after 5 s. */
const patient = 8;
/** HAProxy closes a connection that no worker takes after three more tries, 0.4 s each with a second in between. */
const held = 6;

/** What every host is to ask, by its name. Hosts without a probe ask from their own network only. */
export function questionsOf(input: QuestionInput): Map<string, Question[]> {
  const { hosts, probes, pairs } = input;
  const probeOn = new Map(probes.map((probe) => [probe.node, probe]));
  // Hosts that are no Nodes are outside: each tries the port of one Node.
  const strangers = [...hosts.keys()].filter((host) => !probeOn.has(host));
  const outside = strangers.flatMap((from, index) => {
    const { node } = probes[index % Math.max(1, probes.length)] ?? {};
    return node === undefined ? [] : [{ from, to: node }];
  });
  const questions = new Map([...hosts.keys()].map((host): [string, Question[]] => [host, []]));
  const add = (from: string, question: Omit<Question, "id" | "from">): void => {
    const list = questions.get(from);
    list?.push({ id: `q${list.length + 1}`, from, ...question });
  };
  for (const { from, to } of pairs) {
    const probe = probeOn.get(to);
    if (probe === undefined) continue;
    for (const question of toPod(probe)) add(from, question);
  }
  for (const { node } of probes) for (const question of fromPod(input)) add(node, question);
  for (const { from, to } of [...pairs, ...outside]) {
    const address = hosts.get(to);
    if (address !== undefined) add(from, toNodePort(to, `${address}:${input.service.nodePort}`));
  }
  const askers = probes.length > 0 ? probes.map(({ node }) => node) : strangers;
  (input.servicePorts ?? []).forEach((port, index) => {
    // One Node is enough: every host tries the way to the virtual IP by the API's endpoint.
    const from = askers[index % askers.length];
    if (from !== undefined) add(from, toServicePort(port));
  });
  for (const host of hosts.keys()) {
    const endpoint = input.endpoint(host);
    if (endpoint !== undefined) add(host, toEndpoint(endpoint));
  }
  return questions;
}

type Asked = Omit<Question, "id" | "from">;

const plain = { to: undefined, fill: 0, seconds: quick, reads: false };

function toPod({ node, address }: ReadyProbe): Asked[] {
  const path = { ...plain, to: node, target: address, where: "pod" as const };
  return [
    { ...path, path: "pod-pod", url: `http://${address}:${probePorts.small}/health` },
    {
      ...path,
      path: "pod-pod-large",
      url: `http://${address}:${probePorts.large}/metrics`,
      fill: largeQuestion,
      seconds: patient,
    },
  ];
}

function fromPod({ surroundings, service, outsideName }: QuestionInput): Asked[] {
  const { api, dns, domain, forwards } = surroundings;
  const inPod = { ...plain, where: "pod" as const };
  const query = (port: number, name: string, type: QueryType) => ({
    ...inPod,
    target: dns,
    url: `http://127.0.0.1:${port}/dns-query?dns=${encodeQuery(name, type)}`,
    seconds: patient,
    reads: true,
  });
  const inside = apiName(domain);
  return [
    { ...inPod, path: "pod-service", target: service.address, url: `http://${service.address}:${servicePort}/health` },
    { ...inPod, path: "pod-api", target: api, url: `https://${api}:443/readyz`, seconds: patient },
    { path: "dns", ...query(probePorts.dns, inside, "A") },
    { path: "dns-tcp", ...query(probePorts.dnsByTcp, inside, "A") },
    ...(forwards
      ? [
          {
            path: "dns-outside" as const,
            ...(outsideName === undefined ? query(probePorts.dns, ".", "NS") : query(probePorts.dns, outsideName, "A")),
          },
        ]
      : []),
  ];
}

function toNodePort(to: string, target: string): Asked {
  return { ...plain, path: "node-port", to, target, where: "host", url: `http://${target}/health` };
}

function toServicePort({ name, socket }: { name: string; socket: string }): Asked {
  return {
    ...{ ...plain, path: "service-port", target: `${socket}, service port ${name}`, where: "host" },
    ...{ url: `telnet://${socket}`, seconds: held },
  };
}

function toEndpoint(endpoint: string): Asked {
  return { ...plain, path: "endpoint", target: endpoint, where: "host", url: `${endpoint}/readyz`, seconds: patient };
}

/** The name that the API has in every cluster. */
export function apiName(domain: string): string {
  return `kubernetes.default.svc.${domain}`;
}

/** A question as a line of what the script on hosts reads. */
export function questionLine({ id, where, seconds, fill, reads, url }: Question): string {
  return [id, where, seconds, fill, reads ? "reads" : "-", url].join(" ");
}
