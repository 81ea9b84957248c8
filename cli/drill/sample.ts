import type { ApiClient } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";
import type { Json } from "../../kube/json.ts";
import { textAt } from "../../kube/object.ts";
import { compareObjects, sampleSize, spread, type Sample } from "../../plan/backup/drillsample.ts";
import type { ObjectName } from "./objects.ts";

/** Seconds for which a live cluster is tried at each question. */
const patienceSeconds = 10;

/** What came of a sample: counts, or why there is none; and objects that are not what they were. */
export interface SampleOutcome {
  sample: Sample | undefined;
  problems: string[];
  notes: string[];
}

async function get(client: ApiClient, path: string, signal: AbortSignal): Promise<Json | undefined> {
  try {
    return (await client.send({ method: "GET", path, signal, patienceSeconds })).body;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Compares some objects of each kind with those of the live cluster. One that does not answer is no failure of a backup. */
export async function compareSample(
  names: readonly ObjectName[],
  drill: ApiClient,
  live: ApiClient,
  signal: AbortSignal,
): Promise<SampleOutcome> {
  const without = (why: string): SampleOutcome => ({
    sample: undefined,
    problems: [],
    notes: [`no contents were compared with the cluster's: ${why}`],
  });
  const version = async (client: ApiClient): Promise<string> =>
    textAt(await get(client, "/version", signal), "gitVersion");
  const chosen = [...Map.groupBy(names, ({ kind }) => kind).values()].flatMap((of) => spread(of, sampleSize));
  const sample: Sample = { same: 0, changed: 0 };
  const problems: string[] = [];
  try {
    const [here, there] = [await version(drill), await version(live)];
    // Each release fills in what was not said in its own way.
    if (here !== there) return without(`it runs Kubernetes ${there}, and the set is of ${here}`);
    for (const { kind, path } of chosen) {
      const verdict = compareObjects(await get(drill, path, signal), await get(live, path, signal));
      if (verdict === "different")
        problems.push(`${kind} ${path} is not what it is in the cluster, and nobody has changed it`);
      else sample[verdict] += 1;
    }
  } catch (error) {
    signal.throwIfAborted();
    return { ...without(error instanceof Error ? error.message : String(error)), problems };
  }
  return { sample, problems, notes: [] };
}
