import { countChanges, type RunEvents, type FinishedStep } from "../pulumi/events.ts";
import type { Outputs } from "../pulumi/outputs.ts";
import type { Phase } from "../process/phases.ts";
import { formatDuration } from "./duration.ts";
import { formatTable } from "./table.ts";
import { componentModule, parseUrn } from "./urn.ts";

/** Length of the union of intervals: steps of one component run side by side. */
export function coveredTime(intervals: readonly { started: number; ended: number }[]): number {
  const sorted = [...intervals].sort((a, b) => a.started - b.started);
  let covered = 0;
  let until = -Infinity;
  for (const { started, ended } of sorted) {
    covered += Math.max(0, ended - Math.max(started, until));
    until = Math.max(until, ended);
  }
  return covered;
}

/** Time by component (pki, host, etcd…), in the order in which they began. Components may overlap in time. */
export function componentPhases(steps: readonly FinishedStep[]): Phase[] {
  const groups = new Map<string, FinishedStep[]>();
  for (const step of steps.filter(({ custom, op }) => custom && op !== "same" && op !== "read")) {
    const urn = parseUrn(step.urn);
    const name = urn === undefined ? undefined : componentModule(urn);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [step]);
    else group.push(step);
  }
  return [...groups]
    .map(([name, group]) => ({
      name,
      begin: Math.min(...group.map(({ started }) => started)),
      duration: coveredTime(group),
    }))
    .sort((a, b) => a.begin - b.begin)
    .map(({ name, duration }) => ({ name, duration }));
}

/** SSH use of one host in this run. */
export interface SshUse {
  host: string;
  connections: number;
  roundTrips: number;
}

/** What `up` reports at its end; `--json` prints it as it is. */
export interface RunSummary {
  stack: string;
  /** Operation → number of resources. */
  changes: Record<string, number>;
  endpoint: string | undefined;
  hosts: { name: string; address: string; roles: readonly string[] }[];
  /** Component → version. */
  versions: NonNullable<Outputs["versions"]>;
  /** Milliseconds. `components` overlap each other. */
  phases: Phase[];
  components: Phase[];
  total: number;
  /** Milliseconds until the engine had started the program, over all of its runs; they are in `phases`, too. */
  programStart: number;
  ssh: SshUse[];
}

export function summarize(options: {
  stack: string;
  events: RunEvents;
  outputs: Outputs;
  phases: readonly Phase[];
  programStart: number;
  ssh: readonly SshUse[];
}): RunSummary {
  const { stack, events, outputs, phases, programStart, ssh } = options;
  return {
    stack,
    changes: events.changes,
    endpoint: outputs.endpoint,
    hosts: Object.entries(outputs.hosts ?? {}).map(([name, { address, roles }]) => ({ name, address, roles })),
    versions: outputs.versions ?? {},
    phases: phases.map(({ name, duration }) => ({ name, duration: Math.round(duration) })),
    components: componentPhases(events.steps),
    total: Math.round(phases.reduce((sum, { duration }) => sum + duration, 0)),
    programStart: Math.round(programStart),
    ssh: [...ssh],
  };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function phaseList(phases: readonly Phase[]): string {
  return phases.map(({ name, duration }) => `${name} ${formatDuration(duration)}`).join(", ");
}

/** `most 1 connection per host, 14 round trips`. */
export function sshLine(ssh: readonly SshUse[]): string {
  if (ssh.length === 0) return "no connection";
  const most = Math.max(...ssh.map(({ connections }) => connections));
  const trips = ssh.reduce((sum, { roundTrips }) => sum + roundTrips, 0);
  const connections = ssh.reduce((sum, { connections: count }) => sum + count, 0);
  return `${count(connections, "connection")} to ${count(ssh.length, "host")} (at most ${most} per host), ${count(trips, "round trip")}`;
}

/** The closing lines of `up`. */
export function summaryLines(summary: RunSummary, launcher = "./plinth"): string[] {
  const changed = countChanges(summary.changes);
  const stackFlag = summary.stack === "lab" ? "" : ` --stack ${summary.stack}`;
  const lines = [changed === 0 ? "Nothing to change." : `Done: ${count(changed, "resource")} changed.`, ""];
  const rows: string[][] = [];
  if (summary.endpoint !== undefined) rows.push(["endpoint", summary.endpoint]);
  summary.hosts.forEach(({ name, address, roles }, index) =>
    rows.push([index === 0 ? "hosts" : "", `${name}  ${address}  ${roles.join(", ")}`]),
  );
  const versions = Object.entries(summary.versions).map(([name, version]) => `${name} ${version}`);
  if (versions.length > 0) rows.push(["versions", versions.join(", ")]);
  if (summary.endpoint !== undefined)
    rows.push(["kubectl", `${launcher} kubectl${stackFlag} get --raw '/readyz?verbose'`]);
  rows.push(["time", `${formatDuration(summary.total)}: ${phaseList(summary.phases)}`]);
  if (summary.components.length > 0) rows.push(["", `side by side: ${phaseList(summary.components)}`]);
  rows.push(["ssh", sshLine(summary.ssh)]);
  return [...lines, ...formatTable(rows)];
}
