import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import { withRole, type Host } from "../inventory.ts";
import { taints } from "../names.ts";
import { ports } from "../ports.ts";

export type ServicePort = ClusterConfig["servicePorts"][number];

/** Key of the taint that takes a worker out of the load balancers. */
export const leavingTaint = taints.leaving;

/** The address under which clients reach a service port; undefined where there is no virtual IP at all. */
export function servicePortAddress(port: ServicePort, config: ClusterConfig): string | undefined {
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

/** What is wrong with the service ports, whatever the hosts. */
export function validateServicePorts(config: ClusterConfig): Finding[] {
  const findings: Finding[] = [];
  const add = (message: string, remedy: string): void => {
    findings.push({ rule: "service-port", kind: "input", hosts: [], message, remedy });
  };
  const held = [config.vip, config.serviceVip].filter((address) => address !== undefined);
  const taken = new Map<string, string>(
    config.vip === undefined ? [] : [[`${config.vip}:${ports.apiserver}`, "the API servers"]],
  );
  const names = new Set<string>();
  for (const port of config.servicePorts) {
    const address = servicePortAddress(port, config);
    if (address === undefined || !held.includes(address)) {
      add(
        `service port ${port.name} is to be reached under ${address ?? "no address"}, which no load balancer holds`,
        "use the address of plinth:vip or plinth:serviceVip",
      );
      continue;
    }
    if (names.has(port.name)) {
      add(`the name ${port.name} stands twice in plinth:servicePorts`, "give every service port a name of its own");
    }
    names.add(port.name);
    const socket = `${address}:${port.port}`;
    const other = taken.get(socket);
    if (other !== undefined) {
      add(
        `service port ${port.name} wants ${socket}, which belongs to ${other} already`,
        "choose another port or address",
      );
    } else if (port.port === ports.kubeProxyHealth) {
      // It is open at every address of a Node, and a load balancer may be one.
      add(
        `service port ${port.name} wants ${port.port}, at which kube-proxy of every Node tells its health`,
        "choose another port",
      );
    }
    taken.set(socket, `service port ${port.name}`);
  }
  if (config.serviceVip !== undefined) {
    if (config.vip === undefined) {
      add("plinth:serviceVip needs plinth:vip: without it no host runs a load balancer", "set plinth:vip as well");
    }
    if (config.serviceRouterId === config.virtualRouterId) {
      add(
        `plinth:serviceRouterId and plinth:virtualRouterId are both ${config.serviceRouterId}`,
        "give the second address a VRRP router id of its own",
      );
    }
  }
  return findings;
}

/**
 * Connections that one service port may hold. All of them together leave a fifth of HAProxy's connections to the API,
 * which a flood of clients must not shut out.
 */
function connectionsPerPort(config: ClusterConfig, maxConnections: number): number {
  return Math.max(1, Math.floor((maxConnections * 0.8) / config.servicePorts.length));
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
 * @returns empty when there are no service ports.
 */
export function renderServicePorts(hosts: readonly Host[], config: ClusterConfig, maxConnections: number): string {
  if (config.servicePorts.length === 0) return "";
  const servers = withRole(hosts, "worker").map((host) => `  server ${host.name} ${host.address} tcp-ut 10s`);
  const frontends = config.servicePorts.map(
    (port) => `
frontend service-${port.name}
${boundTo(addressesOf(port, config), port.port)}
  maxconn ${connectionsPerPort(config, maxConnections)}
  # The journal takes 10,000 lines in 30 s: those of a flood of clients here would be at the cost of connections to the API.
  no log
  tcp-request content set-dst-port int(${port.nodePort})
  default_backend workers
`,
  );
  return `${frontends.join("")}
backend workers
  balance leastconn
  option httpchk
  http-check send meth GET uri ${healthPath} ver HTTP/1.1 hdr Host kube-proxy
  http-check expect status 200 error-status L7OKC
  default-server check port ${ports.kubeProxyHealth} inter ${checks.seconds}s rise ${checks.rise} fall ${checks.fall}
${servers.join("\n")}
`;
}
