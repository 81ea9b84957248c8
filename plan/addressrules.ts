import {
  addressOfUrl,
  contains,
  isEdge,
  overlaps,
  parseNetwork,
  specialNetworkOf,
  specialNetworks,
  type Network,
  type SpecialUse,
} from "./addresses.ts";
import { upstreamAddress } from "./addons/dns.ts";
import type { ClusterConfig } from "./config.ts";
import type { Finding } from "./findings.ts";
import type { Host } from "./inventory.ts";
import { parseJump } from "./reach.ts";

/** What an address is used for. */
type Kind =
  | "host"
  | "vip"
  | "cluster-endpoint"
  | "endpoint"
  | "artifacts"
  | "proxy"
  | "mirror"
  | "upstream"
  | "pod-resolver"
  | "certified"
  | "way";

/** One address, and where it stands. */
interface Use {
  kind: Kind;
  address: string;
  /** As it is called in a sentence, e.g. `plinth:vip`. */
  what: string;
  /** The host whose address it is. */
  host?: string;
  /** It is in use by VRRP, which does not cross routers. */
  inSubnet: boolean;
}

type NetworkKey = "nodeSubnet" | "podCidr" | "serviceCidr";
type NamedNetwork = Network & { key: NetworkKey };

/** Who has the addresses of a network that nothing else may lie in. */
const ownersOf = { podCidr: "pods", serviceCidr: "services" } as const;

/** Exceptions of a kind of address: of all others nothing may be in a network of the cluster or of special use. */
interface Exceptions {
  special?: readonly SpecialUse[];
  networks?: readonly NetworkKey[];
}
const exceptions: Readonly<Record<Kind, Exceptions>> = {
  host: {},
  vip: {},
  "cluster-endpoint": {},
  endpoint: {},
  artifacts: {},
  // One on each host, which speaks to the real one.
  proxy: { special: ["loopback"] },
  // A cache on each host; a registry in the cluster, until which the registry itself is asked.
  mirror: { special: ["loopback"], networks: ["serviceCidr"] },
  // By a link-local address clouds and hypervisors offer theirs.
  upstream: { special: ["link-local"] },
  // The cluster's own, or a cache on each Node (NodeLocal DNSCache).
  "pod-resolver": { special: ["link-local"], networks: ["serviceCidr"] },
  // Whatever somebody may call an API server by.
  certified: { special: ["loopback", "link-local"], networks: ["podCidr", "serviceCidr"] },
  // The operator's machine has networks of its own, and a forwarded port is at its own loopback address.
  way: { special: ["loopback", "link-local"], networks: ["podCidr", "serviceCidr"] },
};

/** Kinds that may not share an address, and the rule that says so. */
const distinct: readonly { kinds: readonly [Kind, Kind]; rule: string; remedy: string }[] = [
  { kinds: ["host", "host"], rule: "duplicate-address", remedy: "give every host an address of its own" },
  {
    kinds: ["vip", "host"],
    rule: "vip-is-host",
    remedy: "choose a free address of the subnet: the VIP moves between hosts",
  },
  { kinds: ["vip", "vip"], rule: "vip-twice", remedy: "leave plinth:serviceVip out, or choose another address" },
  {
    kinds: ["vip", "artifacts"],
    rule: "vip-in-use",
    remedy:
      "choose a free address of the subnet: what the load balancers need is fetched before one of them has the VIP",
  },
  {
    kinds: ["vip", "upstream"],
    rule: "vip-in-use",
    remedy: "name a server outside the cluster: load balancers forward no DNS",
  },
  {
    kinds: ["vip", "proxy"],
    rule: "vip-in-use",
    remedy: "name a proxy outside the cluster: what the load balancers need is fetched before one of them has the VIP",
  },
  {
    kinds: ["vip", "way"],
    rule: "vip-in-use",
    remedy: "name an address that one machine has for itself: the VIP moves between hosts, and has none at first",
  },
  {
    kinds: ["cluster-endpoint", "host"],
    rule: "vip-is-host",
    remedy: "give the host an address of its own: clients reach the cluster by that one",
  },
];

/** Networks that VRRP, routes and rules of the hosts go by. */
function networksOf(config: Pick<ClusterConfig, NetworkKey>): NamedNetwork[] {
  return (["nodeSubnet", "podCidr", "serviceCidr"] as const).flatMap((key) => {
    const network = parseNetwork(config[key]);
    return network === undefined ? [] : [{ ...network, key }];
  });
}

