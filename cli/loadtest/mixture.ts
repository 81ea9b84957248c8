import type { Access } from "../../kube/kubeconfig.ts";
import { configMapData, configMapObject, namespaceOf } from "../../plan/loadtest/objects.ts";
import type { Load } from "../../plan/loadtest/profiles.ts";
import { listEvery, objectsAtFirst, operationAt, placeAt } from "../../plan/loadtest/schedule.ts";
import { CliError } from "../errors.ts";
import { atPace, patienceOf, type Recorder } from "./recorder.ts";
import { ask, type Call, type Lanes, type Outcome } from "./request.ts";

/** Objects that are made at a time before the load begins. */
const atOnce = 8;

/** The load itself: objects of a namespace are read, written, made and deleted, and lists are asked for. */
export class Mixture {
  readonly #access: Access;
  readonly #recorder: Recorder;
  readonly #lanes: Lanes;
  readonly #id: string;
  readonly #load: Load;
  readonly #collection: string;
  /** Names of objects that are there, the oldest first. */
  readonly #live: string[] = [];
  /** Objects that may be there: an answer about them was lost. */
  #unknown = 0;
  #made = 0;

  constructor(access: Access, recorder: Recorder, lanes: Lanes, id: string, load: Load) {
    this.#access = access;
    this.#recorder = recorder;
    this.#lanes = lanes;
    this.#id = id;
    this.#load = load;
    this.#collection = `/api/v1/namespaces/${namespaceOf(id)}/configmaps`;
  }

  /**
   * Makes the objects that are there before the load begins.
   *
   * @param make makes one, with patience; rejects when it cannot.
   * @param seconds for all of them.
   * @throws CliError when they took longer.
   */
  async fill(make: (object: unknown) => Promise<unknown>, seconds: number): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    const left = Array.from({ length: objectsAtFirst(this.#load.objects) }, () => this.#name());
    const work = async (): Promise<void> => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) {
        if (performance.now() > deadline) {
          throw new CliError(
            `The cluster took longer than ${seconds} s to make ${objectsAtFirst(this.#load.objects)} ConfigMaps: it is too slow for this load. Take a smaller profile.`,
          );
        }
        await make(configMapObject(this.#id, name, this.#load.bytes, 0));
        this.#live.push(name);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }

  /** Sends requests until it is stopped. */
  async run(stop: AbortSignal): Promise<void> {
    const lists = [
      ["list-namespace", this.#collection],
      ["list-cluster", "/api/v1/pods"],
    ] as const;
    await Promise.all([
      atPace(1000 / this.#load.rate, stop, (index) => {
        this.#one(index);
      }),
      ...lists.map(([operation, path]) =>
        atPace(listEvery[operation], stop, () => {
          const call: Call = { method: "GET", path };
          void this.#recorder.record({ client: "load", operation }, () => this.#ask(call, patienceOf(operation)));
        }),
      ),
    ]);
  }

  #name(): string {
    this.#made += 1;
    return `object-${this.#made}`;
  }

  #one(index: number): void {
    const operation = operationAt(index, { live: this.#live.length, unknown: this.#unknown }, this.#load.objects);
    const send = (call: Call): Promise<Outcome | undefined> =>
      this.#recorder.record({ client: "load", operation }, () => this.#ask(call, patienceOf(operation)));
    if (operation === "create") {
      const name = this.#name();
      const body = configMapObject(this.#id, name, this.#load.bytes, index);
      // Until it is answered it counts as one that may be there.
      this.#unknown += 1;
      void send({ method: "POST", path: this.#collection, body }).then((outcome) => {
        const fate = fateOf(outcome);
        if (fate === "done") this.#live.push(name);
        if (fate !== "unknown") this.#unknown -= 1;
      });
      return;
    }
    const place = placeAt(operation, index, this.#live.length);
    const name = this.#live[place];
    // Where every creation has failed there is nothing to ask about, and the creations tell.
    if (name === undefined) return;
    const path = `${this.#collection}/${name}`;
    switch (operation) {
      case "get":
        void send({ method: "GET", path });
        return;
      case "update":
        void send({ method: "PATCH", path, body: { data: configMapData(this.#load.bytes, index) } });
        return;
      case "delete":
        this.#live.splice(place, 1);
        this.#unknown += 1;
        void send({ method: "DELETE", path }).then((outcome) => {
          const fate = fateOf(outcome);
          if (fate === "not done") this.#live.unshift(name);
          if (fate !== "unknown") this.#unknown -= 1;
        });
    }
  }

  #ask(call: Call, patience: number): Promise<Outcome> {
    return ask(this.#access, call, this.#lanes.next(), patience);
  }
}

/** Whether what was asked for was done. Where a connection broke or nothing was answered, nobody knows. */
function fateOf(outcome: Outcome | undefined): "done" | "not done" | "unknown" {
  if (outcome === undefined) return "not done";
  if (outcome.failure === undefined) return "done";
  return /^(HTTP 4|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)/.test(outcome.failure) ? "not done" : "unknown";
}
