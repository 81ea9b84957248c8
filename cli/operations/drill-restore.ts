import { recordDrill } from "../../components/host/backups.ts";
import { drillRecord, isMost } from "../../plan/backup/drill.ts";
import { administratorOf } from "../cluster/administrator.ts";
import { readIdentities } from "../backup/identity.ts";
import { drillRestore, type DrillInput, type DrillReport } from "../drill/run.ts";
import { describeError } from "../errors.ts";
import type { LoadedStack } from "../project/inventory.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { readOutputs } from "../pulumi/outputs.ts";
import type { Terminal } from "../render/terminal.ts";
import { ensure } from "../supply/needs.ts";

/** Which members have kept the result. */
export interface Recorded {
  on: string[];
  /** One sentence for each member that has not. */
  problems: string[];
  /** Whether more than half of them have: what fewer say does not count (plan/backup/drill.ts). */
  byMost: boolean;
}

/** The id of a stack's cluster, and how it is asked; a drill goes without either. */
export async function liveCluster(
  context: EngineContext,
): Promise<{ cluster: string | undefined; live: DrillInput["live"] }> {
  try {
    const outputs = await readOutputs(context, { secrets: true });
    const kubeconfig = await administratorOf(context, outputs);
    const live = kubeconfig === undefined ? { without: "the stack has no kubeconfig" } : { kubeconfig };
    return { cluster: outputs.clusterId, live };
  } catch (error) {
    return { cluster: undefined, live: { without: describeError(error, false) } };
  }
}

export interface DrillRun extends Pick<DrillInput, "store" | "wanted" | "live" | "signal"> {
  input: Pick<LoadedStack, "hosts" | "config">;
  terminal: Terminal;
}

/** Makes a restore drill, and has members keep how it went. */
export async function drillAndRecord({
  input,
  terminal,
  ...run
}: DrillRun): Promise<{ report: DrillReport; recorded: Recorded }> {
  const { signal } = run;
  const report = await drillRestore({
    ...run,
    config: input.config,
    identities: () => readIdentities(),
    ensure: (refs) => ensure(refs, terminal, signal),
    note: (line) => {
      terminal.note(line);
    },
  });
  const record = drillRecord({
    ...{ set: report.set, endedAt: Date.now(), seconds: report.seconds.total, problems: report.problems },
  });
  return { report, recorded: await recordOn(input, record, signal) };
}

async function recordOn(
  input: DrillRun["input"],
  record: Parameters<typeof recordDrill>[1],
  signal: AbortSignal,
): Promise<Recorded> {
  try {
    const told = [...(await recordDrill(input, record, signal))];
    const on = told.flatMap(([host, error]) => (error === undefined ? [host] : []));
    const members = input.hosts.filter(({ roles }) => roles.includes("etcd")).length;
    const problems = told.flatMap(([host, error]) =>
      error === undefined ? [] : [`the result was not recorded on ${host}: ${error}`],
    );
    const byMost = isMost(on.length, members);
    return { on, byMost, problems: byMost ? problems : [...problems, notRecorded] };
  } catch (error) {
    signal.throwIfAborted();
    return { on: [], byMost: false, problems: [`${notRecorded} (${describeError(error, false)})`] };
  }
}

const notRecorded = "the result of the drill was not recorded on most members, so status does not know of it";
