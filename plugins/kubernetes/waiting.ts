import { setTimeout as sleep } from "node:timers/promises";
import { text } from "../provider/values.ts";
import { NoSuchKindError, UnreachableError } from "../../kube/errors.ts";
import type { Call, Cluster } from "./cluster.ts";
import { at, describe, listAt, mapAt, nameOf, namespaceOf, textAt, type KubeObject } from "../../kube/object.ts";
import { type Judgment, judge, kindKey, NO_SURROUNDINGS, type Surroundings } from "./readiness/index.ts";
import { condition, conditionText, isTrue } from "./readiness/judgment.ts";
import { needsEndpoints } from "./readiness/others.ts";
import { eventTexts, podTrouble, podTroubles } from "./readiness/pods.ts";

export interface Wait {
  signal: AbortSignal;
  timeoutSeconds: number;
  /** Shows what is waited for. */
  progress: (line: string) => void;
}

export interface Outcome {
  /** The object as last seen. */
  live: KubeObject;
  /** Why it is not ready; undefined when it is. The first is about the object, the others about what it made. */
  reasons: string[] | undefined;
}

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 2000;
/** How often the pods are looked at while waiting. */
const DIAGNOSIS_SECONDS = 5;
/** Endpoints that stay none for so long are taken for what is meant. */
const SETTLED_SECONDS = 10;
/** A server that is away for a moment does not end the wait. */
const PATIENCE_SECONDS = 60;

/** Waits until an object is ready, has failed, or the time is over. Does not throw for the last two, nor when cancelled. */
export async function untilReady(cluster: Cluster, made: KubeObject, wait: Wait): Promise<Outcome> {
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const surroundings = new Surrounding(cluster);
  const call: Call = { signal: wait.signal, patienceSeconds: PATIENCE_SECONDS };
  let live = made;
  let pause = FIRST_PAUSE;
  let lastDiagnosis = 0;
  let shown = "";
  for (;;) {
    let judgment: Judgment;
    try {
      judgment = judge(live, await surroundings.of(live, call));
    } catch (error) {
      if (!isCancelled(wait)) throw error;
      return { live, reasons: [cutShort(wait)] };
    }
    if (judgment.state === "ready") {
      if (shown !== "") wait.progress("");
      return { live, reasons: undefined };
    }
    const isOver = elapsed() >= wait.timeoutSeconds;
    if (judgment.state === "failed" || isOver || isCancelled(wait)) {
      const ending = isCancelled(wait)
        ? `${cutShort(wait)}: ${judgment.reason}`
        : isOver
          ? `not ready within ${wait.timeoutSeconds} s: ${judgment.reason}`
          : judgment.reason;
      return { live, reasons: [ending, ...(await diagnosis(cluster, live))] };
    }
    if (elapsed() - lastDiagnosis >= DIAGNOSIS_SECONDS) {
      lastDiagnosis = elapsed();
      const [trouble] = await podReasons(cluster, live, call).catch(() => []);
      const line = trouble === undefined ? judgment.reason : `${judgment.reason}; ${trouble}`;
      if (line !== shown) wait.progress(line);
      shown = line;
    }
    try {
      const left = Math.max(50, (wait.timeoutSeconds - elapsed()) * 1000);
      await sleep(Math.min(pause, left), undefined, { signal: wait.signal });
      pause = Math.min(pause * 1.5, LONGEST_PAUSE);
      live = (await cluster.find(live, call)) ?? live;
    } catch (error) {
      if (error instanceof UnreachableError) {
        return { live, reasons: [error.message, judgment.reason] };
      }
      // When cancelled, the next round says so.
      if (!isCancelled(wait)) throw error;
    }
  }
}

/** Judges an object once, as a refresh does. */
export async function judgeNow(cluster: Cluster, live: KubeObject, call: Call): Promise<string[] | undefined> {
  const around = await new Surrounding(cluster).of(live, call);
  const judgment = judge(live, { ...around, settled: true });
  return judgment.state === "ready" ? undefined : [judgment.reason, ...(await diagnosis(cluster, live))];
}

/** Waits until an object is gone, or another one has its name. Throws with what holds it when the time is over. */
export async function untilDeleted(cluster: Cluster, object: KubeObject, wait: Wait): Promise<void> {
  const started = performance.now();
  let pause = FIRST_PAUSE;
  let shown = false;
  for (;;) {
    const call: Call = isCancelled(wait) ? lastLook() : { signal: wait.signal, patienceSeconds: PATIENCE_SECONDS };
    const live = await findKind(cluster, object, call);
    if (live === undefined || textAt(live, "metadata", "uid") !== textAt(object, "metadata", "uid")) {
      if (shown) wait.progress("");
      return;
    }
    const elapsed = (performance.now() - started) / 1000;
    if (elapsed >= wait.timeoutSeconds || isTimedOut(wait)) {
      throw new Error(`${describe(object)} was not gone within ${wait.timeoutSeconds} s: ${holders(live)}.`);
    }
    if (isCancelled(wait)) {
      throw new Error(`${describe(object)} was not yet gone when the run was cancelled: ${holders(live)}.`);
    }
    if (elapsed >= DIAGNOSIS_SECONDS) {
      shown = true;
      wait.progress(holders(live));
    }
    // Cancelled: the next round looks once more and says what holds it.
    await sleep(pause, undefined, { signal: wait.signal }).catch(() => undefined);
    pause = Math.min(pause * 1.5, LONGEST_PAUSE);
  }
}

