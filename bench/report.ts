import { writeFile } from "node:fs/promises";
import { arch, availableParallelism, cpus, release } from "node:os";
import { median, type CommandRow } from "./commands.ts";
import type { FleetRow } from "./fleetbench.ts";

const whole = (value: number): string => Math.round(value).toLocaleString("en");
const tenth = (value: number): string => (value < 10 ? value.toFixed(1) : whole(value));

/** The heading and a row for each operation. */
export function fleetTable(rows: readonly FleetRow[]): string[][] {
  const heading = [
    "hosts",
    "operation",
    "wall s",
    "engine CPU s / RSS MiB",
    "program CPU s / RSS MiB",
    "together MiB",
    "checkpoints",
    "written MiB",
    "state MiB",
    "changed",
    "dials/host",
    "execs/host",
    "dropped",
    "result",
  ];
  return [heading, ...rows.map(cells)];
}

function cells(row: FleetRow): string[] {
  const { engine, program, togetherMiB } = row.cost;
  return [
    String(row.hosts),
    row.operation,
    tenth(row.seconds),
    `${tenth(engine.cpuSeconds)} / ${whole(engine.peakMiB)}`,
    `${tenth(program.cpuSeconds)} / ${whole(program.peakMiB)}`,
    whole(togetherMiB),
    whole(row.checkpoints),
    whole(engine.writtenMiB),
    row.state === undefined ? "-" : row.state.fileMiB.toFixed(1),
    row.changes === undefined ? "?" : whole(row.changes),
    row.dialsPerHost.toFixed(2),
    row.commandsPerHost.toFixed(1),
    whole(row.dropped),
    row.failure === undefined ? "done" : `FAILED: ${row.failure}`,
  ];
}

/** The heading and a row for each command. */
export function commandTable(rows: readonly CommandRow[]): string[][] {
  const second = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : "-");
  return [
    ["command", "runs", "median s", "min s", "max s", "result"],
    ...rows.map(({ command, seconds, failure }) => [
      command,
      String(seconds.length),
      second(median(seconds)),
      second(Math.min(...seconds)),
      second(Math.max(...seconds)),
      failure === undefined ? "done" : `FAILED: ${failure}`,
    ]),
  ];
}

/** Writes measurements with what they were made on. */
export async function writeReport(path: string, measurements: Readonly<Record<string, unknown>>): Promise<void> {
  const machine = {
    processors: availableParallelism(),
    model: cpus()[0]?.model,
    kernel: release(),
    arch: arch(),
    node: process.version,
  };
  const report = { at: new Date().toISOString(), machine, ...measurements };
  await writeFile(path, `${JSON.stringify(report, null, 2)}\n`);
}
