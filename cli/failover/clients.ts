import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiClient } from "../../kube/client.ts";
import { isAlreadyExists, isNotFound } from "../../kube/errors.ts";
import type { Access } from "../../kube/kubeconfig.ts";
import { attemptKinds, type Attempt, type AttemptKind } from "../../plan/failover/clients.ts";
import { KeptConnection } from "./kept.ts";
import { reasonOf, statusReason } from "./reasons.ts";
import { tlsOf } from "./tls.ts";

/** How often clients of a kind ask, and how long they wait for an answer; milliseconds. */
interface Pace {
  every: number;
  patience: number;
}

/** A write that meets the end of etcd's leader is answered after 7 s (docs/availability.md). */
const paces: Readonly<Record<AttemptKind, Pace>> = {
  read: { every: 100, patience: 2000 },
  kept: { every: 100, patience: 2000 },
  write: { every: 250, patience: 8000 },
};

/** Seconds for which what is made before and removed afterwards is tried. */
const patienceSeconds = 30;

const namespaced = "/api/v1/namespaces/kube-system/configmaps";
/** The object that is written to. Of one drill at a time: who drills has the cluster's lock. */
export const drillObject = "plinth-failover-drill";

/** What a drill needs of clients. */
export interface FailoverClients {
  /** What they did so far, by one clock: `performance.now()`. */
  readonly attempts: readonly Attempt[];
  /** Begins. Waits until one request of each kind was answered well. */
  start(signal: AbortSignal): Promise<void>;
  /** Waits for the requests under way, and removes what was written. */
  stop(): Promise<void>;
}

/** Clients of a cluster's API that ask it at a steady pace, whatever comes of it. */
export class ApiClients implements FailoverClients {
  readonly attempts: Attempt[] = [];
  readonly #access: Access;
  readonly #kept: KeptConnection;
  readonly #stopping = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #written = 0;

  constructor(access: Access) {
    this.#access = access;
    this.#kept = new KeptConnection(access);
  }

  /** @throws Error with the reasons when no request of a kind is answered well. @param seconds tests wait less. */
  async start(signal: AbortSignal, seconds = 15): Promise<void> {
    await this.#object("POST", namespaced, (error) => isAlreadyExists(error));
    this.#running = Promise.all(attemptKinds.map((kind) => this.#keepAsking(kind)));
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const silent = attemptKinds.filter(
        (kind) => !this.attempts.some((one) => one.kind === kind && one.failure === undefined),
      );
      if (silent.length === 0) return;
      if (performance.now() > deadline) {
        const last = (kind: AttemptKind): string =>
          this.attempts.findLast((one) => one.kind === kind)?.failure ?? "no answer";
        throw new Error(silent.map((kind) => `${kind}: ${last(kind)}`).join("; "));
      }
      await sleep(50, undefined, { signal });
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#kept.close();
    await this.#object("DELETE", `${namespaced}/${drillObject}`, isNotFound);
  }

  async #keepAsking(kind: AttemptKind): Promise<void> {
    const { every } = paces[kind];
    const underWay = new Set<Promise<void>>();
    const begin = (): void => {
      const attempt = this.#ask(kind).finally(() => underWay.delete(attempt));
      underWay.add(attempt);
    };
    try {
      for (;;) {
        begin();
        await sleep(every, undefined, { signal: this.#stopping.signal });
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
    await Promise.all(underWay);
  }

  /** Never rejects: what goes wrong is what a drill is about. */
  async #ask(kind: AttemptKind): Promise<void> {
    const began = performance.now();
    const { patience } = paces[kind];
    const signal = AbortSignal.timeout(patience);
    let failure: string | undefined;
    try {
      failure = await this.#answerOf(kind, signal);
    } catch (error) {
      failure = signal.aborted ? `no answer within ${patience / 1000} s` : reasonOf(error);
    }
    this.attempts.push({ kind, began, ended: performance.now(), ...(failure === undefined ? {} : { failure }) });
  }

  /** What is wrong with an answer; undefined: nothing. */
  async #answerOf(kind: AttemptKind, signal: AbortSignal): Promise<string | undefined> {
    switch (kind) {
      case "read":
        return badStatus(await this.#once("GET", "/readyz", signal));
      case "kept":
        return statusReason((await this.#kept.get("/api/v1/namespaces/kube-system", signal)).status, "");
      case "write": {
        this.#written += 1;
        const body = JSON.stringify({ data: { writes: String(this.#written) } });
        return badStatus(await this.#once("PATCH", `${namespaced}/${drillObject}`, signal, body));
      }
    }
  }

  /** One request by a connection of its own. */
  #once(
    method: "GET" | "PATCH",
    path: string,
    signal: AbortSignal,
    body?: string,
  ): Promise<{ status: number; text: string }> {
    const { server, token } = this.#access;
    const headers = {
      accept: "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined
        ? {}
        : { "content-type": "application/merge-patch+json", "content-length": Buffer.byteLength(body) }),
    };
    return new Promise((resolve, reject) => {
      const options = { method, headers, signal, agent: false, ...tlsOf(this.#access) };
      const request = https.request(`${server}${path}`, options, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, text });
        });
      });
      request.on("error", reject);
      request.end(body);
    });
  }

  /** Makes or removes the object, with patience. @param isDone that it was done before. */
  async #object(method: "POST" | "DELETE", path: string, isDone: (error: unknown) => boolean): Promise<void> {
    const client = new ApiClient(this.#access);
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: drillObject } };
    try {
      const signal = AbortSignal.timeout(2 * patienceSeconds * 1000);
      await client.send({ method, path, signal, patienceSeconds, ...(method === "POST" ? { body: object } : {}) });
    } catch (error) {
      if (!isDone(error)) throw error;
    } finally {
      client.close();
    }
  }
}

const badStatus = ({ status, text }: { status: number; text: string }): string | undefined =>
  statusReason(status, text);