/** Every address of an inventory and a configuration. */
function usesOf(hosts: readonly Host[], config: ClusterConfig | undefined, ofCluster: readonly string[]): Use[] {
  const balanced = config?.vip !== undefined;
  const uses: Use[] = hosts.map(({ name, address, roles }) => {
    const inSubnet = balanced && roles.includes("load-balancer");
    return { kind: "host", address, what: `the address of ${name}`, host: name, inSubnet };
  });
  const add = (kind: Kind, what: string, text: unknown): void => {
    const address = typeof text === "string" ? addressOfUrl(`http://${text}`) : undefined;
    if (address !== undefined) uses.push({ kind, address, what, inSubnet: kind === "vip" });
  };
  for (const { name, sshAddress, bastion } of hosts) {
    add("way", `the sshAddress of ${name}`, sshAddress);
    for (const jump of bastion ?? []) add("way", `the bastion of ${name}`, parseJump(jump)?.host);
  }
  for (const address of new Set(ofCluster)) add("cluster-endpoint", "the endpoint of plinth:clusterStack", address);
  if (config === undefined) return uses;
  add("vip", "plinth:vip", config.vip);
  add("vip", "plinth:serviceVip", config.serviceVip);
  if (ofCluster.length === 0) add("endpoint", "plinth:externalEndpoint", config.externalEndpoint?.host);
  add("endpoint", "plinth:vipName", config.vipName);
  for (const jump of config.bastion) add("way", "plinth:bastion", parseJump(jump)?.host);
  for (const key of ["http", "https"] as const) {
    const proxy = config.proxy[key];
    if (proxy !== undefined) add("proxy", `plinth:proxy.${key}`, new URL(proxy).host);
  }
  for (const name of config.apiserverSans) add("certified", "plinth:apiserverSans", name);
  add("artifacts", "plinth:artifactsUrl", new URL(config.artifactsUrl).host);
  for (const [registry, { mirrors }] of Object.entries(config.registries)) {
    add("mirror", "a registry of plinth:registries,", registry);
    for (const { url } of mirrors) add("mirror", `plinth:registries.${registry}.mirrors`, new URL(url).host);
  }
  for (const upstream of config.dnsUpstreams) add("upstream", "plinth:dnsUpstreams", upstreamAddress(upstream));
  for (const [name, resolver] of resolversOf(hosts, config)) add("pod-resolver", name, resolver);
  return uses;
}

/** The name servers of pods, wherever they are set: the place, and what stands there. */
function resolversOf(hosts: readonly Host[], config: ClusterConfig): [place: string, resolver: unknown][] {
  const listed = (name: string, settings: Readonly<Record<string, unknown>> | undefined): [string, unknown][] => {
    const resolvers = settings?.["clusterDNS"];
    return Array.isArray(resolvers) ? resolvers.map((resolver: unknown) => [name, resolver]) : [];
  };
  return [
    ...listed("plinth:kubeletConfig.clusterDNS", config.kubeletConfig),
    ...config.groups.flatMap(({ kubeletConfig }, index) =>
      listed(`plinth:groups.${index}.kubeletConfig.clusterDNS`, kubeletConfig),
    ),
    ...hosts.flatMap(({ name, settings }) =>
      listed(`settings.kubeletConfig.clusterDNS of ${name}`, settings?.kubeletConfig),
    ),
  ];
}

const calledWith = ({ what, address }: Use): string => `${what} ${address}`;

function finding(rule: string, uses: readonly Use[], message: string, remedy: string): Finding {
  const hosts = uses.flatMap(({ host }) => (host === undefined ? [] : [host]));
  return { rule, kind: "input", hosts: [...new Set(hosts)], message, remedy };
}

function listed(uses: readonly Use[]): string {
  return `${uses.map(calledWith).join(", ")} ${uses.length === 1 ? "lies" : "lie"}`;
}

/** What a machine has for itself of the loopback network: 127.0.0.1, Debian's 127.0.1.1, resolvers. */
const ownLoopback = parseNetwork("127.0.0.0/16");

/** Addresses of fleets that are simulated on one machine (docs/bench.md): loopback addresses that nothing else has. */
function mayBeSimulated({ first, last }: Pick<Network, "first" | "last">): boolean {
  const loopback = specialNetworks.find(({ use }) => use === "loopback");
  if (loopback === undefined || ownLoopback === undefined) return false;
  return first >= loopback.first && last <= loopback.last && first > ownLoopback.last;
}

/** Addresses and networks that Linux or a standard has for something else. */
function specialFindings(everything: readonly Use[], every: readonly NamedNetwork[]): Finding[] {
  const subnet = every.find(({ key }) => key === "nodeSubnet");
  const simulated = subnet !== undefined && mayBeSimulated(subnet) ? subnet : undefined;
  const networks = every.filter((network) => network !== simulated);
  const uses = everything.filter(({ address }) => {
    if (simulated !== undefined) return !contains(simulated, address);
    // A pool's subnet is not known before its cluster is.
    const alone = parseNetwork(`${address}/32`);
    return subnet !== undefined || alone === undefined || !mayBeSimulated(alone);
  });
  return [
    ...uses.flatMap((use) => {
      const special = specialNetworkOf(use.address);
      if (special === undefined || exceptions[use.kind].special?.includes(special.use)) return [];
      const message = `${calledWith(use)} lies in ${special.cidr}, which is for ${special.what}`;
      return [finding("address-special", [use], message, "use the address by which the hosts reach it")];
    }),
    ...networks.flatMap((network) => {
      const special = specialNetworks.find((other) => overlaps(network, other));
      if (special === undefined) return [];
      const message = `plinth:${network.key} ${network.cidr} has addresses of ${special.cidr}, which is for ${special.what}`;
      return [finding("network-special", [], message, "use a private network, for example one of 10.0.0.0/8")];
    }),
  ];
}

