import type { Resource } from "../../../resources.ts";
import type { Block } from "../../block.ts";
import { line, written, type Sections } from "./sections.ts";
import { commandKey, type Checked } from "./settings.ts";

/** By systemd-networkd. */
export function networkd(settings: Checked): Block {
  const { name, addresses, dhcp, routes, nameservers, domains, mtu, vlan, bond } = settings;
  const folder = "/etc/systemd/network";
  const file = (path: string, content: string) => ({
    path: `${folder}/${path}`,
    mode: "0644",
    owner: "root:root",
    content: `${content}\n`,
    reload: ["systemd-networkd.service"],
  });
  const device = (kind: string, own: Sections[number]) =>
    file(`05-plinth-${name}.netdev`, written([["NetDev", [line("Name", name), line("Kind", kind)]], own]));
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
            device("vlan", ["VLAN", [line("Id", vlan.id)]]),
            file(`05-plinth-${vlan.of}.network.d/${name}.conf`, written([["Network", [line("VLAN", name)]]])),
          ]),
      ...(bond === undefined
        ? []
        : [
            device("bond", ["Bond", [line("Mode", bond.mode), line("MIIMonitorSec", "100ms")]]),
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
    resources: made(settings),
    units: ["systemd-networkd.service"],
  };
}

/** That a VLAN or bond is there as its file says: networkd makes it when it reads a new file, and leaves it alone then. */
function made({ name, vlan, bond }: Checked): Resource[] {
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
