import type { ArtifactRef } from "../../artifacts/index.ts";
import type { WantedSet } from "../../plan/backup/choice.ts";
import type { DrillPhase } from "../../plan/backup/drill.ts";
import type { KindCount } from "../../plan/backup/drillkinds.ts";
import type { Sample } from "../../plan/backup/drillsample.ts";
import { drillServing, type DrillServing } from "../../plan/backup/drillserving.ts";
import { stateFor } from "../../plan/backup/drillsets.ts";
import type { BackupSet, DataSet, StateSet } from "../../plan/backup/set.ts";
import type { StateHalf } from "../../plan/backup/statehalf.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import { snapshotFindings } from "../../plan/restore/snapshot.ts";
import { copyProblem, useCopy, verifyCopy, type SealedCopy } from "../backup/copies.ts";
import { openState } from "../backup/openstate.ts";
import { CliError, describeError } from "../errors.ts";
import { Scratch, scratchFor } from "../process/scratch.ts";
import { certificateText, inspectSnapshot } from "../restore/inspect.ts";
import { requireSet, writeSnapshot, type SetsOfTargets } from "../restore/target-source.ts";
import { serveAndCompare, type ServeInput } from "./serve.ts";

export interface DrillInput {
  store: SetsOfTargets;
  /** The operator's private keys. @throws CliError when there are none. */
  identities: () => string[];
  wanted: WantedSet;
  /** What a restore of today would be made with. */
  config: Pick<ClusterConfig, "kubernetesVersion" | "etcdVersion">;
  live: ServeInput["live"];
  /** Path by name of those binaries. */
  ensure: (refs: readonly ArtifactRef[]) => Promise<ReadonlyMap<string, string>>;
  /** Says what is done now. */
  note: (line: string) => void;
  signal: AbortSignal;
}

/** What a restore drill came to. */
export interface DrillReport {
  /** Ids; undefined where it came to none. */
  set: string | undefined;
  state: string | undefined;
  /** Of the set of data, seconds, when the drill began: what would be lost now. */
  ageSeconds: number | undefined;
  /** ISO 8601. */
  startedAt: string;
  /** How long each part took, to a tenth; of those that were come to. */
  seconds: Partial<Record<DrillPhase, number>> & { total: number };
  kinds: Record<string, KindCount>;
  /** Undefined where the cluster did not answer. */
  sample: Sample | undefined;
  secrets: { served: number; encrypted: boolean } | undefined;
  result: "ok" | "failed";
  problems: string[];
  /** What is no failure, and worth a remark. */
  notes: string[];
}

const tenths = (milliseconds: number): number => Math.round(milliseconds / 100) / 10;

/**
 * Fetches the newest sets, or those that were asked for, restores them aside on this machine and compares. What fails is in the report.
 *
 * @throws CliError (bad input) for a set that was named and is not there; what the signal was aborted with.
 */
