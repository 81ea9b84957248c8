import type { HostReader } from "../../components/host/reader.ts";
import type { HostAccess } from "../../components/host/targets.ts";
import type { Restore } from "../../plan/restore/course.ts";
import { nextStep, stepSentences, type RestoreVerb } from "../../plan/restore/steps.ts";
import { CliError, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { Terminal } from "../render/terminal.ts";
import { hostStep, type Exec } from "./host-steps.ts";

/** Hosts that restore, and how they are reached. */
export interface RestoringHosts {
  access: HostAccess;
  clusterId: string;
  /** File of the snapshot, where it still has to go to hosts. */
  file: string | undefined;
  terminal: Terminal;
  /** Aborted once no further step is to begin. */
  stop: AbortSignal;
  readHosts: HostReader;
  /** Default: by SSH. */
  exec: Exec | undefined;
}

/** Puts the snapshot on hosts that carry nothing. */
export async function plant(at: RestoringHosts, restore: Restore): Promise<void> {
  await onHosts(at, restore, "plant", restore.plan.members);
}

/** Looks where each host is, and has them do what comes next, until nothing does. */
export async function goThrough(at: RestoringHosts, restore: Restore): Promise<void> {
  const { terminal } = at;
  const { fact } = restore;
  for (;;) {
    const next = nextStep(fact.id, await progressOf(at, restore));
    if ("done" in next) return;
    if ("torn" in next) {
      throw new CliError(
        `${next.torn.join(", ")} is not where the other hosts are in the restore ${fact.id}: begin again with the snapshot and --anew.`,
      );
    }
    if (next.step === "stage" && at.file === undefined) {
      throw new CliError(
        `${next.hosts.join(", ")} has no snapshot of the restore ${fact.id}: say --snapshot FILE and --anew.`,
      );
    }
    terminal.note(`${next.step} on ${next.hosts.join(", ")}: ${stepSentences[next.step]}`);
    await onHosts(at, restore, next.step, next.hosts);
  }
}

async function progressOf({ access, readHosts }: RestoringHosts, { hosts }: Restore) {
  const readings = await readHosts(new Map([...access].filter(([name]) => hosts.includes(name))));
  const told = hosts.map((name) => {
    const reading = readings.get(name);
    if (reading === undefined || !("facts" in reading)) {
      throw new CliError(
        `${name} does not answer in the middle of the restore (${reading?.message ?? "it was not asked"}): bring it back and run ./plinth restore again, it goes on from there; or leave it out by --anew --without ${name} with the snapshot.`,
      );
    }
    return [name, reading.facts.restores] as const;
  });
  return new Map(told);
}

/** Has hosts do a step at the same time. All come to their end before the first that failed is told of. */
async function onHosts(
  at: RestoringHosts,
  restore: Restore,
  step: RestoreVerb | "plant",
  names: readonly string[],
): Promise<void> {
  const { access, terminal, exec, stop } = at;
  const failures = await Promise.all(
    names.map(async (name) => {
      const target = access.get(name);
      if (target === undefined) return `${name}: it cannot be reached`;
      const withData = restore.plan.members.includes(name);
      const file = (step === "stage" || step === "plant") && withData ? at.file : undefined;
      const { failure, said } = await hostStep(
        target,
        wordsOf(step, name, restore, at.clusterId, withData),
        file,
        exec,
      );
      for (const line of said) terminal.note(`  ${line}`);
      return failure;
    }),
  );
  const found = failures.filter((failure) => failure !== undefined);
  if (found.length > 0) throw new CliError(`The step ${step} failed:\n${found.map((line) => `  ${line}`).join("\n")}`);
  if (stop.aborted) throw new QuietExit(Exit.interrupted);
}

function wordsOf(step: string, name: string, { fact }: Restore, clusterId: string, withData: boolean): string[] {
  const { id, token, members, bump, sha256 } = fact;
  if (step !== "stage" && step !== "plant") return ["restore", step, "--id", id];
  return [
    ...["restore", step, "--id", id, "--cluster-id", clusterId, "--host", name, "--token", token],
    ...["--members", members, "--bump", String(bump), "--sha256", withData ? sha256 : "-"],
  ];
}
