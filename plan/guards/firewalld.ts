import { opens, zoneOf } from "../firewalld.ts";
import { isNode } from "../inventory.ts";
import { portsForOthers, runsKeepalived } from "../openports.ts";
import { containsNetwork } from "./network.ts";
import { guard, type HostRule } from "./rule.ts";

/**
 * A firewalld that keeps from a host what the cluster sends there: packets of pods, connections to services of ours, VRRP. What
 * comes from a network that is trusted altogether needs no open ports.
 */
export const firewalldFindings: HostRule = (host, { firewalld, addresses }, config) => {
  if (firewalld === undefined) return [];
  const { podCidr, nodeSubnet } = config;
  const trusted = firewalld.zones.filter(({ accepts }) => accepts).flatMap(({ sources }) => sources);
  const trusts = (network: string): boolean => trusted.some((source) => containsNetwork(source, network));
  const zone = zoneOf(firewalld, addresses[host.address]);
  const name = zone?.name ?? firewalld.defaultZone;
  const lacksPods = isNode(host) && !trusts(podCidr);
  const amongHosts = trusts(nodeSubnet);
  const closed = amongHosts
    ? []
    : portsForOthers(host, config).filter((port) => zone === undefined || !opens(zone, port));
  const lacksVrrp =
    !amongHosts &&
    runsKeepalived(host, config) &&
    !(zone?.accepts === true || zone?.protocols.includes("vrrp") === true);
  if (!lacksPods && closed.length === 0 && !lacksVrrp) return [];
  const kept = [
    ...(lacksPods ? [`what pods send (the pod network ${podCidr} is not trusted)`] : []),
    ...(closed.length === 0 ? [] : [`connections to ${closed.join(", ")}`]),
    ...(lacksVrrp ? ["VRRP"] : []),
  ];
  const opening = [...closed.map((port) => `--add-port=${port}`), ...(lacksVrrp ? ["--add-protocol=vrrp"] : [])];
  const commands = [
    ...(lacksPods ? [`firewall-cmd --permanent --zone=trusted --add-source=${podCidr}`] : []),
    ...(opening.length === 0 ? [] : [`firewall-cmd --permanent --zone=${name} ${opening.join(" ")}`]),
    "firewall-cmd --reload",
  ];
  return [
    guard(
      "firewalld",
      [host.name],
      `firewalld runs and keeps from it what the cluster needs: ${kept.join("; ")}`,
      `run ${commands.join(" && ")}; or turn firewalld off`,
    ),
  ];
};
