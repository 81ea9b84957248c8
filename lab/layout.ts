import ipaddr from "ipaddr.js";
import { LabError, type LabOptions } from "./types.ts";
import type { VariantName } from "./variants.ts";

/** Links of 1400 bytes are what tunnels of providers and clouds leave of 1500. */
const smallMtu = 1400;

/** How many bits longer the prefixes of the two networks are: sixteen of a /24's addresses each. */
const dividingBits = 4;

/** Hosts that reach each other without a router. */
export interface Segment {
  /** Name of the bridge that joins them. */
  bridge: string;
  /** IPv4 network in CIDR form. */
  network: string;
  /** The operator's address there, and that of the router where there is another segment. */
  router: string;
}

/** How the links of a lab are laid. */
export interface Layout {
  /** The first one has the operator's address. */
  segments: readonly Segment[];
  /** MTU of all links, bytes; undefined: what the kernel gives them, 1500. */
  mtu?: number;
}

/** Names of all bridges that a lab can have. */
export const bridges = ["plinth0", "plinth1"] as const;

/** The IPv4 address that is this many after another one. */
function after(address: string, count: number): string {
  const number = ipaddr.IPv4.parse(address).octets.reduce((sum, octet) => sum * 256 + octet, 0) + count;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/**
 * The lab's subnet as one network; or its first two sixteenths as two: control-plane hosts of hosts/lab.ts have addresses of the
 * first, workers of the second, and a VIP of the first is not in the reach of VRRP from the second.
 *
 * @throws LabError when the subnet is too small, or the operator's address not in its first sixteenth
 */
export function layoutOf(
  { subnet, gateway }: Pick<LabOptions, "subnet" | "gateway">,
  like: readonly VariantName[],
): Layout {
  const mtu = like.includes("small-mtu") ? { mtu: smallMtu } : {};
  const [first, second] = bridges;
  if (!like.includes("two-subnets")) return { segments: [{ bridge: first, network: subnet, router: gateway }], ...mtu };
  const prefix = Number(subnet.split("/")[1]) + dividingBits;
  const size = 2 ** (32 - prefix);
  const base = ipaddr.IPv4.networkAddressFromCIDR(subnet).toString();
  const near = { bridge: first, network: `${base}/${prefix}`, router: gateway };
  if (prefix > 29 || !isIn(gateway, near)) {
    throw new LabError(
      `the lab's subnet ${subnet} cannot be divided: expected a prefix of at most /25 and the operator's address ${gateway} ` +
        "in its first sixteenth",
    );
  }
  const far = { bridge: second, network: `${after(base, size)}/${prefix}`, router: after(gateway, size) };
  return { segments: [near, far], ...mtu };
}

/** Whether an IPv4 address is one of a segment. */
export function isIn(address: string, { network }: Pick<Segment, "network">): boolean {
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(network));
}

/**
 * The segment of a host.
 * @throws LabError when it is in none of them
 */
export function segmentOf(address: string, { segments }: Layout): Segment {
  const segment = segments.find((candidate) => isIn(address, candidate));
  if (segment === undefined) throw new LabError(`address ${address} is outside of the lab's networks`);
  return segment;
}

/** Length of the prefix of a network in CIDR form. */
export function prefixLengthOf({ network }: Pick<Segment, "network">): string {
  return network.split("/")[1] ?? "";
}
