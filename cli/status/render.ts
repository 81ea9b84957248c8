import { withRole, type Host } from "../../plan/inventory.ts";
import { memberLabel } from "../../plan/livecluster.ts";
import { careOf, formatBytes } from "../../plan/etcdcare/judge.ts";
import { drillLine } from "../../plan/backup/drill.ts";
import { backupRows } from "../../plan/backup/record.ts";
import type { EtcdMember } from "../../plan/members.ts";
import { recordLine } from "../../plan/networkcheck/record.ts";
import { formatTable } from "../render/table.ts";
import type { Terminal } from "../render/terminal.ts";
import {
  bundlesOf,
  firstToExpire,
  isOfAnotherStack,
  isOnAnotherMachine,
  membersOf,
  vipHolders,
  type Problem,
} from "./judge.ts";
import type { NodeStatus, Observation, ProbeReading } from "./types.ts";

type Paint = Pick<Terminal, "paint">;

function formatUptime(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d`;
}

function daysUntil(date: string, at: number): number {
  return Math.floor((Date.parse(date) - at) / 86_400_000);
}

function hostRow(host: Host, reading: ProbeReading | undefined, at: number): string[] {
  if (reading === undefined || "error" in reading) return [host.name, host.address, "no answer", "-", "-", "-"];
  const { uptime, certificates } = reading.probe;
  const states = (bundlesOf(reading.probe) ?? []).map(({ bundle, state, drift }) =>
    state === "complete" && drift.length === 0 ? bundle : `${bundle} (${state === "complete" ? "changed" : state})`,
  );
  const first = firstToExpire(certificates);
  return [
    host.name,
    host.address,
    "ok",
    formatUptime(uptime),
    states.length === 0 ? "none" : states.join(", "),
    first === undefined ? "-" : `${first.notAfter.slice(0, 10)} (${daysUntil(first.notAfter, at)} days)`,
  ];
}

function memberRow(member: EtcdMember, observation: Observation): string[] {
  const reading = member.name === undefined ? undefined : observation.readings.get(member.name);
  const etcd = reading !== undefined && "probe" in reading ? reading.probe.etcd?.self : undefined;
  const role = member.learner ? "learner" : etcd !== undefined && etcd.leader === etcd.id ? "leader" : "follower";
  return [
    member.started ? memberLabel(member) : "(never started)",
    member.id,
    etcd === undefined ? "no answer" : role,
    etcd?.version ?? "-",
    etcd === undefined ? "-" : String(etcd.raftIndex),
    etcd === undefined || etcd.errors.length === 0 ? "-" : etcd.errors.join("; "),
  ];
}

function machineOf(node: NodeStatus, hosts: readonly Host[], observation: Observation, stack: string): string {
  if (isOfAnotherStack(node, hosts, stack)) return `of stack ${node.owner ?? ""}`;
  if (!hosts.some(({ name }) => name === node.name)) return "not in the inventory";
  const other = isOnAnotherMachine(node, observation);
  return other === undefined ? "-" : other ? "another" : "ok";
}

function nodeRow(node: NodeStatus, machine: string): string[] {
  return [
    node.name,
    node.ready === undefined ? "unknown" : node.ready ? "yes" : "no",
    node.version === "" ? "-" : node.version,
    node.roles.join(",") || "-",
    node.unserved ? "no, leaving" : node.cordoned ? "no, cordoned" : "yes",
    node.heartbeat === undefined ? "-" : `${Math.round(node.heartbeat)} s ago`,
    machine,
  ];
}

function nodeLines(hosts: readonly Host[], observation: Observation, stack: string): string[] {
  if ("error" in observation.nodes) return [`  no list: ${observation.nodes.error}`];
  return formatTable([
    ["NODE", "READY", "VERSION", "ROLES", "TAKES PODS", "HEARTBEAT", "MACHINE"],
    ...observation.nodes.nodes.map((node) => nodeRow(node, machineOf(node, hosts, observation, stack))),
  ]);
}

/** None for a worker pool, which has none. */
function addonLines({ addons }: Observation, title: (text: string) => string): string[] {
  if (addons === undefined) return [];
  if ("error" in addons) return [title("Add-ons"), `  no list: ${addons.error}`];
  return [
    title("Add-ons"),
    ...formatTable([
      ["ADD-ON", "READY", "COMPLAINT"],
      ...addons.addons.map(({ name, ready, wanted, complaint = "-" }) => [name, `${ready} of ${wanted}`, complaint]),
    ]),
  ];
}

/** None where there are none. */
function backupLines({ backups, drill, at }: Observation, title: (text: string) => string): string[] {
  if (backups === undefined) return [];
  return [
    title("Backups"),
    ...formatTable([["TARGET", "DATA", "STATE"], ...backupRows(backups, at / 1000)]),
    ...(drill === undefined ? [] : [`  ${drillLine(drill, at / 1000)}`]),
  ];
}

/** None for a worker pool, which has no members. */
function memberLines(hosts: readonly Host[], observation: Observation, title: (text: string) => string): string[] {
  if (withRole(hosts, "etcd").length === 0) return [];
  const members = membersOf(observation);
  if (members === undefined) return [title("etcd"), "  no member list: no member answers, or there is no quorum"];
  return [
    title("etcd"),
    ...formatTable([
      ["MEMBER", "ID", "ROLE", "VERSION", "RAFT INDEX", "ERRORS"],
      ...members.map((member) => memberRow(member, observation)),
    ]),
    ...formatTable([
      ["DATABASE OF", "SIZE", "IN USE", "FREE", "OF QUOTA", "GROWTH A DAY", "WAL FSYNC P99", "COMMIT P99"],
      ...members.flatMap((member) => databaseRow(member, observation)),
    ]),
  ];
}

const orDash = <Value>(value: Value | undefined, format: (value: Value) => string): string =>
  value === undefined ? "-" : format(value);
const percent = (part: number): string => `${Math.round(part * 100)} %`;
const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(1)} ms`;

/** None for a member that does not answer. */
function databaseRow({ name }: EtcdMember, observation: Observation): string[][] {
  const reading = name === undefined ? undefined : observation.readings.get(name);
  const etcd = reading !== undefined && "probe" in reading ? reading.probe.etcd : undefined;
  const care = etcd === undefined ? undefined : careOf(etcd);
  if (name === undefined || care === undefined) return [];
  return [
    [
      name,
      formatBytes(care.size),
      orDash(care.used, formatBytes),
      orDash(care.fragmentation, percent),
      orDash(care.quotaShare, percent),
      orDash(care.growthPerDay, (bytes) => `${bytes < 0 ? "-" : "+"}${formatBytes(Math.abs(bytes))}`),
      orDash(care.fsyncP99, milliseconds),
      orDash(care.commitP99, milliseconds),
    ],
  ];
}

/** None where there is no cluster. */
function clusterLines(
  hosts: readonly Host[],
  vips: readonly string[],
  observation: Observation,
  title: (text: string) => string,
  stack: string,
): string[] {
  const { apiservers, leaders, network } = observation;
  if (network === undefined) return [];
  return [
    ...memberLines(hosts, observation, title),
    title("API"),
    ...(apiservers.size === 0
      ? []
      : formatTable([
          ["API SERVER", "READY"],
          ...[...apiservers].map(([name, { ready, message }]) => [name, ready ? "ok" : message]),
        ])),
    ...formatTable([
      ...vips.map((vip) => [`VIP ${vip}`, vipHolders(vip, observation).join(", ") || "nobody"]),
      ...leaders.map(({ lease, holder, message }) => [lease, holder ?? message ?? "unknown"]),
    ]),
    title("Network"),
    `  ${recordLine(network)}`,
    ...backupLines(observation, title),
    title("Nodes"),
    ...nodeLines(hosts, observation, stack),
    ...addonLines(observation, title),
  ];
}

/**
 * The whole status as lines.
 *
 * @param stack whose hosts these are.
 */
export function statusLines(
  hosts: readonly Host[],
  vips: readonly string[],
  observation: Observation,
  problems: readonly Problem[],
  terminal: Paint,
  stack: string,
  warnings: readonly Problem[] = [],
): string[] {
  const { readings, at } = observation;
  const title = (text: string): string => terminal.paint("bold", text);
  const lines = [
    title("Hosts"),
    ...formatTable([
      ["HOST", "ADDRESS", "SSH", "UPTIME", "BUNDLES", "FIRST CERTIFICATE ENDS"],
      ...hosts.map((host) => hostRow(host, readings.get(host.name), at)),
    ]),
    ...clusterLines(hosts, vips, observation, title, stack),
    "",
    ...(warnings.length === 0
      ? []
      : [
          terminal.paint(
            "yellow",
            `${warnings.length} ${warnings.length === 1 ? "thing" : "things"} to see to in time:`,
          ),
          ...warnings.map(problemLine),
          "",
        ]),
  ];
  if (problems.length === 0) return [...lines, terminal.paint("green", "Everything is healthy.")];
  return [
    ...lines,
    terminal.paint("red", `${problems.length} problem${problems.length === 1 ? "" : "s"}:`),
    ...problems.map(problemLine),
  ];
}

function problemLine({ host, message }: Problem): string {
  return `  - ${host === undefined ? "" : `${host}: `}${message}`;
}
