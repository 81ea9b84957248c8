import ipaddr from "ipaddr.js";
import { z } from "zod";
import { interfaceName, oneLine } from "../../../texts.ts";
import { BlockError } from "../../block.ts";
import { checked } from "../words.ts";

/** A way that packets take. */
export interface NetworkRoute {
  /** A network, or `default`. */
  to: string;
  /** The gateway. Default: the link itself. */
  via?: string;
  /** The lower one is taken. Default: the system's. */
  metric?: number;
}

/** What a network interface is to have. */
export interface NetworkSettings {
  /** Addresses with the length of their networks' prefix: `192.0.2.21/24`. Default: none. */
  addresses?: readonly string[];
  /** Whether more are asked for. Default: false. */
  dhcp?: boolean;
  /** Default: none but what `addresses` imply. */
  routes?: readonly NetworkRoute[];
  /** Name servers, for systemd-resolved or NetworkManager. Default: none. */
  nameservers?: readonly string[];
  /** Domains that short names are looked for in. Default: none. */
  domains?: readonly string[];
  /** Bytes. Default: the system's. */
  mtu?: number;
  /** A VLAN of another interface, which has a block of its own. Default: it is there by itself. */
  vlan?: { id: number; of: string };
  /** A bond of interfaces, which have no blocks of their own. Default: likewise. */
  bond?: { of: readonly [string, ...string[]]; mode: (typeof bondModes)[number] };
  /** Who sets it, and runs on the host: systemd-networkd with Debian and Ubuntu, NetworkManager on hosts like RHEL. */
  manager: "networkd" | "NetworkManager";
}

const bondModes = ["active-backup", "802.3ad", "balance-rr", "balance-xor", "balance-tlb", "balance-alb"] as const;
const link = interfaceName;
const domain = oneLine.regex(/^~?[A-Za-z0-9.-]+$/, "must be a domain");
const bytes = z.int("must be a whole number").min(576, "must be at least 576").max(65535, "must be at most 65535");
const vlanId = z.int("must be a whole number").min(1, "must be at least 1").max(4094, "must be at most 4094");
const metricOf = z.int("must be a whole number").min(0, "must be at least 0").max(4294967295, "is too large");

/** @throws BlockError */
export function addressOf(text: string, what: string): ipaddr.IPv4 | ipaddr.IPv6 {
  if (ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)) return ipaddr.parse(text);
  throw new BlockError(`${what} must be an address of IPv4 or IPv6, found ${JSON.stringify(text)}`);
}

/** @throws BlockError */
export function networkOf(text: string, what: string): { text: string; kind: "ipv4" | "ipv6" } {
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text))
    return { text, kind: ipaddr.parseCIDR(text)[0].kind() };
  throw new BlockError(
    `${what} must be an address with the length of its network's prefix, such as 192.0.2.21/24, found ${JSON.stringify(text)}`,
  );
}

/** Settings whose values are known to be such. */
export interface Checked extends NetworkSettings {
  name: string;
  routes: readonly NetworkRoute[];
  addresses: readonly string[];
  nameservers: readonly string[];
  domains: readonly string[];
}

/**
 * @param name of the interface.
 * @throws BlockError of the first thing that is wrong.
 */
export function check(name: string, settings: NetworkSettings): Checked {
  const { addresses = [], routes = [], nameservers = [], domains = [], mtu, vlan, bond, manager } = settings;
  checked(link, name, "the interface");
  const of = `the interface ${name}`;
  if (!["networkd", "NetworkManager"].includes(manager))
    throw new BlockError(`the manager of ${of} must be networkd or NetworkManager`);
  for (const text of addresses) networkOf(text, `an address of ${of}`);
  for (const { to, via, metric } of routes) {
    const kind = to === "default" ? undefined : networkOf(to, `the end of a route of ${of}`).kind;
    if (via === undefined && kind === undefined)
      throw new BlockError(`the default route of ${of} must have via, a gateway`);
    if (via !== undefined && kind !== undefined && addressOf(via, `the gateway of a route of ${of}`).kind() !== kind)
      throw new BlockError(`the route of ${of} to ${to} must have a gateway of the same kind, found ${via}`);
    if (via !== undefined) addressOf(via, `the gateway of a route of ${of}`);
    if (metric !== undefined) checked(metricOf, metric, `the metric of a route of ${of}`);
  }
  const kinds = new Set(addresses.map((text) => networkOf(text, "an address").kind));
  const has = (kind: "ipv4" | "ipv6"): boolean => settings.dhcp === true || kinds.has(kind);
  for (const { to, via } of routes) {
    const kind = to === "default" ? addressOf(via ?? "", "a gateway").kind() : networkOf(to, "a route").kind;
    if (!has(kind)) throw new BlockError(`${of} has a route to ${to} and no address of its kind: give it one, or dhcp`);
  }
  for (const text of nameservers) addressOf(text, `a name server of ${of}`);
  if (manager === "NetworkManager") {
    for (const text of nameservers)
      if (!has(addressOf(text, "a name server").kind()))
        throw new BlockError(
          `${of} has the name server ${text} and no address of its kind, which NetworkManager refuses`,
        );
    if (domains.length > 0 && nameservers.length === 0)
      throw new BlockError(`${of} has domains and no name servers, and NetworkManager would not use them`);
  }
  for (const text of domains) checked(domain, text, `a domain of ${of}`);
  if (mtu !== undefined) checked(bytes, mtu, `the mtu of ${of}`);
  if (vlan !== undefined && bond !== undefined) throw new BlockError(`${of} cannot be a VLAN and a bond`);
  if (vlan !== undefined) {
    checked(vlanId, vlan.id, `the id of the VLAN ${name}`);
    checked(link, vlan.of, `the interface that the VLAN ${name} is of`);
  }
  if (bond !== undefined) {
    for (const member of bond.of) checked(link, member, `an interface of the bond ${name}`);
    if (!bondModes.includes(bond.mode))
      throw new BlockError(`the mode of the bond ${name} must be one of ${bondModes.join(", ")}`);
  }
  return { ...settings, name, addresses, routes, nameservers, domains };
}

/** Name of the command of a block for an interface. */
export const commandKey = (name: string): string => `network-${name.toLowerCase().replaceAll(/[^a-z0-9]/g, "-")}`;
