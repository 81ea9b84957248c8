import { isIPv4 } from "../addresses.ts";
import type { Role } from "../inventory.ts";
import { Imported, type ImportedHost } from "./imported.ts";
import { k0sRules } from "./k0srules.ts";
import { hostNames } from "./names.ts";
import { labelsOutcome, taintsOutcome } from "./noderules.ts";
import { clusterNameOutcome } from "./stackrules.ts";
import { changed, joined, left, noLogin, noPort, taken, type Outcome } from "./outcome.ts";
import { isTrue, listOf, loginOf, mapOf, numberOf, portOf, textOf, textsOf } from "./readings.ts";
import { isMap, type Value } from "./values.ts";

/** A document of k0sctl, and its place. */
export interface K0sctlFile {
  path: string;
  document: Record<string, Value>;
}

/** Whether a document is one of k0sctl's. */
export function isK0sctl(document: Value | undefined): document is Record<string, Value> {
  return isMap(document) && /^k0sctl\.k0sproject\.io\//.test(textOf(document["apiVersion"]) ?? "");
}

const rolesOf: Readonly<Record<string, readonly Role[]>> = {
  controller: ["etcd", "control-plane"],
  "controller+worker": ["etcd", "control-plane", "worker"],
  single: ["etcd", "control-plane", "worker"],
  worker: ["worker"],
};

/** Ways to a host, in one of which it has an address. */
const transports = ["ssh", "openSSH"] as const;

/** What of a host is read below; anything else of it is named. */
const read = [
  "role",
  "ssh",
  "openSSH",
  "privateAddress",
  "privateInterface",
  "hostname",
  "installFlags",
  "noTaints",
  "dataDir",
  "kubeletRootDir",
];

/** Why other fields of a host are not taken. */
const hostReasons: Readonly<Record<string, string>> = {
  hooks:
    "commands before and after a change are nothing that Plinth runs: a role does what has to be there (docs/ansible.md, command)",
  files: "files of your own are a role's (docs/ansible.md, file, copy)",
  environment: "services of Plinth have no environment of hosts: a proxy is plinth:proxy",
  reset: "a host leaves when its line is removed",
  uploadBinary: "binaries come from plinth:artifactsUrl",
  useExistingK0s: "binaries come from plinth:artifactsUrl",
  k0sBinaryPath: "binaries come from plinth:artifactsUrl",
  k0sInstallPath: "Plinth has places of its own",
  k0sDownloadURL: "binaries come from plinth:artifactsUrl",
  os: "what a host runs is read from it",
  localhost: "hosts are reached by SSH, the operator's own machine included",
};

/** Takes over a cluster of k0sctl. */
export function importK0sctl({ path, document }: K0sctlFile): Imported {
  const spec = mapOf(document["spec"]);
  const hosts = listOf(spec["hosts"]).map(mapOf);
  const wayOf = (host: Record<string, Value>): Record<string, Value> =>
    mapOf(transports.map((name) => host[name]).find(isMap));
  const origins = hosts.map(
    (host, index) => textOf(host["hostname"]) ?? textOf(wayOf(host)["address"]) ?? `host ${index + 1}`,
  );
  const names = hostNames(origins);
  const members = hosts.flatMap((host, index): [ImportedHost, Record<string, Value>][] => {
    const roles = isMap(host["winrm"]) ? [] : (rolesOf[textOf(host["role"]) ?? ""] ?? []);
    const name = names[index] ?? "";
    return roles.length === 0
      ? []
      : [[{ name, origin: origins[index] ?? name, roles: [...roles], variables: new Map(), line: {} }, host]];
  });
  const imported = new Imported(members.map(([host]) => host));
  const add = (what: string, outcome: Outcome): void => {
    imported.add({ ...outcome, what, where: path });
  };
  add("spec.hosts.role", taken("roles"));
  for (const [index, host] of hosts.entries())
    if (isMap(host["winrm"])) add(`spec.hosts[${index}]`, left("Nodes run Linux: the host is left out"));
    else if (rolesOf[textOf(host["role"]) ?? ""] === undefined)
      add(`spec.hosts[${index}].role`, left(`is none of ${Object.keys(rolesOf).join(", ")}: the host is left out`));
  for (const [host, given] of members) takeHost(host, given, wayOf(given), { imported, add });
  const metadata = mapOf(document["metadata"]);
  if (metadata["name"] !== undefined) {
    const outcome = clusterNameOutcome(metadata["name"]);
    imported.configure(outcome.config);
    add("metadata.name", outcome);
  }
  k0sRules(mapOf(spec["k0s"]), imported, add);
  if (isMap(spec["options"]))
    add(
      "spec.options",
      changed("nothing", "waves, drains and limits are Plinth's own: plinth:maxUnavailable, drainSeconds, sshDials"),
    );
  onlyOnce(imported);
  return imported;
}

