import { contains, isIPv4, parseNetwork } from "./addresses.ts";

/** What can be said of a new stack's network by the addresses that are known: its subnet, and from where hosts fetch binaries. */

/** Port on which `up` serves binaries to hosts. */
export const artifactsPort = 8410;

/** `plinth:artifactsUrl` where the operator's machine serves them itself. */
export const servedUrl = (address: string): string => `http://${address}:${artifactsPort}`;

/** The address of the operator's machine that is in a subnet, by which its hosts reach it without any route. */
export function addressIn(own: readonly string[], subnet: string | undefined): string | undefined {
  const network = subnet === undefined ? undefined : parseNetwork(subnet);
  return network === undefined ? undefined : own.find((address) => contains(network, address));
}

/** The longest and the shortest prefix of a subnet that is guessed. */
const prefixes = { longest: 24, shortest: 16 };

/**
 * The /24 that has all of these addresses, else the smallest network that has, down to /16.
 *
 * @param addresses what is none of IPv4 does not count.
 * @returns undefined where there is no such network, or no address.
 */
export function subnetOf(addresses: readonly string[]): string | undefined {
  const known = addresses.filter(isIPv4);
  const [first] = known;
  if (first === undefined) return undefined;
  const number = first.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  for (let prefix = prefixes.longest; prefix >= prefixes.shortest; prefix -= 1) {
    const size = 2 ** (32 - prefix);
    const base = Math.floor(number / size) * size;
    const text = `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${prefix}`;
    const network = parseNetwork(text);
    if (network !== undefined && known.every((address) => contains(network, address))) return text;
  }
  return undefined;
}
