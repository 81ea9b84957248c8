import { readFile } from "node:fs/promises";
import { readIfThere } from "./files.ts";

/** Names one process for all times: ids are used again, but not with the same start time in the same boot. */
export interface ProcessRecord {
  pid: number;
  /** Field 22 of /proc/<pid>/stat: clock ticks since the machine booted. */
  startTime: number;
  /** /proc/sys/kernel/random/boot_id of the machine. */
  bootId: string;
}

/** Reads `<pid> <start time> <boot id>`; undefined for anything else (a file cut off by a crash, say). */
export function parseRecord(text: string): ProcessRecord | undefined {
  const match = /^(\d+) (\d+) ([0-9a-f-]{36})\n?$/.exec(text);
  if (match === null) return undefined;
  const [, pid = "", startTime = "", bootId = ""] = match;
  return { pid: Number(pid), startTime: Number(startTime), bootId };
}

/** State letter and start time out of /proc/<pid>/stat, where the name of the program may hold spaces and brackets. */
export function parseStat(text: string): { state: string; startTime: number } {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", startTime: Number(fields[19]) };
}

/** Whether the process that is recorded in a file runs still. A process that has ended but was not reaped does not. */
export async function recordedProcessAlive(file: string): Promise<boolean> {
  const record = parseRecord((await readIfThere(file)) ?? "");
  if (record === undefined) return false;
  const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  if (record.bootId !== bootId) return false;
  const stat = await readIfThere(`/proc/${record.pid}/stat`);
  if (stat === undefined) return false;
  const { state, startTime } = parseStat(stat);
  return startTime === record.startTime && state !== "Z" && state !== "X";
}

/** Clock ticks per second in /proc: a constant of Linux's user interface on the architectures that Node runs on. */
const ticksPerSecond = 100;

/** Seconds since a process started; null when it is gone. */
export async function processAge(pid: number): Promise<number | null> {
  const [stat, uptime] = await Promise.all([readIfThere(`/proc/${pid}/stat`), readFile("/proc/uptime", "utf8")]);
  if (stat === undefined) return null;
  return Math.max(0, Math.round(Number(uptime.split(" ")[0]) - parseStat(stat).startTime / ticksPerSecond));
}
