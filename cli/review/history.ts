import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isChange, type FinishedStep } from "../pulumi/events.ts";
import type { Project } from "../project/project.ts";
import { displayNameOf } from "../render/display-name.ts";
import { hostsIn, isCommand, kindOf } from "./resources.ts";

/** How long one command on a host has taken. One line of `.plinth/history/<stack>.jsonl`. */
export interface PastStep {
  /** For example `update etcd`. */
  kind: string;
  /** Milliseconds. */
  duration: number;
}

/** Past this size the older half is forgotten. Bytes. */
const LIMIT = 1024 * 1024;

export function historyPath(project: Project, stack: string): string {
  return join(project.workDir, "history", `${stack}.jsonl`);
}

/** What a run teaches: the commands on hosts that have succeeded. */
export function pastSteps(steps: readonly FinishedStep[], inventory: readonly string[]): PastStep[] {
  const done = steps.filter(({ op, urn, custom, failed }) => custom && !failed && isChange(op) && isCommand(urn));
  const hosts = hostsIn(
    done.map(({ urn }) => urn),
    inventory,
  );
  return done.map(({ op, urn, started, ended }) => ({
    kind: kindOf(op, displayNameOf(urn, hosts)),
    duration: Math.round(ended - started),
  }));
}

/** Every line that makes sense; a run that was killed may have left half of one. */
export function parseHistory(text: string): PastStep[] {
  return text.split("\n").flatMap((line): PastStep[] => {
    try {
      const value = JSON.parse(line) as Partial<PastStep> | null;
      if (typeof value?.kind !== "string" || typeof value.duration !== "number") return [];
      return value.duration >= 0 ? [{ kind: value.kind, duration: value.duration }] : [];
    } catch {
      return [];
    }
  });
}

export function readHistory(project: Project, stack: string): PastStep[] {
  const path = historyPath(project, stack);
  return existsSync(path) ? parseHistory(readFileSync(path, "utf8")) : [];
}

/** Adds the steps of a run. Whoever cannot write it down has still done the run: the caller decides what to say. */
export function appendHistory(path: string, steps: readonly PastStep[]): void {
  if (steps.length === 0) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path) && statSync(path).size > LIMIT) {
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(`${path}.new`, lines.slice(Math.floor(lines.length / 2)).join("\n"), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  // The first line break ends what a killed run has left.
  appendFileSync(path, `\n${steps.map((step) => JSON.stringify(step)).join("\n")}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
}

/** Writes down how long the steps of a run took. A run that is done stays done when that fails. */
export function rememberRun(
  project: Project,
  stack: string,
  steps: readonly FinishedStep[],
  inventory: readonly string[],
  warn: (message: string) => void,
): void {
  try {
    appendHistory(historyPath(project, stack), pastSteps(steps, inventory));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    warn(`how long this run took could not be written down: ${reason}`);
  }
}
