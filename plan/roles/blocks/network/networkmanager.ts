import { paths } from "../../../names.ts";
import type { Block } from "../../block.ts";
import { line, written, type Sections } from "./sections.ts";
import { addressOf, commandKey, networkOf, type Checked } from "./settings.ts";

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

/** By NetworkManager: a profile for each interface, and a service that puts them into force. */
export function networkManager(settings: Checked): Block {
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