interface Sink {
  imported: Imported;
  add: (what: string, outcome: Outcome) => void;
}

function takeHost(
  host: ImportedHost,
  given: Record<string, Value>,
  way: Record<string, Value>,
  { imported, add }: Sink,
): void {
  const reached = textOf(way["address"]) ?? "";
  const own = textOf(given["privateAddress"]);
  const address = [own, reached].find((text) => text !== undefined && isIPv4(text)) ?? "";
  const [user, port] = [loginOf(textOf(way["user"])), portOf(textOf(way["port"]))];
  if (way["user"] !== undefined && user === undefined) add("spec.hosts.ssh.user", noLogin);
  if (way["port"] !== undefined && port === undefined) add("spec.hosts.ssh.port", noPort);
  host.line = {
    address,
    ...(reached !== "" && reached !== address ? { sshAddress: reached } : {}),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
    ...(textOf(given["privateInterface"]) === undefined ? {} : { interface: textOf(given["privateInterface"]) }),
  };
  add("spec.hosts.ssh", taken("address, sshAddress, user, port"));
  if (address === "")
    imported.checks.push(
      `${host.name}: its IPv4 address is not in the file, which has ${reached || "none"}; write it as address`,
    );
  const bastion = mapOf(way["bastion"]);
  const gate = textOf(bastion["address"]);
  if (gate !== undefined) {
    const user = textOf(bastion["user"]) ?? "root";
    const port = numberOf(bastion["port"]);
    host.line.bastion = [`${user}@${gate}${port === undefined || port === 22 ? "" : `:${port}`}`];
    add("spec.hosts.ssh.bastion", taken("bastion"));
  }
  const key = textOf(way["keyPath"]);
  if (key !== undefined) {
    if (imported.config["sshPrivateKeyFile"] === undefined) imported.configure({ sshPrivateKeyFile: key });
    if (imported.config["sshPrivateKeyFile"] === key) add("spec.hosts.ssh.keyPath", taken("plinth:sshPrivateKeyFile"));
    else
      add(
        "spec.hosts.ssh.keyPath",
        changed("plinth:sshPrivateKeyFile", "hosts differ in it: other keys go into ~/.ssh/config or the SSH agent"),
      );
  }
  for (const directory of ["dataDir", "kubeletRootDir"])
    if (textOf(given[directory]) !== undefined)
      add(`spec.hosts.${directory}`, left("data is where plinth:directories says"));
  takeFlags(host, textsOf(given["installFlags"]), isTrue(given["noTaints"]), add);
  for (const field of Object.keys(given).filter((name) => !read.includes(name)))
    add(`spec.hosts.${field}`, left(hostReasons[field] ?? "has no counterpart"));
}

/** `--labels a=b,c=d`, `--taints k=v:NoSchedule`, `--kubelet-extra-args`, `--profile`. */
function takeFlags(host: ImportedHost, flags: readonly string[], untainted: boolean, add: Sink["add"]): void {
  for (const text of flags) {
    const [, flag = "", quoted = ""] = /^--?([\w-]+)(?:[= ](.*))?$/s.exec(text.trim()) ?? [];
    const value = quoted.trim().replaceAll(/^["']|["']$/g, "");
    const what = `spec.hosts.installFlags --${flag}`;
    const parts = value.split(",").filter((part) => part !== "");
    const outcome =
      flag === "labels" || flag === "node-labels"
        ? labelsOutcome(Object.fromEntries(parts.map((part) => part.split("=", 2) as [string, string])))
        : flag === "taints"
          ? taintsOutcome(parts)
          : flag === "no-taints"
            ? noTaints
            : left(
                "is for the k0s of one host: what the kubelet shall have goes into plinth:kubeletConfig and kubeletArgs, or settings of a host",
              );
    if (outcome.host !== undefined) host.line = joined(host.line, outcome.host);
    add(what, outcome);
  }
  if (untainted) add("spec.hosts.noTaints", noTaints);
}

const noTaints = changed(
  "role worker",
  "a control-plane host that is a worker, too, runs pods of users as its roles say",
);

/** Hosts have the same to say of themselves: each line of the report once. */
function onlyOnce({ rows }: Imported): void {
  const seen = new Set<string>();
  const once = rows.filter((row) => {
    const text = JSON.stringify(row);
    return seen.has(text) ? false : seen.add(text);
  });
  rows.splice(0, rows.length, ...once);
}
