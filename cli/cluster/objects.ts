import { ApiError, conflicts, isConflict, isForbidden, isNotFound, NoSuchKindError } from "../../kube/errors.ts";
import { loadAccess } from "../../kube/kubeconfig.ts";
import type { DeclaredObject } from "../../plan/declared.ts";
import { changedFields, type ObjectReading, type SeenObject } from "../../plan/objectdrift.ts";
import { Cluster, type Call } from "../../plugins/kubernetes/cluster.ts";
import { normalizeInputs } from "../../plugins/kubernetes/normalize.ts";
import { unmarked } from "../../plugins/kubernetes/state.ts";

/** Objects that are looked at at the same time. */
const atOnce = 8;
/** Seconds for all of them, and those after which an API server that does not answer is given up. */
const lookSeconds = 60;
const patienceSeconds = 4;
/** Under what name it is tried where the state does not tell one; only a dry run goes by it. */
const nobody = "plinth-drift";

/**
 * Compares objects that were declared with those in the cluster. Whether they are the same is the API server's word, which
 * knows defaults and the forms of values: it tells what each would be if it were applied again. Nothing is changed.
 *
 * @param kubeconfig YAML of an administrator.
 */
export async function lookAtObjects(kubeconfig: string, declared: readonly DeclaredObject[]): Promise<SeenObject[]> {
  const cluster = new Cluster(loadAccess(kubeconfig, { context: "", cluster: "" }));
  const call: Call = { signal: AbortSignal.timeout(lookSeconds * 1000), patienceSeconds };
  const seen: SeenObject[] = [];
  const left = [...declared.entries()];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, one] = next;
      seen[index] = { declared: one, reading: await look(cluster, one, call) };
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, work));
    return seen;
  } finally {
    cluster.close();
  }
}

async function look(
  cluster: Cluster,
  { object, manager = nobody }: DeclaredObject,
  call: Call,
): Promise<ObjectReading> {
  try {
    const wanted = normalizeInputs(unmarked(object));
    const live = await cluster.find(wanted, call);
    if (live === undefined) return { gone: true };
    const attempt = { ...call, dryRun: true, fieldManager: manager };
    const { object: applied } = await cluster.apply(wanted, { ...attempt, force: true });
    if (changedFields(live, applied).length === 0) return { live, applied, owners: [] };
    // Without force the answer names who has set those fields.
    const refusal: unknown = await cluster.apply(wanted, { ...attempt, force: false }).then(
      () => undefined,
      (error: unknown) => error,
    );
    const named = isConflict(refusal) ? conflicts(refusal).map((field) => /"([^"]+)"/.exec(field)?.[1] ?? "") : [];
    return { live, applied, owners: [...new Set(named.filter((owner) => owner !== ""))] };
  } catch (error) {
    if (isNotFound(error) || error instanceof NoSuchKindError) return { gone: true };
    const message = error instanceof Error ? error.message : String(error);
    const isRefusal = error instanceof ApiError && error.status === 422 && !isForbidden(error);
    return isRefusal ? { refused: message } : { error: message };
  }
}
