import { isIPv4 } from "../addresses.ts";
import { roles as allRoles, type Role } from "../inventory.ts";
import { sshAddress as sshAddressSchema } from "../texts.ts";
import type { Groups } from "./groups.ts";
import { Imported, type ImportedHost } from "./imported.ts";
import { hostNames, labelOf } from "./names.ts";
import { changed, left, noLogin, noPort, shortly } from "./outcome.ts";
import { loginOf, portOf, textOf } from "./readings.ts";
import { groupRoles, isBastion } from "./tools.ts";
import type { AnsibleHost } from "./variables.ts";
import { withheldIn } from "./values.ts";

/** Variables by which Ansible, or one of the tools, finds a host. */
const ways = {
  address: ["ansible_host", "ansible_ssh_host"],
  own: ["ip", "node_ip", "private_ip", "internal_ip"],
  access: ["access_ip"],
  user: ["ansible_user", "ansible_ssh_user"],
  port: ["ansible_port", "ansible_ssh_port"],
  name: ["k8s_nodename", "K8S_NODENAME", "kube_override_hostname"],
} as const;

/** What the operator says besides the inventory. */
export interface HostOptions {
  /** Group → roles, over what names of groups speak of. */
  groups?: Readonly<Record<string, readonly Role[]>>;
  /** Name → IPv4 address, of names that have been looked up. */
  addresses?: ReadonlyMap<string, string>;
}

/** Takes over the hosts of an inventory: names, roles, and the way to them. */
export function importHosts(groups: Groups, all: readonly AnsibleHost[], options: HostOptions): Imported {
  const byGroup = groupRoles(groups, options.groups ?? {});
  const rolesOf = ({ groups: mine }: AnsibleHost): Role[] => {
    const own = new Set(mine.flatMap((group) => byGroup.get(group) ?? []));
    return allRoles.filter((role) => own.has(role));
  };
  const members = all.filter((host) => rolesOf(host).length > 0);
  const names = hostNames(members.map((host) => textFor(host, ways.name) ?? host.name));
  const imported = new Imported(
    members.map((host, index): ImportedHost => ({
      name: names[index] ?? labelOf(host.name),
      origin: host.name,
      roles: rolesOf(host),
      variables: host.variables,
      line: {},
    })),
  );
  for (const host of imported.hosts) findWay(host, imported, options);
  describeLostWays(imported);
  imported.seenReadable(...Object.values(ways).flat());
  describeNames(imported);
  describeRoles(imported, byGroup);
  describeGroups(imported, groups, byGroup);
  takeBastion(
    imported,
    all.filter((host) => host.groups.some(isBastion)),
  );
  describeOthers(
    imported,
    all.filter((host) => rolesOf(host).length === 0 && !host.groups.some(isBastion)),
  );
  return imported;
}

function textFor({ variables }: Pick<AnsibleHost, "variables">, names: readonly string[]): string | undefined {
  return names
    .map((name) => variables.get(name)?.value)
    .map((value) => (value !== undefined && withheldIn(value) === undefined ? textOf(value) : undefined))
    .find((text) => text !== undefined);
}

/** Address, SSH address, user and port of a host. */
function findWay(host: ImportedHost, imported: Imported, { addresses }: HostOptions): void {
  const reached = textFor(host, ways.address) ?? host.origin;
  const [own, access] = [textFor(host, ways.own), textFor(host, ways.access)];
  const address =
    [own, access, reached].find((text) => text !== undefined && isIPv4(text)) ?? addresses?.get(reached) ?? "";
  host.line.address = address;
  if (reached !== address && sshAddressSchema.safeParse(reached).success) host.line.sshAddress = reached;
  if (access !== undefined && access !== address)
    imported.add({
      ...changed(
        "address",
        `hosts reach each other by addresses of their own interfaces: ${host.name} has ${address || "none"}`,
      ),
      what: "access_ip",
      where: host.variables.get("access_ip")?.where ?? host.origin,
    });
  if (address === "" && addresses?.has(reached) !== true)
    imported.checks.push(
      `${host.name}: its IPv4 address is not in the inventory, which has ${reached}; write it as address, or run the import with --resolve`,
    );
  const [user, port] = [loginOf(textFor(host, ways.user)), portOf(textFor(host, ways.port))];
  if (user !== undefined) host.line.user = user;
  if (port !== undefined) host.line.port = port;
}

