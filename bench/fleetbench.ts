import { FleetProcess } from "./fleet/process.ts";
import type { StartupLimit } from "./fleet/startups.ts";
import { measure, type OperationResult } from "./operations.ts";
import { asksForOtherPackages, benchHosts, BenchProject, benchStack } from "./project.ts";

export interface FleetBenchOptions {
  /** The project's own folder. */
  source: string;
  /** What is measured; undefined for the files as they are. */
  commit: string | undefined;
  /** Numbers of hosts, three of the control plane among them. */
  sizes: readonly number[];
  /** Whether the engine leaves its state alone until the end of a run. */
  skipCheckpoints: boolean;
  /** What the hosts' SSH servers, taken as one, do with many connections that have not logged in. */
  startups: StartupLimit | undefined;
  /** Gets a line for each thing that begins or ends. */
  say: (line: string) => void;
  /** Ends the bench after what is under way. */
  stop: AbortSignal;
}

/** One operation on one fleet. */
export interface FleetRow extends OperationResult {
  hosts: number;
  operation: string;
  /** Why it counts as failed; undefined when it did what it should. */
  failure: string | undefined;
  /** SSH connections that were opened, dropped ones included; commands; both by host. */
  dialsPerHost: number;
  commandsPerHost: number;
  dropped: number;
  /** The most connections at a time that had not logged in. */
  mostWaiting: number;
  /** CPU that the simulated hosts took, beside what is measured. */
  fleetCpuSeconds: number;
}

interface Operation {
  title: string;
  args: readonly string[];
  /** Whether resources must change, or must not; anything goes without it. */
  changes?: boolean;
  /** Made ready before it. */
  prepare?: () => Promise<void>;
}

const preview = ["preview", "--stack", benchStack];
const up = ["up", "--stack", benchStack, "--yes"];

/** Measures all operations for every size, each on a new fleet. After a failure the rest of its size is left out. */
export async function benchFleet(options: FleetBenchOptions): Promise<FleetRow[]> {
  const rows: FleetRow[] = [];
  for (const size of options.sizes) {
    if (!options.stop.aborted) rows.push(...(await benchSize(size, options)));
  }
  return rows;
}

async function benchSize(size: number, options: FleetBenchOptions): Promise<FleetRow[]> {
  const { say } = options;
  const isStopped = (): boolean => options.stop.aborted; // It may be between any two lines.
  const fleet = await FleetProcess.start(options.startups);
  let project: BenchProject | undefined;
  let keep = false;
  try {
    const made = await BenchProject.make(options.source, options.commit, fleet.access);
    project = made;
    if (await asksForOtherPackages(options.source, made.directory)) {
      say("the measured commit asks for other npm packages than the installed ones, which are used all the same");
    }
    const env = options.skipCheckpoints ? { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" } : {};
    await fleet.publish(await made.scripts());
    const everybody = benchHosts(fleet.access.subnet, size + 1);
    const keys = await fleet.add(everybody);
    const hosts = everybody.slice(0, size);
    const operations: Operation[] = [
      { title: "first preview", args: preview, changes: true, prepare: () => made.configure(hosts, keys) },
      { title: "first up", args: up, changes: true },
      { title: "second up", args: up },
      { title: "up, nothing to change", args: up, changes: false },
      { title: "preview, nothing to change", args: preview, changes: false },
      { title: "one host more", args: up, changes: true, prepare: () => made.configure(everybody, keys) },
      {
        title: "one kubelet setting",
        args: up,
        changes: true,
        prepare: () => made.configure(everybody, keys, { kubeletConfig: { maxPods: 120 } }),
      },
    ];
    const rows: FleetRow[] = [];
    for (const { title, args, changes, prepare } of operations) {
      if (isStopped()) break;
      await prepare?.();
      await fleet.count();
      say(`${size} hosts: ${title}`);
      const result = await measure(made, args, env);
      const asked = await fleet.count();
      const failure = failureOf(result, changes, asked.complaints);
      const row: FleetRow = {
        hosts: size,
        operation: title,
        failure,
        ...result,
        dialsPerHost: asked.dials / size,
        commandsPerHost: asked.commands / size,
        dropped: asked.dropped,
        mostWaiting: asked.mostWaiting,
        fleetCpuSeconds: asked.cpuSeconds,
      };
      rows.push(row);
      say(`  ${result.seconds.toFixed(1)} s${failure === undefined ? "" : `, FAILED: ${failure}`}`);
      if (failure !== undefined) {
        keep = !isStopped();
        say(result.said.trimEnd().split("\n").slice(-30).join("\n"));
        if (keep) say(`its project is kept: ${made.folder}`);
        break;
      }
    }
    return rows;
  } finally {
    await fleet.close();
    if (!keep) await project?.remove();
  }
}

/** Why an operation counts as failed. */
export function failureOf(
  { code, changes }: Pick<OperationResult, "code" | "changes">,
  expected: boolean | undefined,
  complaints: readonly string[],
): string | undefined {
  if (code !== 0) return `exit code ${code ?? "none, a signal ended it"}`;
  if (complaints.length > 0) return `${complaints.length} commands failed on hosts, the first: ${complaints[0] ?? ""}`;
  if (expected === true && changes === 0) return "nothing was changed, expected changes";
  if (expected === false && changes !== 0)
    return `${changes ?? "an unknown number of"} resources changed, expected none`;
  return undefined;
}
