import { servicePortAddress } from "./bundles/serviceports.ts";
import type { ClusterConfig } from "./config.ts";
import type { Finding } from "./findings.ts";
import { nodePortRange, writtenNodePorts } from "./nodeports.ts";
import { ports } from "./ports.ts";

function finding(message: string, remedy: string): Finding {
  return { rule: "service-port", kind: "input", hosts: [], message, remedy };
}

/** What is wrong with the service ports, whatever the hosts. */
export function validateServicePorts(config: ClusterConfig): Finding[] {
  const findings: Finding[] = nodePortFindings(config);
  const add = (message: string, remedy: string): void => {
    findings.push(finding(message, remedy));
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

/** Ports of Nodes that no Service can have, and health ports that are something else's. */
function nodePortFindings(config: ClusterConfig): Finding[] {
  const setting = "service-node-port-range in plinth:apiserverArgs";
  const written = writtenNodePorts(config);
  const range = nodePortRange(config);
  if (range === undefined) {
    return [finding(`${setting} is ${written}, which is no range of ports`, "write it as 30000-32767")];
  }
  const findings: Finding[] = [];
  const forwarded = new Map(config.servicePorts.map(({ nodePort, name }) => [nodePort, name]));
  for (const { name, nodePort, healthCheckNodePort } of config.servicePorts) {
    for (const [key, port] of Object.entries({ nodePort, healthCheckNodePort })) {
      if (port === undefined || (port >= range.first && port <= range.last)) continue;
      findings.push(
        finding(
          `${key} ${port} of service port ${name} is none of the ports that Services may have on Nodes, ${written}`,
          `choose one of those, or change ${setting}`,
        ),
      );
    }
    const other = healthCheckNodePort === undefined ? undefined : forwarded.get(healthCheckNodePort);
    if (other === undefined) continue;
    findings.push(
      finding(
        `healthCheckNodePort ${healthCheckNodePort} of service port ${name} is the nodePort of service port ${other}`,
        "write spec.healthCheckNodePort of the Service there: it is a port of its own",
      ),
    );
  }
  return findings;
}