/** Networks that share addresses, and addresses in networks of others. */
function networkFindings(uses: readonly Use[], networks: readonly NamedNetwork[]): Finding[] {
  const pairs = networks.flatMap((a, index) => networks.slice(index + 1).map((b) => [a, b] as const));
  const overlapping = pairs.filter(([a, b]) => overlaps(a, b));
  const inSubnet = (address: string): boolean =>
    networks.some((network) => network.key === "nodeSubnet" && contains(network, address));
  const strangers = Object.entries(ownersOf).flatMap(([key, owner]) => {
    const network = networks.find((candidate) => candidate.key === key);
    if (network === undefined) return [];
    // Where the network overlaps the subnet, that has been said of all hosts at once.
    const said = overlapping.some(([a, b]) => a.key === "nodeSubnet" && b === network);
    const inside = uses.filter(
      ({ kind, address }) =>
        contains(network, address) && !exceptions[kind].networks?.includes(network.key) && !(said && inSubnet(address)),
    );
    if (inside.length === 0) return [];
    const message = `${listed(inside)} in plinth:${key} ${network.cidr}, whose addresses are for ${owner}`;
    return [finding("address-in-network", inside, message, "use an address outside of it, or choose another network")];
  });
  return [
    ...overlapping.map(([a, b]) =>
      finding(
        "cidr-overlap",
        [],
        `plinth:${a.key} ${a.cidr} and plinth:${b.key} ${b.cidr} overlap`,
        "choose networks that share no address",
      ),
    ),
    ...strangers,
  ];
}

/** Addresses and the subnet of the VIP. */
function subnetFindings(uses: readonly Use[], subnet: NamedNetwork): Finding[] {
  const edges = uses
    .filter(({ address }) => isEdge(subnet, address))
    .map((use) =>
      finding(
        "address-of-network",
        [use],
        `${calledWith(use)} is the first or last address of plinth:nodeSubnet ${subnet.cidr}, which stand for the network and for all of its hosts`,
        "use an address between them",
      ),
    );
  const outside = uses.filter(({ inSubnet, address }) => inSubnet && !contains(subnet, address));
  const vips = outside.filter(({ kind }) => kind === "vip");
  const balancers = outside.filter(({ kind }) => kind === "host");
  return [
    ...edges,
    ...vips.map((use) =>
      finding(
        "vip-outside-subnet",
        [use],
        `${calledWith(use)} is not in plinth:nodeSubnet ${subnet.cidr}`,
        "choose a free address of that subnet",
      ),
    ),
    ...(balancers.length === 0
      ? []
      : [
          finding(
            "load-balancer-outside-subnet",
            balancers,
            `hosts with the role load-balancer must share the VIP's subnet ${subnet.cidr}: VRRP does not cross routers`,
            "move the role to hosts of that subnet",
          ),
        ]),
  ];
}

/** Addresses that stand twice where each must be somebody's own. */
function sharingFindings(uses: readonly Use[]): Finding[] {
  const groups = [...Map.groupBy(uses, ({ address }) => address)].filter(([, group]) => group.length > 1);
  return groups.flatMap(([address, group]) =>
    distinct.flatMap(({ kinds: [a, b], rule, remedy }) => {
      const first = group.filter(({ kind }) => kind === a);
      const involved = a === b ? first : [...first, ...group.filter(({ kind }) => kind === b)];
      if (first.length === 0 || involved.length === (a === b ? 1 : first.length)) return [];
      const names = [...new Set(involved.map(({ what }) => what))].join(" and ");
      const message =
        rule === "duplicate-address"
          ? `the address ${address} belongs to ${involved.length} hosts`
          : `${address} is ${names}`;
      return [finding(rule, involved, message, remedy)];
    }),
  );
}

/**
 * What is wrong with the addresses and networks of an inventory and a configuration: each must be of ordinary use, outside the
 * networks of others and, where that is needed, nobody else's.
 *
 * @param config undefined where it is not known; hosts are judged alone then.
 * @param ofCluster the addresses by which the cluster of a pool is reached.
 */
export function validateAddresses(
  hosts: readonly Host[],
  config: ClusterConfig | undefined,
  ofCluster: readonly string[] = [],
): Finding[] {
  const uses = usesOf(hosts, config, ofCluster);
  const networks = config === undefined ? [] : networksOf(config);
  return [
    ...sharingFindings(uses),
    ...specialFindings(uses, networks),
    ...networkFindings(uses, networks),
    ...networks.filter(({ key }) => key === "nodeSubnet").flatMap((subnet) => subnetFindings(uses, subnet)),
  ];
}
