import { setTimeout as sleep } from "node:timers/promises";
import type { Access } from "../../kube/kubeconfig.ts";
import { namespaceOf, podObject } from "../../plan/loadtest/objects.ts";
import { podPatience, type PodLife, type SeenPod } from "../../plan/loadtest/podstart.ts";
import type { Load } from "../../plan/loadtest/profiles.ts";
import type { OperationName } from "../../plan/loadtest/samples.ts";
import { PodWatch } from "./podwatch.ts";
import { atPace, patienceOf, type Recorder } from "./recorder.ts";
import { ask, type Call, type Lanes, type Outcome } from "./request.ts";

interface Own extends PodLife {
  /** It is to be deleted, and nobody has answered that it is. */
  over: boolean;
}

/** Makes pods at a steady pace, sees when they have started, and deletes them. */
export class Pods {
  readonly #access: Access;
  readonly #recorder: Recorder;
  readonly #lanes: Lanes;
  readonly #id: string;
  readonly #load: Load;
  readonly #image: string;
  readonly #nodes: readonly string[];
  readonly #collection: string;
  readonly #watch: PodWatch;
  /** Pods that may be there. */
  readonly #alive = new Map<string, Own>();
  /** Those whose deletion was taken, or is under way. */
  readonly #deleting = new Set<string>();
  readonly #watching = new AbortController();
  #lives: PodLife[] = [];
  #made = 0;
  #watched: Promise<void> = Promise.resolve();

  /** @param nodes the pods run there, at least one. */
  constructor(
    access: Access,
    recorder: Recorder,
    lanes: Lanes,
    test: { id: string; load: Load; image: string; nodes: readonly string[] },
  ) {
    this.#access = access;
    this.#recorder = recorder;
    this.#lanes = lanes;
    this.#id = test.id;
    this.#load = test.load;
    this.#image = test.image;
    this.#nodes = test.nodes;
    this.#collection = `/api/v1/namespaces/${namespaceOf(test.id)}/pods`;
    this.#watch = new PodWatch(access, this.#collection, {
      pod: (pod, gone) => {
        this.#seen(pod, gone);
      },
      list: (names) => {
        this.#listed(names);
      },
    });
  }

  /** Pods that were made while the load ran. */
  get lives(): readonly PodLife[] {
    return this.#lives;
  }

  get watchesBegunAnew(): number {
    return this.#watch.begunAnew;
  }

  /**
   * Starts one pod on every Node, so that what comes later measures no Node that has to fetch the image first.
   *
   * @returns for each Node where it has not started in time the reason, in the cluster's words.
   */
  async warmUp(
    make: (object: unknown) => Promise<unknown>,
    seconds: number,
    signal: AbortSignal,
  ): Promise<Map<string, string>> {
    this.#watched = this.#watch.run(this.#watching.signal);
    const deadline = performance.now() + seconds * 1000;
    const first = await Promise.all(
      this.#nodes.map(async (node): Promise<[string, Own]> => {
        const own = this.#new();
        await make(podObject({ id: this.#id, name: own.name, image: this.#image, nodes: [node] }));
        return [node, own];
      }),
    );
    const waiting = (): [string, Own][] => first.filter(([, { started }]) => started === undefined);
    while (waiting().length > 0 && performance.now() < deadline) await sleep(200, undefined, { signal });
    for (const [, own] of first) own.over = true;
    this.#lives = [];
    return new Map(waiting().map(([node, { reason = "" }]) => [node, reason === "" ? "nothing is said" : reason]));
  }

  /** Makes pods until it is stopped. */
  async run(stop: AbortSignal): Promise<void> {
    await atPace(1000 / this.#load.podRate, stop, () => {
      this.#tidy();
      if (this.#alive.size < this.#load.pods) this.#make();
    });
  }

  /** Waits for pods that have been made to start, for at most so many seconds, then looks away. */
  async settle(seconds: number, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    const waits = (): boolean => [...this.#alive.values()].some(({ over, started }) => !over && started === undefined);
    while (waits() && performance.now() < deadline) await sleep(200, undefined, { signal });
  }

  async close(): Promise<void> {
    this.#watching.abort();
    await this.#watched;
  }

  #new(): Own {
    this.#made += 1;
    const own: Own = { name: `pod-${this.#made}`, made: performance.now(), over: false };
    this.#alive.set(own.name, own);
    this.#lives.push(own);
    return own;
  }

  #make(): void {
    const own = this.#new();
    const body = podObject({ id: this.#id, name: own.name, image: this.#image, nodes: this.#nodes });
    void this.#send("create-pod", { method: "POST", path: this.#collection, body }).then((outcome) => {
      if (outcome !== undefined && outcome.failure === undefined) return;
      // That it was not made is told by the request. If it is there all the same, it is seen and deleted.
      this.#lives = this.#lives.filter((one) => one !== own);
      own.over = true;
      if (outcome === undefined || /^HTTP 4/.test(outcome.failure ?? "")) this.#alive.delete(own.name);
    });
  }

  /** Deletes pods that have started, and those that had their time. */
  #tidy(): void {
    const now = performance.now();
    for (const own of this.#alive.values()) {
      if (!own.over && own.started === undefined && now - own.made < podPatience) continue;
      own.over = true;
      void this.#delete(own);
    }
  }

  async #delete({ name }: Own): Promise<void> {
    if (this.#deleting.has(name)) return;
    this.#deleting.add(name);
    const outcome = await this.#send("delete-pod", { method: "DELETE", path: `${this.#collection}/${name}` }, name);
    if (outcome === undefined || outcome.failure !== undefined) this.#deleting.delete(name);
  }

  /** @param gone the pod that is as it is to be when it is not found. */
  #send(operation: OperationName, call: Call, gone?: string): Promise<Outcome | undefined> {
    return this.#recorder.record({ client: "pods", operation }, async () => {
      const outcome = await ask(this.#access, call, this.#lanes.next(), patienceOf(operation));
      if (gone === undefined || outcome.failure?.startsWith("HTTP 404") !== true) return outcome;
      this.#alive.delete(gone);
      return {};
    });
  }

  #seen({ name, node, started, reason }: SeenPod, gone: boolean): void {
    const own = this.#alive.get(name);
    if (own === undefined) return;
    if (node !== undefined) own.node = node;
    own.reason = reason;
    if (started) own.started ??= performance.now();
    if (gone) this.#alive.delete(name);
  }

  /** What a list does not have any more was deleted while nobody looked. */
  #listed(names: ReadonlySet<string>): void {
    for (const own of this.#alive.values()) {
      if (own.over && !names.has(own.name) && this.#deleting.has(own.name)) this.#alive.delete(own.name);
    }
  }
}
