import { contains, parseNetwork } from "../addresses.ts";
import { bridgeInterface, makesCniConfig } from "../bundles/cni.ts";
import type { ClusterConfig } from "../config.ts";
import type { HostReading } from "../facts.ts";
import type { Finding } from "../findings.ts";
import { isNode, type Host } from "../inventory.ts";
import { defaultResolvConf, mtuOf, resolvConfOf } from "../surroundings.ts";
import { guard, type HostRule } from "./rule.ts";

/** The name servers of a Node, which pods with `dnsPolicy: Default` get, and CoreDNS forwards to. */
export const resolverFindings: HostRule = (host, facts, { dnsUpstreams, kubeletConfig }) => {
  const state = facts.resolvers[defaultResolvConf];
  if (!isNode(host) || state === undefined || state === "others") return [];
  if (kubeletConfig["resolvConf"] !== undefined || resolvConfOf(facts) !== undefined) return [];
  const forwards = dnsUpstreams.includes(defaultResolvConf);
  // A site without any name server says so by its dnsUpstreams.
  if (state === "none" && !forwards) return [];
  const what = {
    none: "has no name server",
    loopback: "has only loopback name servers, which in a pod are the pod itself",
    mixed: "has a loopback name server, which in a pod is the pod itself",
  }[state];
  const message = `its ${defaultResolvConf} ${what}${forwards ? ": CoreDNS would ask itself, and end" : ""}`;
  const remedy =
    "write name servers that pods reach into a file on the hosts and name it as resolvConf in plinth:kubeletConfig, or put them into " +
    `${defaultResolvConf}${forwards ? "; plinth:dnsUpstreams: [] is for sites without any" : ""}`;
  return [guard("resolver", [host.name], message, remedy)];
};

/** Whether a network, as a host writes it, holds all of another. */
export const containsNetwork = (place: string, podCidr: string): boolean => {
  const outer = parseNetwork(place);
  const inner = parseNetwork(podCidr);
  if (outer === undefined || inner === undefined) return false;
  return outer.prefix <= inner.prefix && contains(outer, podCidr.split("/")[0] ?? "");
};

/** A firewall on a Node that drops what pods send to other hosts, or get from there. */
export const forwardFindings: HostRule = (host, { forwardDrops }, config) => {
  // Another network may have an interface and rules of its own.
  if (!isNode(host) || !makesCniConfig(config)) return [];
  const { podCidr } = config;
  const lets = (places: readonly string[]): boolean =>
    places.some((place) => place === bridgeInterface || containsNetwork(place, podCidr));
  return forwardDrops
    .filter(({ from, to }) => !lets(from) || !lets(to))
    .map(({ tool, family, table, chain }) => {
      const message = `its firewall drops traffic between pods and other hosts: chain ${chain} of table ${family} ${table} forwards only what its rules name`;
      const rules =
        tool === "nft"
          ? `nft insert rule ${family} ${table} ${chain} ip saddr ${podCidr} accept, and the same with daddr`
          : `iptables-legacy -I FORWARD -s ${podCidr} -j ACCEPT, and the same with -d`;
      const remedy = `accept the pod network there and keep that over reboots (${rules}; with ufw DEFAULT_FORWARD_POLICY="ACCEPT" in /etc/default/ufw)`;
      return guard("forward-drop", [host.name], message, remedy);
    });
};

/**
 * Nodes whose link has another MTU than the one that all go by.
 *
 * @param linkMtu see `linkMtuOf`.
 */
export function mtuFindings(
  hosts: readonly Host[],
  config: ClusterConfig,
  readings: ReadonlyMap<string, HostReading>,
  linkMtu: number,
): Finding[] {
  if (!makesCniConfig(config)) return [];
  return hosts.filter(isNode).flatMap((host): Finding[] => {
    const reading = readings.get(host.name);
    const own = reading !== undefined && "facts" in reading ? mtuOf(host, reading.facts) : undefined;
    // Where one is set, links may carry more.
    if (own === undefined || own === linkMtu || (config.mtu !== undefined && own > linkMtu)) return [];
    const others =
      config.mtu === undefined ? `those of the control-plane hosts ${linkMtu}` : `plinth:mtu is ${linkMtu}`;
    const message = `its link carries packets of ${own} bytes, ${others}: what does not fit is lost on the way`;
    const remedy = `give the interface of ${host.address} the same MTU, or set plinth:mtu to ${Math.min(own, linkMtu)}`;
    return [guard("mtu", [host.name], message, remedy)];
  });
}
