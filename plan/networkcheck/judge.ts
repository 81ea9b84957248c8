import type { Answer, HostAnswers } from "./answers.ts";
import type { WaitingProbe } from "./pods.ts";
import { apiName, type PathKind, type Question } from "./questions.ts";
import type { Surroundings } from "./surroundings.ts";

/** A path that does not work. */
export interface NetworkFinding {
  path: PathKind | "probe";
  /** A host, or {@link operatorMachine}. */
  from: string;
  /** A host; undefined where it is not one certain host that should have answered. */
  to: string | undefined;
  /** One sentence: from where, to where, what was expected, what came, and what to do next. */
  message: string;
}

/** A host whose paths were not tested, or not all. */
export interface Untested {
  host: string;
  reason: string;
}

/** How many paths of one kind were tried, and how many of them do not work. */
export interface Tally {
  tried: number;
  failed: number;
}

export interface NetworkVerdict {
  /** Number of paths that were tried. */
  paths: number;
  /** Host that asked → kind of path → how many. */
  hosts: Record<string, Partial<Record<PathKind, Tally>>>;
  findings: NetworkFinding[];
  untested: Untested[];
}

/** What curl ends with for a protocol that it was built without. */
const unsupported = 1;

/** What findings call the machine that the test is started from. */
export const operatorMachine = "this machine";

export interface NetworkReadings {
  stack: string;
  /** By host. */
  questions: ReadonlyMap<string, readonly Question[]>;
  answers: ReadonlyMap<string, HostAnswers | { error: string }>;
  /** Probes that did not come up, on Nodes that are ready. */
  waiting: readonly WaitingProbe[];
  /** Seconds that they were waited for. */
  waited: number;
  /** Hosts that could not take part. */
  leftOut: readonly Untested[];
  surroundings: Surroundings;
  outsideName: string | undefined;
  /** Whether the operator's machine reaches the API: URL, and why not. */
  operator: { endpoint: string; failure: string | undefined };
}

/** What the answers come to. Every question is one path; so is that of the operator's machine. */
export function judgeNetwork(readings: NetworkReadings): NetworkVerdict {
  const { stack, questions, answers, waiting, waited, leftOut, operator } = readings;
  const verdict: NetworkVerdict = { paths: 1, hosts: {}, findings: [], untested: [...leftOut] };
  for (const { node, reason, tellsOfNetwork } of waiting) {
    if (tellsOfNetwork) verdict.findings.push(probeFinding(stack, node, waited, reason));
    else verdict.untested.push({ host: node, reason });
  }
  for (const [host, asked] of questions) {
    const reading = answers.get(host) ?? { error: "it was not asked" };
    if ("error" in reading) {
      verdict.untested.push({ host, reason: reading.error });
      continue;
    }
    if (reading.noPod !== undefined) verdict.untested.push({ host, reason: reading.noPod });
    const answered = asked.filter(
      ({ id, where, path }) =>
        (where === "host" || reading.noPod === undefined || reading.answers.has(id)) &&
        // Some distributions' curl knows HTTP alone: then this path is not tried.
        !(path === "service-port" && reading.answers.get(id)?.exit === unsupported),
    );
    verdict.paths += answered.length;
    const failures = answered.flatMap((question) => {
      const failure = failureOf(question, reading.answers.get(question.id), readings);
      return failure === undefined ? [] : [{ question, failure }];
    });
    verdict.hosts[host] = tallies(
      answered,
      failures.map(({ question }) => question),
    );
    const unreached = new Set(
      failures.filter(({ question }) => question.path === "pod-pod").map(({ question }) => question.to),
    );
    for (const { question, failure } of failures) {
      // What small packets do not reach, large ones do not either: that is said once.
      if (question.path === "pod-pod-large" && unreached.has(question.to)) continue;
      const { path, from, to } = question;
      verdict.findings.push({ path, from, to, message: sentenceOf(question, failure, readings) });
    }
  }
  if (operator.failure !== undefined) {
    const message = `${operatorMachine} does not reach the API at ${operator.endpoint}: ${operator.failure}; look who has the address: ${commandOf(stack, "status")}`;
    verdict.findings.push({ path: "endpoint", from: operatorMachine, to: undefined, message });
  }
  return verdict;
}

function tallies(asked: readonly Question[], failed: readonly Question[]): Partial<Record<PathKind, Tally>> {
  const result: Partial<Record<PathKind, Tally>> = {};
  for (const question of asked) {
    const tally = (result[question.path] ??= { tried: 0, failed: 0 });
    tally.tried += 1;
    if (failed.includes(question)) tally.failed += 1;
  }
  return result;
}

