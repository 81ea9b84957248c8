import { readFileSync } from "node:fs";

/** How a process on this machine is told apart from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot at which it started (field 22 of /proc/PID/stat). */
  readonly startTicks: string;
  /** Short name of the executable (field 2). */
  readonly name: string;
  readonly parent: number;
  /** One letter: R running, S sleeping, Z zombie… */
  readonly state: string;
}

/** Reads the text of /proc/PID/stat. The name stands in parentheses and may hold spaces and parentheses itself. */
export function parseProcStat(text: string): ProcessIdentity | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  const rest = text
    .slice(close + 2)
    .trim()
    .split(" ");
  const state = rest[0];
  const parent = rest[1];
  const startTicks = rest[19];
  const pid = Number(text.slice(0, open).trim());
  if (state === undefined || parent === undefined || startTicks === undefined || !Number.isInteger(pid))
    return undefined;
  return { pid, startTicks, name: text.slice(open + 1, close), parent: Number(parent), state };
}

/** The living process with this pid; a zombie counts as dead. */
export function findProcess(pid: number): ProcessIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
  const found = parseProcStat(text);
  return found === undefined || found.state === "Z" || found.state === "X" ? undefined : found;
}

/** The environment a process was started with; empty when it is gone or belongs to another user. */
export function readEnvironment(pid: number): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return {};
    throw error;
  }
  const pairs = text.split("\0").filter((entry) => entry.includes("="));
  return Object.fromEntries(
    pairs.map((entry): [string, string] => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
}
