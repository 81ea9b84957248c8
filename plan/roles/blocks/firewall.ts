import ipaddr from "ipaddr.js";
import { z } from "zod";
import { oneLine } from "../../texts.ts";
import { BlockError, type Block } from "../block.ts";
import { command } from "./commands.ts";
import { file } from "./files.ts";
import { packageInstalled } from "./packages.ts";
import { checked } from "./words.ts";
import { unit } from "./units.ts";

/** What is let in. */
export interface FirewallRule {
  /** `any`: everything from there, whatever `ports` says. Default: `tcp`. */
  protocol?: "tcp" | "udp" | "vrrp" | "any";
  /** Numbers, and ranges such as `30000-32767`. Default: all. */
  ports?: readonly (number | string)[];
  /** Addresses and networks of IPv4 and IPv6. Default: anywhere. */
  from?: readonly string[];
  /** What it is for. Default: nothing. */
  comment?: string;
}

export interface FirewallOptions {
  /** Whether what is dropped is logged by the kernel, ten packets a minute at most. Default: false. */
  log?: boolean;
}

const path = "/etc/plinth/firewall.nft";
const service = "plinth-firewall.service";
const table = "inet plinth_host";

/** nft takes 128 bytes. */
const comment = oneLine.regex(/^[ !#-[\]-~]{0,120}$/, 'must have at most 120 characters of ASCII, and no " or \\');
const portRange = z
  .string()
  .regex(/^[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?$/, "must be a port, or a range such as 30000-32767")
  .refine((text) => {
    const { first, last } = rangeOf(text);
    return first <= last && last <= 65535;
  }, "must be of 1 to 65535, the lower one first");

interface Range {
  first: number;
  last: number;
}

function rangeOf(text: string): Range {
  const [first = 0, last = first] = text.split("-").map(Number);
  return { first, last };
}

/** Ranges that overlap or touch are one: nft refuses sets whose members overlap. */
function joined(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = result.at(-1);
    if (before !== undefined && range.first <= before.last + 1) before.last = Math.max(before.last, range.last);
    else result.push({ ...range });
  }
  return result;
}

type Network = [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

function networkOf(text: string): Network {
  try {
    const [address, bits] = text.includes("/")
      ? ipaddr.parseCIDR(text)
      : [ipaddr.parse(text), ipaddr.parse(text).kind() === "ipv4" ? 32 : 128];
    return [address, bits];
  } catch {
    throw new BlockError(
      `the source ${JSON.stringify(text)} of a firewall rule must be an address or a network of IPv4 or IPv6`,
    );
  }
}

const contains = (one: Network, other: Network): boolean =>
  one[0].kind() === other[0].kind() && one[1] <= other[1] && other[0].match(one[0], one[1]);

/** Networks that no other of them contains, each once. */
function outermost(networks: readonly Network[]): Network[] {
  return networks.filter(
    (network, index) =>
      !networks.some(
        (other, at) => at !== index && contains(other, network) && (!contains(network, other) || at < index),
      ),
  );
}

function sourcesOf(from: readonly string[] | undefined): string[] {
  if (from === undefined) return [""];
  const networks = outermost(from.map(networkOf));
  return (["ipv4", "ipv6"] as const).flatMap((kind) => {
    const own = networks.filter(([address]) => address.kind() === kind);
    const written = own.map(([address, bits]) => {
      const first =
        address.kind() === "ipv4"
          ? ipaddr.IPv4.networkAddressFromCIDR(`${address.toString()}/${bits}`)
          : ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/${bits}`);
      return bits === (kind === "ipv4" ? 32 : 128) ? first.toString() : `${first.toString()}/${bits}`;
    });
    return own.length === 0 ? [] : [`${kind === "ipv4" ? "ip" : "ip6"} saddr { ${written.join(", ")} } `];
  });
}

function linesOf({ protocol = "tcp", ports, from, comment: text }: FirewallRule): string[] {
  const note = text === undefined ? "" : ` comment "${checked(comment, text, "the comment of a firewall rule")}"`;
  const ranges = joined(
    (ports ?? []).map((port) => rangeOf(checked(portRange, String(port), "the port of a firewall rule"))),
  );
  const numbers = ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  const what = {
    tcp: numbers.length === 0 ? "meta l4proto tcp " : `tcp dport { ${numbers.join(", ")} } `,
    udp: numbers.length === 0 ? "meta l4proto udp " : `udp dport { ${numbers.join(", ")} } `,
    // By its number (IANA's list of protocols): not every host has a name for it.
    vrrp: "meta l4proto 112 ",
    any: "",
  }[protocol];
  return sourcesOf(from).map((source) => `    ${source}${what}accept${note}`);
}

/**
 * What a host lets in, all else is dropped: a table of nftables of its own, beside those of others, of which each may drop as well. Answers,
 * ICMP, DHCP and what the host says to itself are always let in; what a host forwards, such as packets of pods, is none of its business. The
 * port of SSH must be among the rules. It may cut the host off, so its role needs `confirm`.
 *
 * Drift: other rules in the file, or the table is gone. Removal: the table goes.
 */
export function firewall(rules: readonly FirewallRule[], { log = false }: FirewallOptions = {}): Block {
  const content = [
    "# What this host lets in.",
    `table ${table}`,
    `delete table ${table}`,
    `table ${table} {`,
    "  chain input {",
    "    type filter hook input priority filter; policy drop;",
    "    ct state established,related accept",
    '    iifname "lo" accept',
    "    meta l4proto { icmp, ipv6-icmp } accept",
    "    udp sport 67 udp dport 68 accept",
    "    ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
    ...rules.flatMap(linesOf),
    ...(log ? ['    limit rate 10/minute log prefix "plinth-firewall drops: "'] : []),
    "  }",
    "}",
  ].join("\n");
  const loading = `/usr/sbin/nft -f ${path}`;
  const loaded = unit(
    service,
    [
      "[Unit]",
      "Description=What this host lets in",
      "DefaultDependencies=no",
      // Those flush all rules when they start.
      "After=local-fs.target systemd-modules-load.service nftables.service firewalld.service",
      "Before=network-pre.target shutdown.target",
      "Wants=network-pre.target",
      "Conflicts=shutdown.target",
      "[Service]",
      "Type=oneshot",
      "RemainAfterExit=yes",
      `ExecStart=${loading}`,
      `ExecReload=${loading}`,
      `ExecStop=-/usr/sbin/nft delete table ${table}`,
      "[Install]",
      "WantedBy=sysinit.target",
    ].join("\n"),
  );
  const held = file(path, { content, mode: "0600", validate: "nft -c -f %", reload: service });
  // Others may flush all rules, as a restart of nftables.service does.
  const there = command("plinth-firewall", {
    run: `nft -f ${path}`,
    unless: `nft list chain ${table} input | grep -q 'policy drop'`,
    // Also where the unit has never run.
    undo: `if nft list table ${table} >/dev/null 2>&1; then nft delete table ${table}; fi`,
  });
  return {
    cutsOff: "a firewall",
    resources: [...(packageInstalled("nftables").resources ?? []), ...(there.resources ?? [])],
    files: [...(held.files ?? []), ...(loaded.files ?? [])],
    units: loaded.units ?? [],
  };
}
