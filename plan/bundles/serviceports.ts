import type { ClusterConfig } from "../config.ts";
import { withRole, type Host } from "../inventory.ts";
import { taints } from "../names.ts";
import { ports } from "../ports.ts";

export type ServicePort = ClusterConfig["servicePorts"][number];

/** Key of the taint that takes a worker out of the load balancers. */
export const leavingTaint = taints.leaving;

/** The address under which clients reach a service port; undefined where there is no virtual IP at all. */
export function servicePortAddress(
  port: ServicePort,
  config: Pick<ClusterConfig, "vip" | "serviceVip">,
): string | undefined {
  return port.address ?? config.serviceVip ?? config.vip;
}

/** Lines by which HAProxy takes connections to addresses, whether this host holds them or not. */
export function boundTo(addresses: readonly string[], port: number): string {
  return addresses.map((address) => `  bind ${address}:${port} transparent tcp-ut 10s`).join("\n");
}

/** The address of a service port, and those of the API before, where it has the API's. */
function addressesOf(port: ServicePort, config: ClusterConfig): string[] {
  const address = servicePortAddress(port, config) ?? "*";
  return address === config.vip ? [address, ...(config.ways?.formerVips ?? [])] : [address];
}

/** How load balancers look at a worker: every so many seconds, and how many answers in a row change their mind. */
const checks = { seconds: 1, rise: 2, fall: 5 };

/** Where kube-proxy says whether its Node may be given connections. */
const healthPath = "/healthz";

/**
 * What load balancers ask a worker, and for how many seconds it must have been healthy before all of them give it connections
 * again: up to one interval until the first look, and then as many as they want to see. `URL SECONDS`; undefined where no
 * load balancer asks.
 */
export function balancedAgain(host: Host, config: ClusterConfig): string | undefined {
  if (config.servicePorts.length === 0 || !host.roles.includes("worker")) return undefined;
  return `http://${host.address}:${ports.kubeProxyHealth}${healthPath} ${checks.seconds * (checks.rise + 1)}`;
}

/**
 * Connections that one service port may hold. All of them together leave a fifth of HAProxy's connections to the API,
 * which a flood of clients must not shut out.
 */
function connectionsPerPort(config: ClusterConfig, maxConnections: number): number {
  return Math.max(1, Math.floor((maxConnections * 0.8) / config.servicePorts.length));
}

/** The workers as one kind of service port needs them. */
interface Backend {
  name: string;
  /** Asked besides kube-proxy's health. */
  healthCheckNodePort: number | undefined;
  /** What servers are told ahead of the client's bytes, and their port: PROXY tells the port that the client has used, so that stays. */
  proxied: { version: "v1" | "v2"; nodePort: number } | undefined;
}

function backendOf({ name, nodePort, healthCheckNodePort, proxyProtocol }: ServicePort): Backend {
  if (proxyProtocol !== undefined) {
    return { name: `workers-of-${name}`, healthCheckNodePort, proxied: { version: proxyProtocol, nodePort } };
  }
  const suffix = healthCheckNodePort === undefined ? "" : `-${healthCheckNodePort}`;
  return { name: `workers${suffix}`, healthCheckNodePort, proxied: undefined };
}

/** Asks a path of the worker, on the port of its checks or on another one; what is not 200 ends new connections alone. */
const question = `http-check send meth GET uri ${healthPath} ver HTTP/1.1 hdr Host kube-proxy
  http-check expect status 200 error-status L7OKC`;

function renderBackend({ name, healthCheckNodePort, proxied }: Backend, workers: readonly Host[]): string {
  const asked =
    healthCheckNodePort === undefined
      ? question
      : [ports.kubeProxyHealth, healthCheckNodePort]
          .map((port) => `http-check connect port ${port}\n  ${question}`)
          .join("\n  ");
  const told = { v1: " send-proxy", v2: " send-proxy-v2", none: "" }[proxied?.version ?? "none"];
  const port = proxied === undefined ? "" : `:${proxied.nodePort}`;
  return `
backend ${name}
  balance leastconn
  option httpchk
  ${asked}
  default-server check port ${ports.kubeProxyHealth} inter ${checks.seconds}s rise ${checks.rise} fall ${checks.fall}${told}
${workers.map((host) => `  server ${host.name} ${host.address}${port} tcp-ut 10s`).join("\n")}
`;
}

/**
 * HAProxy's part for service ports: TCP to the NodePort of every worker that kube-proxy calls healthy.
 *
 * Workers stand once, whatever the number of ports: each frontend sets its NodePort as the port of the connection, which a
 * server without a port of its own takes over. A worker is judged by /healthz of its kube-proxy:
 * - 200: it gets connections;
 * - any other answer, above all 503 of a Node that leaves ({@link leavingTaint}): nothing new, open connections go on;
 * - no answer to five checks: no new connections. Not sooner, because an update restarts kube-proxy.
 *
 * No check cuts a connection, for silence of kube-proxy tells nothing of the connections through its Node: the rules stay in
 * the kernel. TCP finds out itself: `tcp-ut` ends a connection when what is sent is not acknowledged for ten seconds, and
 * an idle one is probed by keep-alive and ends as soon as nothing was heard for as long. Linux takes a receiver that is full
 * and reads nothing for unacknowledged, too. `tcp-ut` stands at every server because HAProxy 2.6 does not heed it in
 * default-server. A connection that is not taken within `timeout connect` goes to another worker.
 *
 * A service port with `healthCheckNodePort` has the workers once more, and asks them that port as well: kube-proxy answers 200 there while
 * its Node has pods that are ready, and 503 otherwise. It does not know there of a Node that leaves, so /healthz is asked all the same.
 *
 * @returns empty when there are no service ports.
 */
export function renderServicePorts(hosts: readonly Host[], config: ClusterConfig, maxConnections: number): string {
  if (config.servicePorts.length === 0) return "";
  const workers = withRole(hosts, "worker");
  const backends = new Map(config.servicePorts.map(backendOf).map((backend) => [backend.name, backend]));
  const frontends = config.servicePorts.map((port) => {
    const backend = backendOf(port);
    const toPort = backend.proxied === undefined ? `\n  tcp-request content set-dst-port int(${port.nodePort})` : "";
    return `
frontend service-${port.name}
${boundTo(addressesOf(port, config), port.port)}
  maxconn ${connectionsPerPort(config, maxConnections)}
  # The journal takes 10,000 lines in 30 s: those of a flood of clients here would be at the cost of connections to the API.
  no log${toPort}
  default_backend ${backend.name}
`;
  });
  return [...frontends, ...[...backends.values()].map((backend) => renderBackend(backend, workers))].join("");
}
