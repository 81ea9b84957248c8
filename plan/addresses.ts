import ipaddr from "ipaddr.js";

/** An IPv4 network, e.g. `10.0.0.0/16`. */
export interface Network {
  cidr: string;
  /** First address as an unsigned number. */
  first: number;
  /** Last address as an unsigned number. */
  last: number;
  prefix: number;
}

function toNumber(octets: readonly number[]): number {
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function toText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** True for a dotted-quad IPv4 address without leading zeros or omitted parts. */
export function isIPv4(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) && ipaddr.IPv4.parse(text).toString() === text;
}

/**
 * Parses `a.b.c.d/n`.
 *
 * @returns undefined when it is not a canonical network (host bits set, prefix missing or out of range).
 */
export function parseNetwork(cidr: string): Network | undefined {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(cidr)) return undefined;
  const [address, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  const first = toNumber(address.octets);
  const size = 2 ** (32 - prefix);
  if (first % size !== 0 || cidr !== `${address.toString()}/${prefix}`) return undefined;
  return { cidr, first, last: first + size - 1, prefix };
}

/**
 * True when the address stands for a network or for all of its hosts. Networks of one or two addresses have neither (RFC 3021).
 */
export function isEdge(network: Network, address: string): boolean {
  const value = toNumber(ipaddr.IPv4.parse(address).octets);
  return network.prefix < 31 && (value === network.first || value === network.last);
}

/** True when the address lies anywhere in the network. */
export function contains(network: Network, address: string): boolean {
  const value = toNumber(ipaddr.IPv4.parse(address).octets);
  return value >= network.first && value <= network.last;
}

/** True when the two networks share an address. */
export function overlaps(a: Network, b: Network): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** The n-th address of a network, counted from its network address (0). */
export function nthAddress(network: Network, n: number): string {
  return toText(network.first + n);
}

/** What the addresses of a network are for that no host, network or server can have. */
export type SpecialUse = "unspecified" | "loopback" | "link-local" | "multicast" | "reserved";

/** IPv4 networks of special use (RFC 6890) that are never routed to one host. */
export const specialNetworks: readonly (Network & { use: SpecialUse; what: string })[] = (
  [
    ["unspecified", "0.0.0.0/8", "hosts that have no address yet"],
    ["loopback", "127.0.0.0/8", "what stays on one host"],
    ["link-local", "169.254.0.0/16", "hosts that gave themselves an address"],
    ["multicast", "224.0.0.0/4", "groups of hosts"],
    ["reserved", "240.0.0.0/4", "broadcast and future use"],
  ] as const
).flatMap(([use, cidr, what]) => {
  const network = parseNetwork(cidr);
  return network === undefined ? [] : [{ ...network, use, what }];
});

/** The network of special use that an address lies in; undefined for ordinary addresses. */
export function specialNetworkOf(address: string): (typeof specialNetworks)[number] | undefined {
  return specialNetworks.find((network) => contains(network, address));
}

/** IPv6 addresses of special use → what they are in IPv4 terms. */
const likeness: Readonly<Record<string, string>> = {
  unspecified: "0.0.0.0",
  loopback: "127.0.0.1",
  linkLocal: "169.254.0.1",
  multicast: "224.0.0.1",
};

/** What an IPv6 address is in IPv4 terms: the one that it maps, or one of the same special use; undefined for all others. */
function inIPv4(text: string): string | undefined {
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : likeness[address.range()];
}

/**
 * The IPv4 address of the host of a URL with http or https, however it is written: `localhost` is one, too, and an IPv6 address
 * that stands for one.
 *
 * @returns undefined for names and for all other IPv6.
 */
export function addressOfUrl(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const hostname = new URL(url).hostname.replace(/\.$/, "");
  if (/^(.+\.)?localhost$/.test(hostname)) return "127.0.0.1";
  if (hostname.startsWith("[")) return inIPv4(hostname.slice(1, -1));
  return isIPv4(hostname) ? hostname : undefined;
}

/** Whether a URL has an IPv4 address in another writing than four numbers, which programs read differently: `010` is 8 or 10. */
export function hasOddAddress(url: string): boolean {
  const [, written = ""] = /^https?:\/\/(?:[^@/]*@)?([^:/?#]*)/.exec(url) ?? [];
  return isIPv4(new URL(url).hostname) && !isIPv4(written);
}
