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

/** True when the address lies in the network and is neither its network nor its broadcast address. */
export function containsHost(network: Network, address: string): boolean {
  const value = toNumber(ipaddr.IPv4.parse(address).octets);
  return value > network.first && value < network.last;
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