/** Why a question counts as not answered; undefined where it was. */
function failureOf(
  { path, reads, seconds }: Question,
  answer: Answer | undefined,
  { surroundings, outsideName }: NetworkReadings,
): string | undefined {
  if (answer === undefined) return "the host has said nothing about it";
  const { exit, status, tries, dns } = answer;
  if (exit !== 0) return `${failureText(exit, seconds)}${tries > 1 ? `, ${tries} times` : ""}`;
  // What the API says does not matter: it was reached.
  if (path === "pod-api" || path === "endpoint" || path === "service-port") return undefined;
  if (status !== 200) return `the answer has the HTTP status ${status}, 200 was expected`;
  if (!reads) return undefined;
  if (dns === undefined) return "the answer is no message of DNS";
  if (path === "dns-outside") {
    if (outsideName === undefined) return dns.code === "SERVFAIL" ? "SERVFAIL was answered" : undefined;
    return dns.code === "NOERROR" && dns.records > 0
      ? undefined
      : `${described(dns.code, dns.addresses)} was answered, an address was expected`;
  }
  return dns.addresses.includes(surroundings.api)
    ? undefined
    : `${described(dns.code, dns.addresses)} was answered, ${surroundings.api} was expected`;
}

function described(code: string, addresses: readonly string[]): string {
  return addresses.length === 0 ? (code === "NOERROR" ? "no address" : code) : addresses.join(", ");
}

/** What curl's exit codes say, curl(1). */
function failureText(exit: number, seconds: number): string {
  switch (exit) {
    case 6:
      return "its name is not known there";
    case 7:
      return "the connection was refused, or there is no route";
    case 28:
      return `no answer within ${seconds} s`;
    case 35:
    case 60:
      return "what answers there has no certificate of this cluster";
    case 52:
    case 56:
      return "the connection was cut off";
    case 127:
      return "nsenter or curl is missing on the host";
    default:
      return `curl ended with ${exit}`;
  }
}

function commandOf(stack: string, command: string, rest = ""): string {
  return `./plinth ${command}${stack === "lab" ? "" : ` --stack ${stack}`}${rest === "" ? "" : ` ${rest}`}`;
}

function probeFinding(stack: string, node: string, seconds: number, reason: string): NetworkFinding {
  const next = commandOf(stack, "ssh", `${node} -- journalctl -u containerd -u kubelet -n 50`);
  const message = `Node ${node} is ready, but a new pod did not come up there within ${seconds} s: ${reason}; look there: ${next}`;
  return { path: "probe", from: node, to: node, message };
}

function sentenceOf(
  question: Question,
  failure: string,
  { stack, surroundings, outsideName }: NetworkReadings,
): string {
  const { path, from, to = "", target } = question;
  const onHost = (host: string, command: string): string => commandOf(stack, "ssh", `${host} -- ${command}`);
  const dnsPods = commandOf(stack, "kubectl", "-n kube-system get pods -l k8s-app=kube-dns -o wide");
  const proxyLog = (host: string) => `look at kube-proxy there: ${onHost(host, "journalctl -u kube-proxy -n 50")}`;
  const inside = apiName(surroundings.domain);
  switch (path) {
    case "pod-pod":
      return `a pod on ${from} does not reach a pod on ${to} (${target}): ${failure}; look for a missing route or a firewall between these hosts: ${onHost(from, `ip route get ${target}`)}`;
    case "pod-pod-large":
      return `small packets from a pod on ${from} reach a pod on ${to} (${target}), packets of full size do not: ${failure}; some link between these hosts carries less than pods send: set plinth:mtu to what all links carry`;
    case "pod-service":
      return `a pod on ${from} does not reach the Service of the probes (${target}): ${failure}; ${proxyLog(from)}`;
    case "pod-api":
      return `a pod on ${from} does not reach the Service of the API (${target}): ${failure}; ${proxyLog(from)}`;
    case "dns":
    case "dns-tcp":
      return `a pod on ${from} does not resolve ${inside} by the cluster's DNS (${target}, ${path === "dns" ? "UDP" : "TCP"}): ${failure}; look at its pods: ${dnsPods}`;
    case "dns-outside":
      return outsideName === undefined
        ? `a pod on ${from} gets no answer of the name servers behind the cluster's DNS (${target}): ${failure}; correct plinth:dnsUpstreams, or set outsideName of plinth:networkCheck to a name that they know`
        : `a pod on ${from} does not resolve ${outsideName} by the cluster's DNS (${target}): ${failure}; look at the name servers of plinth:dnsUpstreams`;
    case "node-port":
      return `${from} does not reach a NodePort of ${to} (${target}): ${failure}; look for a firewall on ${to}, and ${proxyLog(to)}`;
    case "service-port":
      return `${from} reaches no pod through the load balancer at ${target}: ${failure}; pods of its Service are ready: compare its nodePort, policy and healthCheckNodePort with plinth:servicePorts, and look at the holder of the address: journalctl -u haproxy -n 50`;
    case "endpoint":
      return `${from} does not reach the API at ${target}: ${failure}; look who has the address: ${commandOf(stack, "status")}`;
  }
}
