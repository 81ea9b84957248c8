import ipaddr from "ipaddr.js";
import { z } from "zod";
import { interfaceName, oneLine } from "../../texts.ts";
import { paths } from "../../names.ts";
import type { Resource } from "../../resources.ts";
import { BlockError, type Block } from "../block.ts";
import { checked } from "./words.ts";

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

function addressOf(text: string, what: string): ipaddr.IPv4 | ipaddr.IPv6 {
  if (ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)) return ipaddr.parse(text);
  throw new BlockError(`${what} must be an address of IPv4 or IPv6, found ${JSON.stringify(text)}`);
}

function networkOf(text: string, what: string): { text: string; kind: "ipv4" | "ipv6" } {
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text))
    return { text, kind: ipaddr.parseCIDR(text)[0].kind() };
  throw new BlockError(
    `${what} must be an address with the length of its network's prefix, such as 192.0.2.21/24, found ${JSON.stringify(text)}`,
  );
}

/** Settings whose values are known to be such. */
interface Checked extends NetworkSettings {
  name: string;
  routes: readonly NetworkRoute[];
  addresses: readonly string[];
  nameservers: readonly string[];
  domains: readonly string[];
}

function check(name: string, settings: NetworkSettings): Checked {
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

type Sections = readonly (readonly [title: string, lines: readonly (string | undefined)[]])[];

function written(sections: Sections): string {
  return sections
    .map(([title, lines]) => [`[${title}]`, ...lines.filter((line) => line !== undefined)].join("\n"))
    .join("\n\n");
}

const line = (key: string, value: string | number | undefined): string | undefined =>
  value === undefined ? undefined : `${key}=${value}`;

/**
 * What a network interface has, by the host's own manager of networks, which runs from then on. Whatever else sets the interface must have let
 * go of it: `ifupdown` by /etc/network/interfaces, where it is refused, and cloud-init or netplan, whose files come later than this one. It may
 * cut the host off, so its role needs `confirm`.
 *
 * Drift: another file, or the manager does not run. Removal: the file goes, and the manager goes by what there is then; where that is nothing,
 * the interface keeps its addresses until the host boots.
 */
export function network(name: string, settings: NetworkSettings): Block {
  const all = check(name, settings);
  return { cutsOff: `the network of ${name}`, ...(all.manager === "networkd" ? networkd(all) : networkManager(all)) };
}

function networkd(settings: Checked): Block {
  const { name, addresses, dhcp, routes, nameservers, domains, mtu, vlan, bond } = settings;
  const folder = "/etc/systemd/network";
  const file = (path: string, content: string) => ({
    path: `${folder}/${path}`,
    mode: "0644",
    owner: "root:root",
    content: `${content}\n`,
    reload: ["systemd-networkd.service"],
  });
  const own = file(
    `05-plinth-${name}.network`,
    written([
      ["Match", [line("Name", name)]],
      ...(mtu === undefined ? [] : ([["Link", [line("MTUBytes", mtu)]]] as const)),
      [
        "Network",
        [
          ...addresses.map((address) => line("Address", address)),
          line("DHCP", dhcp === true ? "yes" : "no"),
          ...nameservers.map((server) => line("DNS", server)),
          line("Domains", domains.length === 0 ? undefined : domains.join(" ")),
        ],
      ],
      ...routes.map(({ to, via, metric }) => {
        const isDefault = to === "default";
        return [
          "Route",
          [isDefault ? undefined : line("Destination", to), line("Gateway", via), line("Metric", metric)],
        ] as const;
      }),
    ]),
  );
  const interfaces = "/etc/network/interfaces";
  const message = `${name} is in ${interfaces}, which sets it already: take it out there first`;
  return {
    files: [
      {
        ...own,
        validate: {
          deadline: 30,
          words: [
            "sh",
            "-c",
            `if grep -qhsE "^[[:space:]]*iface[[:space:]]+${name.replaceAll(".", "[.]")}[[:space:]]" ${interfaces} ${interfaces}.d/*; then echo ${JSON.stringify(message)}; exit 1; fi`,
            "%",
          ],
        },
      },
      ...(vlan === undefined
        ? []
        : [
            file(
              `05-plinth-${name}.netdev`,
              written([
                ["NetDev", [line("Name", name), line("Kind", "vlan")]],
                ["VLAN", [line("Id", vlan.id)]],
              ]),
            ),
            file(`05-plinth-${vlan.of}.network.d/${name}.conf`, written([["Network", [line("VLAN", name)]]])),
          ]),
      ...(bond === undefined
        ? []
        : [
            file(
              `05-plinth-${name}.netdev`,
              written([
                ["NetDev", [line("Name", name), line("Kind", "bond")]],
                ["Bond", [line("Mode", bond.mode), line("MIIMonitorSec", "100ms")]],
              ]),
            ),
            ...bond.of.map((member) =>
              file(
                `05-plinth-${member}.network`,
                written([
                  ["Match", [line("Name", member)]],
                  ["Network", [line("Bond", name)]],
                ]),
              ),
            ),
          ]),
    ],
    resources: device(settings),
    units: ["systemd-networkd.service"],
  };
}

/** That a VLAN or bond is there as its file says: networkd makes it when it reads a new file, and leaves it alone then. */
function device({ name, vlan, bond }: Checked): Resource[] {
  const shown =
    vlan !== undefined ? `vlan protocol 802.1Q id ${vlan.id} ` : bond !== undefined ? `bond mode ${bond.mode} ` : "";
  if (shown === "") return [];
  const there = `ip -d -o link show dev ${name} 2>/dev/null | grep -q ' ${shown}'`;
  const missing = vlan === undefined ? "" : `: is ${vlan.of} an interface with a block of its own?`;
  return [
    {
      kind: "command",
      key: commandKey(name),
      unless: there,
      run: [
        `ip link delete dev ${name} 2>/dev/null`,
        "systemctl start systemd-networkd.service && networkctl reload || exit 1",
        "tries=0",
        `until ${there}; do`,
        "  tries=$((tries + 1))",
        `  if [ "$tries" = 60 ]; then echo "systemd-networkd does not make ${name}${missing}"; exit 1; fi`,
        "  sleep 0.5",
        "done",
      ].join("\n"),
      undo: `if [ -e /sys/class/net/${name} ]; then ip link delete dev ${name}; fi`,
      user: "root",
      seconds: 60,
    },
  ];
}

const commandKey = (name: string): string => `network-${name.toLowerCase().replaceAll(/[^a-z0-9]/g, "-")}`;

/** One family's part of a profile of NetworkManager. */
function family(kind: "ipv4" | "ipv6", { addresses, dhcp, routes, nameservers, domains }: Checked) {
  const own = addresses.filter((address) => networkOf(address, "an address").kind === kind);
  const any = kind === "ipv4" ? "0.0.0.0/0" : "::/0";
  const ways = routes.filter(({ to, via }) =>
    to === "default" ? addressOf(via ?? "", "a gateway").kind() === kind : networkOf(to, "a route").kind === kind,
  );
  const servers = nameservers.filter((server) => addressOf(server, "a name server").kind() === kind);
  const none = kind === "ipv4" ? "disabled" : "link-local";
  const set = own.length > 0 || ways.length > 0;
  return [
    kind,
    [
      line("method", dhcp === true ? "auto" : set ? "manual" : none),
      ...own.map((address, index) => line(`address${index + 1}`, address)),
      ...ways.map(({ to, via, metric }, index) =>
        line(
          `route${index + 1}`,
          [to === "default" ? any : to, via ?? (metric === undefined ? undefined : ""), metric]
            .filter((word) => word !== undefined)
            .join(","),
        ),
      ),
      line("dns", servers.length === 0 ? undefined : `${servers.join(";")};`),
      line("dns-search", domains.length === 0 || servers.length === 0 ? undefined : `${domains.join(";")};`),
    ],
  ] as const;
}

function networkManager(settings: Checked): Block {
  const { name, mtu, vlan, bond } = settings;
  const folder = "/etc/NetworkManager/system-connections";
  const id = (link: string): string => `plinth-${link}`;
  const service = `plinth-network-${name}.service`;
  const profile = (link: string, sections: Sections) => ({
    path: `${folder}/${id(link)}.nmconnection`,
    mode: "0600",
    owner: "root:root",
    content: `${written(sections)}\n`,
    reload: [service],
  });
  const members = bond?.of ?? [];
  const kind = vlan !== undefined ? "vlan" : bond !== undefined ? "bond" : "ethernet";
  const own = profile(name, [
    [
      "connection",
      [line("id", id(name)), line("type", kind), line("interface-name", name), line("autoconnect-priority", 100)],
    ],
    ...(mtu === undefined ? [] : ([["ethernet", [line("mtu", mtu)]]] as const)),
    ...(vlan === undefined ? [] : ([["vlan", [line("id", vlan.id), line("parent", vlan.of)]]] as const)),
    ...(bond === undefined ? [] : ([["bond", [line("mode", bond.mode), line("miimon", 100)]]] as const)),
    family("ipv4", settings),
    family("ipv6", settings),
  ]);
  const unitPath = `${paths.units}/${service}`;
  const load = [
    "/usr/bin/nmcli connection reload",
    ...[...members, name].map((link) => `/usr/bin/nmcli --wait 60 connection up ${id(link)}`),
  ];
  return {
    resources: [
      // Once the files have gone.
      {
        kind: "command",
        key: commandKey(name),
        unless: "true",
        run: "true",
        undo: "nmcli connection reload",
        user: "root",
        seconds: 60,
      },
    ],
    files: [
      own,
      ...members.map((member) =>
        profile(member, [
          [
            "connection",
            [
              line("id", id(member)),
              line("type", "ethernet"),
              line("interface-name", member),
              line("autoconnect-priority", 100),
              // By the names that all releases know.
              line("master", name),
              line("slave-type", "bond"),
            ],
          ],
        ]),
      ),
      {
        path: unitPath,
        mode: "0644",
        owner: "root:root",
        content: `${written([
          [
            "Unit",
            [
              line("Description", `What the network interface ${name} has`),
              line("After", "NetworkManager.service"),
              line("Requisite", "NetworkManager.service"),
            ],
          ],
          [
            "Service",
            [
              line("Type", "oneshot"),
              line("RemainAfterExit", "yes"),
              ...load.map((command) => line("ExecStart", command)),
              ...load.map((command) => line("ExecReload", command)),
            ],
          ],
          ["Install", [line("WantedBy", "multi-user.target")]],
        ])}\n`,
        restart: [service],
      },
    ],
    units: ["NetworkManager.service", service],
  };
}
