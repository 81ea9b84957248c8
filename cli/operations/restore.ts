import { randomBytes } from "node:crypto";
import type { HostReader } from "../../components/host/reader.ts";
import { resolveAccess, type HostAccess } from "../../components/host/targets.ts";
import { PlinthError, type Finding } from "../../plan/findings.ts";
import { mayBePlanted } from "../../plan/guards/gone.ts";
import type { DataSet } from "../../plan/backup/set.ts";
import { courseOf, type Restore } from "../../plan/restore/course.ts";
import { planRestore, type RestorePlan } from "../../plan/restore/situation.ts";
import { snapshotFindings, type SnapshotFacts } from "../../plan/restore/snapshot.ts";
import { givenUpOf } from "../../plan/restore/steps.ts";
import type { Outputs } from "../pulumi/outputs.ts";
import type { StackInput } from "../project/inventory.ts";
import { CliError, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { confirm } from "../render/prompt.ts";
import type { Terminal } from "../render/terminal.ts";
import { goThrough, plant } from "../restore/go-through.ts";
import type { Exec } from "../restore/host-steps.ts";
import { certificateText, inspectSnapshot } from "../restore/inspect.ts";
import { endLines, planLines, type Beginning } from "../restore/lines.ts";
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

/**
 * Restores etcd's data from a snapshot, or goes on with a restore that was cut off. Everything that can be refused is refused before
 * anything is stopped.
 */
export async function runRestore(run: RestoreRun): Promise<void> {
  const { input, terminal, source, stop, readHosts, exec } = run;
  const { access, findings } = await resolveAccess(input.hosts, input.config);
  if (findings.length > 0) throw new PlinthError(findings);
  const snapshot = await source?.open();
  try {
    // Before it looks, so that what it sees stays as it is.
    if (run.preview !== true) await run.lock(access);
    const { restore, beginning } = await decide(run, access, snapshot);
    for (const line of planLines(run.stack, restore, beginning)) terminal.print(line);
    if (run.preview === true) {
      terminal.print("Nothing was changed.");
      return;
    }
    await agree(run, restore);
    const file = restore.goesOn ? undefined : snapshot?.path;
    const at = { access, clusterId: run.outputs.clusterId ?? "", file, terminal, stop, readHosts, exec };
    await (restore.plan.kind === "plant" ? plant(at, restore) : goThrough(at, restore));
    for (const line of endLines(restore)) terminal.print(line);
  } finally {
    await snapshot?.close();
  }
}

/** Looks at hosts and snapshot, and decides what is done. */
async function decide(
  run: RestoreRun,
  access: HostAccess,
  snapshot: LocalSnapshot | undefined,
): Promise<{ restore: Restore; beginning: Beginning | undefined }> {
  const { outputs, input } = run;
  const { clusterId } = outputs;
  const now = (run.now ?? Date.now)();
  const certificate = certificateText(outputs.caCertificate);
  const [readings, facts] = await Promise.all([
    run.readHosts(access),
    snapshot === undefined ? undefined : inspectSnapshot(snapshot.path, certificate),
  ]);
  const { hosts } = input;
  const { without } = run;
  const situation = { hosts, readings, clusterId, mayBePlanted: mayBePlanted(outputs), without };
  const { plan, findings } = planRestore(situation);
  const told = [...readings].flatMap(([name, reading]) =>
    "facts" in reading ? [[name, reading.facts.restores] as const] : [],
  );
  const course = courseOf({
    ...{ plan, hosts, clusterId, now, anew: run.anew === true, givenUp: givenUpOf(told) },
    ...{ snapshot: facts, random: randomBytes(3).toString("hex") },
    findings: [...findings, ...(facts === undefined ? [] : await judged(run, plan, facts, snapshot?.set))],
  });
  if ("findings" in course) throw new PlinthError(course.findings);
  if ("missing" in course) throw new CliError(course.missing, Exit.badInput);
  const { restore } = course;
  const begins = !restore.goesOn && snapshot !== undefined && facts !== undefined;
  return { restore, beginning: begins ? { facts, snapshot, now } : undefined };
}

/** What speaks against a snapshot. @param set its description; a file of the operator's has none, and says nothing about keys. */
async function judged(
  { outputs, input, keys: keysOf }: RestoreRun,
  { versions }: RestorePlan,
  facts: SnapshotFacts,
  set: DataSet | undefined,
): Promise<Finding[]> {
  const { kubernetesVersion, etcdVersion } = input.config;
  const keys = set === undefined ? undefined : await keysOf();
  return snapshotFindings(facts, set, {
    ...{ clusterId: outputs.clusterId, kubernetes: kubernetesVersion, etcd: [etcdVersion, ...versions] },
    ...(keys === undefined ? {} : { keys }),
  });
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
