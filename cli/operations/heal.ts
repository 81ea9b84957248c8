import { readRequests, requestEnvironment } from "../../plan/requests.ts";
import type { DriftReport } from "../../plan/drift.ts";
import { driftEvent } from "../drift/event.ts";
import { readDrift } from "../drift/read.ts";
import { driftLines } from "../drift/render.ts";
import type { Progress } from "../progress/progress.ts";
import type { Engine } from "../pulumi/engine.ts";
import type { Terminal } from "../render/terminal.ts";
import type { StackInput } from "../project/inventory.ts";
import type { Telling } from "../session/session.ts";
import { operateAloud } from "./operation.ts";

/**
 * With it the provider for Kubernetes takes fields of ours back from whoever has set them. Both plugins read it:
 * https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/.
 */
const forcesPatches = "PULUMI_K8S_ENABLE_PATCH_FORCE";

/**
 * Looks for drift, says what is found, and makes the program's next runs in this process put it right: hosts and Nodes by
 * what the program is asked for, objects in the cluster by reading exactly those anew into the state.
 *
 * @returns what was found.
 */
export async function requestHeal(
  engine: Engine,
  input: StackInput,
  terminal: Terminal,
  { journal, progress }: Telling,
): Promise<DriftReport> {
  const report = await readDrift(input, engine.context);
  journal.tell(driftEvent(report));
  for (const line of driftLines(report, input.hosts.length, terminal, "up")) terminal.note(line);
  const requests = readRequests(process.env);
  const heal = [...new Set([...requests.heal, ...report.heal])];
  Object.assign(process.env, requestEnvironment({ ...requests, heal }));
  if (report.objects.length === 0) return report;
  // Before anything is done with the plugin: it is set up once.
  process.env[forcesPatches] = "true";
  await readAnew(
    engine,
    input,
    terminal,
    report.objects.map(({ urn }) => urn),
    progress,
  );
  return report;
}

async function readAnew(
  engine: Engine,
  input: StackInput,
  terminal: Terminal,
  target: string[],
  progress: Progress,
): Promise<void> {
  const hosts = input.hosts.map(({ name }) => name);
  await operateAloud(engine, terminal, hosts, (events) => engine.refresh({ events, target }), { progress });
}