async function findKind(cluster: Cluster, object: KubeObject, call: Call): Promise<KubeObject | undefined> {
  try {
    return await cluster.find(object, call);
  } catch (error) {
    if (error instanceof NoSuchKindError) return undefined;
    throw error;
  }
}

/** What keeps a deleted object from being gone. */
function holders(live: KubeObject): string {
  if (at(live, "metadata", "deletionTimestamp") === undefined) {
    return "it is not being deleted";
  }
  const blocked = ["NamespaceDeletionContentFailure", "NamespaceContentRemaining", "NamespaceFinalizersRemaining"]
    .map((type) => condition(live, type))
    .filter((found) => isTrue(found))
    .map((found) => conditionText(found, ""));
  const finalizers = [at(live, "metadata", "finalizers"), at(live, "spec", "finalizers")].flatMap((list) =>
    Array.isArray(list) ? list.map(String) : [],
  );
  const held = finalizers.length === 0 ? [] : [`its finalizers ${finalizers.join(", ")} remain`];
  const reasons = [...held, ...blocked];
  return reasons.length === 0 ? "its grace period is not over" : reasons.join("; ");
}

const isCancelled = ({ signal }: Wait): boolean => signal.aborted;

/** Whether it was `customTimeouts` that ended the wait. */
function isTimedOut({ signal }: Wait): boolean {
  const { reason } = signal as { reason: unknown };
  return signal.aborted && reason instanceof Error && reason.name === "TimeoutError";
}

/** For a question after the wait was ended from outside. */
const lastLook = (): Call => ({ signal: AbortSignal.timeout(5000), patienceSeconds: 3 });

const cutShort = (wait: Wait): string =>
  isTimedOut(wait) ? `not ready within ${wait.timeoutSeconds} s` : "cancelled before it was ready";

/** Looks up what a judgment needs besides the object, and remembers for how long it has been the same. */
class Surrounding {
  readonly #cluster: Cluster;
  #slices = "";
  #since = performance.now();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async of(object: KubeObject, call: Call): Promise<Surroundings> {
    switch (kindKey(object)) {
      case "/Service":
        return needsEndpoints(object) ? this.#ofService(object, call) : NO_SURROUNDINGS;
      case "/PersistentVolumeClaim":
        return { ...NO_SURROUNDINGS, bindingMode: await this.#bindingMode(object, call) };
      default:
        return NO_SURROUNDINGS;
    }
  }

  async #ofService(service: KubeObject, call: Call): Promise<Surroundings> {
    const gvk = { group: "discovery.k8s.io", version: "v1", kind: "EndpointSlice" };
    const query = { labelSelector: `kubernetes.io/service-name=${nameOf(service)}` };
    const slices = await this.#cluster.list(gvk, namespaceOf(service), query, call);
    const now = JSON.stringify(slices.map((slice) => at(slice, "metadata", "resourceVersion") ?? ""));
    if (now !== this.#slices) {
      this.#slices = now;
      this.#since = performance.now();
    }
    return { ...NO_SURROUNDINGS, slices, settled: performance.now() - this.#since >= SETTLED_SECONDS * 1000 };
  }

  async #bindingMode(claim: KubeObject, call: Call): Promise<string> {
    const name = textAt(claim, "spec", "storageClassName");
    if (name === "") {
      return "";
    }
    const storageClass = { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name } };
    return textAt(await this.#cluster.find(storageClass, call), "volumeBindingMode");
  }
}

/** The troubles of its pods and the last warnings. Never fails: it explains another failure. */
async function diagnosis(cluster: Cluster, live: KubeObject): Promise<string[]> {
  const call = lastLook();
  try {
    const pods = await podsOf(cluster, live, call);
    const names = new Set([nameOf(live), ...pods.filter((pod) => podTrouble(pod) !== undefined).map(nameOf)]);
    // What a Deployment makes its pods by.
    for (const pod of pods) {
      for (const owner of listAt(pod, "metadata", "ownerReferences")) names.add(textAt(owner, "name"));
    }
    const gvk = { group: "", version: "v1", kind: "Event" };
    const events = namespaceOf(live) === "" ? [] : await cluster.list(gvk, namespaceOf(live), {}, call);
    return [...podTroubles(pods).slice(0, 5), ...eventTexts(events, names)];
  } catch {
    return [];
  }
}

async function podReasons(cluster: Cluster, live: KubeObject, call: Call): Promise<string[]> {
  return podTroubles(await podsOf(cluster, live, call));
}

const WORKLOADS = new Set(["apps/DaemonSet", "apps/Deployment", "apps/StatefulSet", "batch/Job"]);

async function podsOf(cluster: Cluster, live: KubeObject, call: Call): Promise<KubeObject[]> {
  if (kindKey(live) === "/Pod") {
    return [live];
  }
  const labels = Object.entries(mapAt(live, "spec", "selector", "matchLabels"));
  if (!WORKLOADS.has(kindKey(live)) || labels.length === 0) {
    return [];
  }
  const labelSelector = labels.map(([key, value]) => `${key}=${text(value)}`).join(",");
  return cluster.list({ group: "", version: "v1", kind: "Pod" }, namespaceOf(live), { labelSelector }, call);
}