/** Users and ports that are none: once for each variable, whatever number of hosts has it. */
function describeLostWays(imported: Imported): void {
  for (const [names, read, outcome] of [
    [ways.user, loginOf, noLogin],
    [ways.port, portOf, noPort],
  ] as const) {
    const lost = imported.hosts.filter((host) => {
      const text = textFor(host, names);
      return text !== undefined && read(text) === undefined;
    });
    for (const name of names) {
      const places = lost.flatMap(({ variables }) => variables.get(name)?.where ?? []);
      if (places.length > 0) imported.add({ ...outcome, what: name, where: shortly([...new Set(places)]) });
    }
  }
}

function describeNames(imported: Imported): void {
  const renamed = imported.hosts.filter(({ name, origin }) => name !== origin);
  if (renamed.length === 0) return;
  imported.add({
    ...changed("name", "a host is called like its Node, by a label without dots; the label is unique in the stack"),
    what: shortly(
      renamed.map(({ name, origin }) => `${origin} → ${name}`),
      6,
    ),
    where: "names of hosts",
  });
}

function describeRoles(imported: Imported, byGroup: ReadonlyMap<string, readonly Role[]>): void {
  for (const [group, roles] of byGroup)
    imported.add({
      verdict: "taken",
      becomes: `role ${roles.join(", ")}`,
      why: "",
      what: `group ${group}`,
      where: "groups",
    });
  const planes = imported.hosts.filter(({ roles }) => roles.includes("control-plane"));
  if (imported.hosts.some(({ roles }) => roles.includes("etcd")) || planes.length === 0) return;
  for (const host of planes) host.roles.unshift("etcd");
  imported.add({
    ...changed("role etcd", "no group has members of etcd of its own: they are on the control-plane hosts"),
    what: "members of etcd",
    where: "groups",
  });
}

/** Groups of one's own that hosts of the cluster are in. */
function describeGroups(imported: Imported, groups: Groups, byGroup: ReadonlyMap<string, readonly Role[]>): void {
  const members = new Set(imported.hosts.map(({ origin }) => origin));
  const own = groups.names.filter(
    (name) => !["all", "ungrouped"].includes(name) && !byGroup.has(name) && !isBastion(name),
  );
  for (const name of own.filter((group) => [...groups.group(group).hosts].some((host) => members.has(host))))
    imported.add({
      ...left(
        "speaks of no role of the cluster: what its hosts have besides is a role's, or a label of theirs (docs/ansible.md, groups)",
      ),
      what: `group ${name}`,
      where: "groups",
    });
}

/** What lies between the operator's machine and the hosts. */
function takeBastion(imported: Imported, bastions: readonly AnsibleHost[]): void {
  const [first, ...more] = bastions;
  if (first === undefined) return;
  const user = textFor(first, ways.user);
  const port = textFor(first, ways.port);
  const place = textFor(first, ways.address) ?? first.name;
  const jump = `${user === undefined ? "" : `${user}@`}${place}${port === undefined ? "" : `:${port}`}`;
  imported.configure({ bastion: [jump] });
  const why =
    more.length === 0 ? "" : `one is enough as a jump host; left out: ${shortly(more.map(({ name }) => name))}`;
  imported.add({
    ...(why === "" ? { verdict: "taken", becomes: "plinth:bastion", why } : changed("plinth:bastion", why)),
    what: `host ${first.name}`,
    where: first.groups.join(", "),
  });
}

/** Hosts that have no part in the cluster. */
function describeOthers(imported: Imported, others: readonly AnsibleHost[]): void {
  const byGroups = Map.groupBy(others, ({ groups }) => groups.filter((name) => name !== "ungrouped").join(", "));
  for (const [groups, hosts] of byGroups)
    imported.add({
      ...left(
        groups === ""
          ? "they are in no group: `--group GROUP=ROLE` says what hosts of a group are"
          : "their groups speak of no role of the cluster: `--group GROUP=ROLE` says what hosts of a group are; for machines beside it see docs/ansible.md",
      ),
      what: `${hosts.length === 1 ? "host" : "hosts"} ${shortly(
        hosts.map(({ name }) => name),
        6,
      )}`,
      where: groups === "" ? "no group" : groups,
    });
}
