import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What the kernel says of a process. */
export interface ProcessUse {
  pid: number;
  /** Name of its executable, at most 15 characters. */
  name: string;
  /** Seconds of CPU, of itself and of the children that it has waited for. */
  ownCpu: number;
  childrenCpu: number;
  /** Memory now, and the most so far, MiB. */
  residentMiB: number;
  peakMiB: number;
  /** Bytes given to write(2) so far, by it and by the children that it has waited for. */
  written: number;
}

let ticks: number | undefined;

/** Clock ticks per second in which /proc counts CPU time. */
function ticksPerSecond(): number {
  ticks ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return ticks;
}

/** The text of /proc/PID/stat as far as it is of use. */
export function parseStat(text: string, perSecond: number): Pick<ProcessUse, "name" | "ownCpu" | "childrenCpu"> {
  // The name stands in parentheses and may hold some itself.
  const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const seconds = (index: number): number => Number(fields[index] ?? 0) / perSecond;
  return { name, ownCpu: seconds(11) + seconds(12), childrenCpu: seconds(13) + seconds(14) };
}

function numberIn(text: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
}

/** Reads one process; undefined when it has gone. */
export function readProcess(pid: number): ProcessUse | undefined {
  try {
    const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, "utf8");
    const status = read("status");
    return {
      pid,
      ...parseStat(read("stat"), ticksPerSecond()),
      residentMiB: numberIn(status, "VmRSS") / 1024,
      peakMiB: numberIn(status, "VmHWM") / 1024,
      written: numberIn(read("io"), "wchar"),
    };
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** Pids of the living children of a process. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}
