import { left, shortly, type Row } from "./outcome.ts";
import { listOf, mapOf, textOf, textsOf } from "./readings.ts";
import { noPart } from "./stackrules.ts";
import type { SourceFile } from "./sources.ts";
import { isMap, isVaultFile, readYaml, type Value } from "./values.ts";

/** What roles of Ansible are called that do the same everywhere, and which role of Plinth does it. */
const counterparts: readonly [RegExp, string][] = [
  [/chrony|ntp|timesync|timezone/, "time"],
  [/node[-_]?exporter|prometheus_node/, "node-exporter"],
  [/(^|[-_.])sshd?($|[-_])|openssh/, "ssh"],
  [/users?|accounts?|sudo|authorized_keys/, "accounts"],
  [/(^|[-_])ca($|[-_])|certificates?|trust|proxy/, "trust"],
  [/rsyslog|syslog|journald|logging|filebeat|fluent|promtail|vector/, "logs"],
  [/unattended|updates?|auto[-_]?upgrade/, "updates"],
  [/nfs/, "nfs-server"],
  [/lvm|storage|disks?|mounts?|filesystem|parted/, "storage"],
];
const ofPlinth =
  /^(k8s|kube|kubernetes|etcd|containerd|docker|container[-_]?runtime|haproxy|keepalived|flannel|cni|coredns|k3s|rke2|masters?|workers?|control[-_]?plane|nodes?)($|[-_])|^kube(adm|let|ctl)/;
const addOns =
  /^(calico|cilium|metallb|ingress|cert[-_]manager|argocd|helm|longhorn|rook|prometheus|grafana|dashboard|traefik)/;

/** Roles that playbooks use, each with how it is done with Plinth. */
export function describePlaybooks(files: readonly SourceFile[]): Row[] {
  const uses = files.flatMap(({ path, text }) => (isVaultFile(text) ? [] : rolesIn(readYaml(path, text).value, path)));
  return [...Map.groupBy(uses, ({ role }) => role)].map(([role, places]) => ({
    ...left(reasonFor(role)),
    what: `role ${role}`,
    where: shortly([...new Set(places.map(({ place }) => place))]),
  }));
}

function rolesIn(playbook: Value | undefined, path: string): { role: string; place: string }[] {
  return listOf(playbook)
    .filter(isMap)
    .flatMap((play) => {
      const hosts = textOf(play["hosts"]) ?? textsOf(play["hosts"]).join(", ");
      const tasks = ["pre_tasks", "tasks", "post_tasks"].flatMap((key) => listOf(play[key]).map(mapOf));
      const included = tasks.flatMap((task) =>
        ["include_role", "import_role"].flatMap(
          (name) => textOf(mapOf(task[name] ?? task[`ansible.builtin.${name}`])["name"]) ?? [],
        ),
      );
      const listed = listOf(play["roles"]).flatMap(
        (role) => textOf(role) ?? textOf(mapOf(role)["role"]) ?? textOf(mapOf(role)["name"]) ?? [],
      );
      return [...listed, ...included].map((role) => ({ role, place: `${path}${hosts === "" ? "" : ` on ${hosts}`}` }));
    });
}

function reasonFor(role: string): string {
  const name = role.toLowerCase().split(/[./]/).at(-1) ?? role;
  if (addOns.test(name)) return `it is ${noPart}`;
  const known = counterparts.find(([words]) => words.test(name))?.[1];
  if (known === undefined && ofPlinth.test(name)) return "Plinth itself does it";
  return known === undefined
    ? "write it as a role of your own: docs/ansible.md has the block for each module"
    : `the role ${known} comes with Plinth (docs/shipped-roles.md): what it does not do, a role of your own does (docs/ansible.md)`;
}
