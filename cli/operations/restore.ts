import { randomBytes } from "node:crypto";
import type { HostReader } from "../../components/host/reader.ts";
import { resolveAccess, type HostAccess } from "../../components/host/targets.ts";
import { PlinthError, type Finding } from "../../plan/findings.ts";
import { guard } from "../../plan/guards/rule.ts";
import { goneRule, mayBePlanted } from "../../plan/guards/gone.ts";
import type { DataSet } from "../../plan/backup/set.ts";
import { paths } from "../../plan/names.ts";
import { revisionBump } from "../../plan/restore/bump.ts";
import type { RestoreFact } from "../../plan/restore/facts.ts";
import { lossLines, newRestoreId, planRestore, tokenOf, type RestorePlan } from "../../plan/restore/situation.ts";
import { snapshotFindings, type SnapshotFacts } from "../../plan/restore/snapshot.ts";
import { memberNames, nextStep, restoreSteps, stepSentences, type RestoreVerb } from "../../plan/restore/steps.ts";
import type { Outputs } from "../pulumi/outputs.ts";
import type { StackInput } from "../project/inventory.ts";
import { CliError, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { confirm } from "../render/prompt.ts";
import type { Terminal } from "../render/terminal.ts";
import { certificateText, inspectSnapshot } from "../restore/inspect.ts";
import { hostStep, type Exec } from "../restore/host-steps.ts";
import type { LocalSnapshot, SnapshotSource } from "../restore/source.ts";

export interface RestoreRun {
  stack: string;
  input: StackInput;
  outputs: Outputs;
  /** Undefined where a restore that was cut off is gone on with. */
  source: SnapshotSource | undefined;
  /** Digests of the keys that the stack's state has; undefined where it has none. */
  keys: () => Promise<DataSet["keys"] | undefined>;
  preview?: boolean;
  yes?: boolean;
  anew?: boolean;
  without: readonly string[];
  terminal: Terminal;
  stop: AbortSignal;
  /** Keeps other runs off the cluster until this one is over. */
  lock: (access: HostAccess) => Promise<unknown>;
  /** Tests pass their own. */
  readHosts: HostReader;
  exec?: Exec;
  now?: () => number;
}

/** What goes to every host that takes part. */
interface Restore {
  fact: RestoreFact;
  plan: RestorePlan;
  hosts: string[];
  /** File of the snapshot, where it still has to go to hosts. */
  file: string | undefined;
}

/**
 * Restores etcd's data from a snapshot, or goes on with a restore that was cut off. Everything that can be refused is refused before
 * anything is stopped.
 */
export async function runRestore(run: RestoreRun): Promise<void> {
  const { input, terminal, source } = run;
  const { access, findings } = await resolveAccess(input.hosts, input.config);
  if (findings.length > 0) throw new PlinthError(findings);
  const snapshot = await source?.open();
  try {
    // Before it looks, so that what it sees stays as it is.
    if (run.preview !== true) await run.lock(access);
    const restore = await prepare(run, access, snapshot);
    if (run.preview === true) return;
    await agree(run, restore);
    if (restore.plan.kind === "plant") await plant(run, access, restore);
    else await goThrough(run, access, restore);
    for (const line of endLines(restore)) terminal.print(line);
  } finally {
    await snapshot?.close();
  }
}

/** Looks at hosts and snapshot, and says what would be done. */
async function prepare(run: RestoreRun, access: HostAccess, snapshot: LocalSnapshot | undefined): Promise<Restore> {
  const { input, outputs, terminal } = run;
  const { hosts, config } = input;
  const now = (run.now ?? Date.now)();
  const certificate = certificateText(outputs.caCertificate);
  const [readings, facts] = await Promise.all([
    run.readHosts(access),
    snapshot === undefined ? undefined : inspectSnapshot(snapshot.path, certificate),
  ]);
  const { clusterId } = outputs;
  const { plan, findings } = planRestore({
    hosts,
    readings,
    clusterId,
    mayBePlanted: mayBePlanted(outputs),
    without: run.without,
  });
  if (facts !== undefined) {
    const versions = { kubernetes: config.kubernetesVersion, etcd: [config.etcdVersion, ...plan.versions] };
    // A file of the operator's says nothing about keys.
    const keys = snapshot?.set === undefined ? undefined : await run.keys();
    const wanted = { clusterId, ...versions, ...(keys === undefined ? {} : { keys }) };
    findings.push(...snapshotFindings(facts, snapshot?.set, wanted));
  }
  const { current } = plan;
  const goesOn = current !== undefined && run.anew !== true;
  if (!goesOn && facts === undefined) {
    if (findings.length > 0) throw new PlinthError(findings);
    throw new CliError(
      `No restore is under way: say what to restore, by --latest, --backup ID, --to TIME or --snapshot FILE (${plan.serves}).`,
      Exit.badInput,
    );
  }
  if (goesOn && facts !== undefined && current.sha256 !== "-" && facts.sha256 !== current.sha256)
    findings.push(otherFinding(current));
  // Whoever begins again does without those that do not take part any more.
  const judged = run.anew === true ? findings.filter(({ rule }) => rule !== "restore-left") : findings;
  if (judged.length > 0) throw new PlinthError(judged);
  const restore = goesOn
    ? goingOn(plan, current, input)
    : begin(plan, facts, snapshot, { clusterId: clusterId ?? "", now });
  for (const line of planLines(run, restore, goesOn ? undefined : { facts, snapshot, now })) terminal.print(line);
  return restore;
}

function otherFinding({ id }: RestoreFact): Finding {
  const message = `the restore ${id} is under way, from another snapshot`;
  return guard(
    "restore-under-way",
    [],
    message,
    "go on with it by ./plinth restore alone, or begin again with this one by --anew",
  );
}

function goingOn(plan: RestorePlan, current: RestoreFact, { hosts }: StackInput): Restore {
  const members = memberNames(current.members);
  const isEtcd = (name: string): boolean => hosts.some((host) => host.name === name && host.roles.includes("etcd"));
  return {
    fact: current,
    plan: { ...plan, members },
    hosts: plan.hosts.filter((name) => members.includes(name) || !isEtcd(name)),
    file: undefined,
  };
}

function begin(
  plan: RestorePlan,
  facts: SnapshotFacts | undefined,
  snapshot: LocalSnapshot | undefined,
  { clusterId, now }: { clusterId: string; now: number },
): Restore {
  const id = newRestoreId(now, randomBytes(3).toString("hex"));
  return {
    plan,
    hosts: plan.hosts,
    file: snapshot?.path,
    fact: {
      id,
      step: "staged",
      sha256: facts?.sha256 ?? "-",
      token: tokenOf(clusterId, id),
      members: plan.initialCluster,
      bump: revisionBump(facts?.revision ?? 0, plan.revision, now),
    },
  };
}

function planLines(
  { stack, preview }: RestoreRun,
  { plan, hosts, fact }: Restore,
  fresh: { facts: SnapshotFacts | undefined; snapshot: LocalSnapshot | undefined; now: number } | undefined,
): string[] {
  const list = (names: readonly string[]): string => names.join(", ");
  const lines: string[] = [];
  if (fresh === undefined) lines.push(`Going on with the restore ${fact.id} of stack "${stack}".`);
  else {
    const { facts, snapshot, now } = fresh;
    const size = ((facts?.bytes ?? 0) / 2 ** 20).toFixed(1);
    lines.push(
      `Restore of etcd's data of stack "${stack}"`,
      `  snapshot  ${snapshot?.name ?? ""}, ${size} MiB, revision ${facts?.revision ?? "unknown"}, whole, of this cluster`,
      `  now       ${plan.serves}`,
    );
    const loss = lossLines({ time: snapshot?.time ?? now, revision: facts?.revision }, plan.revision, now);
    for (const [index, line] of loss.entries()) lines.push(`  ${index === 0 ? "lost" : "    "}      ${line}`);
  }
  if (plan.kind === "plant") {
    lines.push(
      `  hosts     ${list(plan.members)} carry nothing: each gets the snapshot, and begins with it at the next up`,
      `  after     ./plinth up --override ${goneRule}`,
    );
    return lines;
  }
  lines.push(`  members   ${list(plan.members)}`);
  if (plan.later.length > 0) lines.push(`  later     ${list(plan.later)}: ./plinth up makes members of them`);
  lines.push("  steps");
  for (const step of restoreSteps)
    lines.push(`    ${step.padEnd(7)} ${list(hostsOf(step, plan, hosts))}: ${stepSentences[step]}`);
  lines.push(`  Data of before is kept on each host below ${paths.kept}.`);
  if (preview === true) lines.push("Nothing was changed.");
  return lines;
}

/** The hosts on which a step has something to do. */
function hostsOf(step: RestoreVerb, plan: RestorePlan, hosts: readonly string[]): readonly string[] {
  return ["stage", "stop", "seed", "start"].includes(step) ? plan.members : hosts;
}

async function agree({ yes, terminal, stop }: RestoreRun, { plan }: Restore): Promise<void> {
  if (yes === true) return;
  const question =
    plan.kind === "plant"
      ? "Put the snapshot on these hosts?"
      : "Stop the cluster's API, and take its data back to that snapshot?";
  if (await confirm(question, stop)) return;
  terminal.print("Nothing was changed.");
  throw new QuietExit(Exit.failed);
}

function wordsOf(step: string, name: string, { fact }: Restore, clusterId: string, withData: boolean): string[] {
  const { id, token, members, bump, sha256 } = fact;
  if (step !== "stage" && step !== "plant") return ["restore", step, "--id", id];
  return [
    ...["restore", step, "--id", id, "--cluster-id", clusterId, "--host", name, "--token", token],
    ...["--members", members, "--bump", String(bump), "--sha256", withData ? sha256 : "-"],
  ];
}

/** Has hosts do a step at the same time. All come to their end before the first that failed is told of. */
async function onHosts(
  run: RestoreRun,
  access: HostAccess,
  restore: Restore,
  step: RestoreVerb | "plant",
  names: readonly string[],
): Promise<void> {
  const { terminal, outputs } = run;
  const failures = await Promise.all(
    names.map(async (name) => {
      const target = access.get(name);
      if (target === undefined) return `${name}: it cannot be reached`;
      const withData = restore.plan.members.includes(name);
      const file = (step === "stage" || step === "plant") && withData ? restore.file : undefined;
      const words = wordsOf(step, name, restore, outputs.clusterId ?? "", withData);
      const { failure, said } = await hostStep(target, words, file, run.exec);
      for (const line of said) terminal.note(`  ${line}`);
      return failure;
    }),
  );
  const found = failures.filter((failure) => failure !== undefined);
  if (found.length > 0) throw new CliError(`The step ${step} failed:\n${found.map((line) => `  ${line}`).join("\n")}`);
  if (run.stop.aborted) throw new QuietExit(Exit.interrupted);
}

async function plant(run: RestoreRun, access: HostAccess, restore: Restore): Promise<void> {
  await onHosts(run, access, restore, "plant", restore.plan.members);
}

/** Looks where each host is, and has them do what comes next, until nothing does. */
async function goThrough(run: RestoreRun, access: HostAccess, restore: Restore): Promise<void> {
  const { terminal } = run;
  const { fact, hosts } = restore;
  for (;;) {
    const readings = await run.readHosts(new Map([...access].filter(([name]) => hosts.includes(name))));
    const told = hosts.map((name) => {
      const reading = readings.get(name);
      if (reading === undefined || !("facts" in reading)) {
        throw new CliError(
          `${name} does not answer in the middle of the restore (${reading?.message ?? "it was not asked"}): bring it back and run ./plinth restore again, it goes on from there; or leave it out by --anew --without ${name} with the snapshot.`,
        );
      }
      return [name, reading.facts.restores] as const;
    });
    const next = nextStep(fact.id, new Map(told));
    if ("done" in next) return;
    if ("torn" in next) {
      throw new CliError(
        `${next.torn.join(", ")} is not where the other hosts are in the restore ${fact.id}: begin again with the snapshot and --anew.`,
      );
    }
    if (next.step === "stage" && restore.file === undefined) {
      throw new CliError(
        `${next.hosts.join(", ")} has no snapshot of the restore ${fact.id}: say --snapshot FILE and --anew.`,
      );
    }
    terminal.note(`${next.step} on ${next.hosts.join(", ")}: ${stepSentences[next.step]}`);
    await onHosts(run, access, restore, next.step, next.hosts);
  }
}

function endLines({ plan, fact }: Restore): string[] {
  if (plan.kind === "plant") {
    return [
      `The snapshot is on ${plan.members.join(", ")}.`,
      `Next: ./plinth up --override ${goneRule} brings the cluster up with it.`,
    ];
  }
  return [
    `Restored (${fact.id}): etcd, API servers and controllers serve.`,
    "Next: ./plinth up --heal makes hosts, Nodes and objects agree with the stack's state again.",
  ];
}