export async function drillRestore(input: DrillInput): Promise<DrillReport> {
  const { signal, note } = input;
  const began = performance.now();
  const report: DrillReport = {
    ...{ set: undefined, state: undefined, ageSeconds: undefined, startedAt: new Date().toISOString() },
    ...{ seconds: { total: 0 }, kinds: {}, sample: undefined, secrets: undefined },
    ...{ result: "failed", problems: [], notes: [] },
  };
  const phase = async <T>(name: DrillPhase, work: () => Promise<T>): Promise<T> => {
    const since = performance.now();
    try {
      return await work();
    } finally {
      report.seconds[name] = tenths(performance.now() - since);
    }
  };
  const listed = await listing(input, report);
  // Whoever named one that is not there has made a mistake: nothing was tried.
  const { backup } = input.wanted;
  if (backup !== undefined && listed !== undefined) requireSet(listed.data, { backup });
  try {
    if (listed !== undefined) {
      await using scratch = await Scratch.open(scratchFor.drill);
      const fetched = await phase("fetch", () => fetchSets(input, listed, report, scratch));
      if (fetched.others.length > 0) await phase("copies", () => verifyOthers(input, fetched, report));
      const problems = await phase("restore", () => check(fetched, input));
      report.problems.push(...problems);
      if (problems.length === 0) {
        const { etcd, kubernetes } = fetched.data;
        note(`Starting etcd ${etcd} and kube-apiserver ${kubernetes} with it.`);
        const binaries = await input.ensure([
          ...["etcd", "etcdctl", "etcdutl"].map((name) => ({ name, version: etcd })),
          { name: "kube-apiserver", version: kubernetes },
        ]);
        const served = await serveAndCompare(
          scratch,
          { snapshot: fetched.path, serving: fetched.serving, binaries, live: input.live },
          phase,
          signal,
        );
        report.problems.push(...served.problems);
        report.notes.push(...served.notes);
        Object.assign(report, { kinds: served.kinds, sample: served.sample, secrets: served.secrets });
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    report.problems.push(describeError(error, false));
  }
  report.result = report.problems.length === 0 ? "ok" : "failed";
  report.seconds.total = tenths(performance.now() - began);
  return report;
}

interface Listed {
  data: DataSet[];
  state: StateSet[];
}

/** What targets have; undefined, with the problem in the report, where none of them tells. */
async function listing({ store, signal }: DrillInput, report: DrillReport): Promise<Listed | undefined> {
  try {
    const sets = (await store.list()).flatMap((one) => ("set" in one ? [one.set] : []));
    report.notes.push(...(await store.listing()).problems);
    return {
      data: sets.filter((set) => set.kind === "data"),
      state: sets.filter((set) => set.kind === "state"),
    };
  } catch (error) {
    signal.throwIfAborted();
    report.problems.push(describeError(error, false));
    return undefined;
  }
}

interface Fetched {
  data: DataSet;
  half: StateHalf;
  serving: DrillServing;
  /** File of the snapshot. */
  path: string;
  /** The operator's private keys. */
  keys: readonly string[];
  /** Copies that were not needed. */
  others: { set: BackupSet; copy: SealedCopy }[];
}

async function fetchSets(
  { store, wanted, identities, note, signal }: DrillInput,
  listed: Listed,
  report: DrillReport,
  scratch: Scratch,
): Promise<Fetched> {
  const data = requireSet(listed.data, wanted);
  report.set = data.id;
  report.ageSeconds = Math.max(0, Math.round((Date.parse(report.startedAt) - Date.parse(data.time)) / 1000));
  const state = stateFor(data, listed.state, Date.now());
  if (state === undefined) {
    throw new CliError(
      `No target has a set of state with the keys that the set ${data.id} was made with, so nobody could read its Secrets: ./plinth backup now makes one.`,
    );
  }
  report.state = state.id;
  const keys = identities();
  note(`Fetching the sets ${data.id} and ${state.id}.`);
  const onBad = (sentence: string): void => void report.problems.push(sentence);
  const copies = await store.copies(state);
  const { result: half, others } = await useCopy(
    state.id,
    copies,
    (sealed) => openState(sealed, keys, state),
    onBad,
    signal,
  );
  const path = scratch.path("snapshot.db");
  const writing = { set: data, identities: keys, path, onBad, signal };
  const further = await writeSnapshot(await store.copies(data), writing);
  return {
    ...{ data, half, serving: servingOf(half, data), path, keys },
    others: [...others.map((copy) => ({ set: state, copy })), ...further.map((copy) => ({ set: data, copy }))],
  };
}

/** Reads the copies on further targets to their end: one that is damaged shows on no other day. The drill goes on without it. */
async function verifyOthers(
  { note, signal }: DrillInput,
  { others, keys }: Fetched,
  report: DrillReport,
): Promise<void> {
  note(`Reading ${others.length} more ${others.length === 1 ? "copy" : "copies"} of them.`);
  for (const { set, copy } of others) {
    try {
      await verifyCopy(await copy.read(), keys, set);
    } catch (error) {
      signal.throwIfAborted();
      report.problems.push(copyProblem(set.id, copy, error));
    }
  }
}

function servingOf(half: StateHalf, data: DataSet): DrillServing {
  try {
    return drillServing(half, data.keys);
  } catch (error) {
    throw new CliError(`The sets ${data.id} and ${half.set.id} cannot be restored: ${describeError(error, false)}.`);
  }
}

/** Whether a restore would refuse the snapshot. */
async function check({ data, half, serving, path }: Fetched, { config }: DrillInput): Promise<string[]> {
  const facts = await inspectSnapshot(path, certificateText(serving.certificate));
  const wanted = {
    clusterId: half.set.clusterId,
    kubernetes: config.kubernetesVersion,
    etcd: [config.etcdVersion],
    keys: half.set.keys,
  };
  // It has a name that is gone by the time when somebody reads of it.
  return snapshotFindings({ ...facts, path: `of the set ${data.id}` }, data, wanted).map(
    ({ message, remedy }) => `a restore would refuse it: ${message}: ${remedy}`,
  );
}
