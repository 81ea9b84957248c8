import { setTimeout as sleep } from "node:timers/promises";
import { ApiClient } from "../../kube/client.ts";
import { isAlreadyExists, isNotFound } from "../../kube/errors.ts";
import type { Json } from "../../kube/json.ts";
import { loadAccess, type Access } from "../../kube/kubeconfig.ts";
import { idLabel, renewal, testsIn, type Claim, type FoundTest } from "../../plan/loadtest/claim.ts";
import { namespaceObject, namespaceOf } from "../../plan/loadtest/objects.ts";
import { podsOfEvents } from "../../plan/loadtest/podstart.ts";
import { lives } from "../process/self.ts";

/** Seconds for which an API server that does not answer is asked again. */
const patienceSeconds = 20;
/** Milliseconds between two looks at what goes away. */
const lookEvery = 500;

const namespaces = "/api/v1/namespaces";

interface Sent {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  contentType?: string;
}

/** What load tests make in a cluster, of this and of other runs. */
export class TestObjects {
  readonly access: Access;
  readonly #client: ApiClient;
  /** Milliseconds by which the API server's clock is ahead of ours. */
  #ahead = 0;

  /** @param kubeconfig text of an administrator's. */
  constructor(kubeconfig: string) {
    this.access = loadAccess(kubeconfig, { context: "", cluster: "" });
    this.#client = new ApiClient(this.access);
  }

  close(): void {
    this.#client.close();
  }

  /** Milliseconds since the epoch, by the API server's clock. */
  now(): number {
    return Date.now() + this.#ahead;
  }

  /** The load tests that are in the cluster, whoever has begun them. */
  async found(signal: AbortSignal): Promise<FoundTest[]> {
    const list = await this.#send({ method: "GET", path: namespaces, query: { labelSelector: idLabel } }, signal);
    return testsIn(list, this.now(), lives);
  }

  /** Makes the namespace of a test, and waits until pods can be made in it. */
  async begin(id: string, claim: Claim, signal: AbortSignal): Promise<void> {
    await this.create(namespaces, namespaceObject(id, claim), signal);
    const account = `${namespaces}/${namespaceOf(id)}/serviceaccounts/default`;
    for (;;) {
      try {
        await this.#send({ method: "GET", path: account }, signal);
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
        await sleep(lookEvery, undefined, { signal });
      }
    }
  }

  /** Says that a test still runs. */
  async renew(id: string, signal: AbortSignal): Promise<void> {
    const body = { metadata: { annotations: renewal(this.now()) } };
    const contentType = "application/merge-patch+json";
    await this.#send({ method: "PATCH", path: `${namespaces}/${namespaceOf(id)}`, body, contentType }, signal);
  }

  /** Makes an object, with patience. @param path of its collection. */
  async create(path: string, body: unknown, signal: AbortSignal): Promise<void> {
    try {
      await this.#send({ method: "POST", path, body }, signal);
    } catch (error) {
      // The answer to an earlier try was lost.
      if (!isAlreadyExists(error) || !error.afterLostAnswer) throw error;
    }
  }

  /** Names of the pods of a test for which an image was pulled. */
  async pulled(id: string, signal: AbortSignal): Promise<Set<string>> {
    const path = `${namespaces}/${namespaceOf(id)}/events`;
    return podsOfEvents(await this.#send({ method: "GET", path, query: { fieldSelector: "reason=Pulling" } }, signal));
  }

  /**
   * Deletes a namespace of a load test and everything in it, and waits until it is gone. Pods on a host that is lost do not hold that up:
   * no kubelet has to say that they have ended.
   *
   * @param seconds that it may take.
   * @returns false when it has not gone in time: then it goes by itself.
   */
  async remove(namespace: string, seconds: number, signal: AbortSignal): Promise<boolean> {
    const path = `${namespaces}/${namespace}`;
    const deadline = performance.now() + seconds * 1000;
    try {
      await this.#send({ method: "DELETE", path }, signal);
      for (;;) {
        await this.#send({ method: "DELETE", path: `${path}/pods`, query: { gracePeriodSeconds: "0" } }, signal);
        await this.#send({ method: "GET", path }, signal);
        if (performance.now() > deadline) return false;
        await sleep(lookEvery, undefined, { signal });
      }
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }

  async #send({ body, ...request }: Sent, signal: AbortSignal): Promise<unknown> {
    const sent = { ...request, ...(body === undefined ? {} : { body: body as Json }), signal, patienceSeconds };
    const answer = await this.#client.send(sent);
    if (answer.date !== undefined) this.#ahead = answer.date - Date.now();
    return answer.body;
  }
}
