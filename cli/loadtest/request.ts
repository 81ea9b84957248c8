import https from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import type { Access } from "../../kube/kubeconfig.ts";
import { askedAgain, reasonOf, statusReason } from "../failover/reasons.ts";
import { tlsOf } from "../failover/tls.ts";

/** One request of a load test. */
export interface Call {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
}

/** What came of it: `failure` is why there was no good answer. */
export interface Outcome {
  failure?: string;
  unanswered?: true;
}

/** Bytes of a refusal that are read for its sentence. */
const refusalBytes = 4096;

/**
 * Asks, and reads the answer to its end: what goes wrong is what a load test is about, so it never rejects. It asks a second time only where the
 * server wants that, see `askedAgain`.
 *
 * @param agent whose connections are used; false: a connection of its own.
 * @param patience milliseconds for the whole answer.
 */
export async function ask(access: Access, call: Call, agent: https.Agent | false, patience: number): Promise<Outcome> {
  const signal = AbortSignal.timeout(patience);
  try {
    for (;;) {
      const { status, text, again } = await exchange(access, call, agent, signal);
      if (again !== undefined) {
        await delay(again, undefined, { signal });
        continue;
      }
      const failure = statusReason(status, text);
      return failure === undefined ? {} : { failure };
    }
  } catch (error) {
    if (signal.aborted) return { failure: `no answer within ${patience / 1000} s`, unanswered: true };
    return { failure: reasonOf(error) };
  }
}

function exchange(
  access: Access,
  { method, path, body }: Call,
  agent: https.Agent | false,
  signal: AbortSignal,
): Promise<{ status: number; text: string; again: number | undefined }> {
  const { server, token } = access;
  const content = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept: "application/json",
    "user-agent": "plinth-loadtest",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(content === undefined
      ? {}
      : {
          "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
          "content-length": Buffer.byteLength(content),
        }),
  };
  // An agent has the connection's settings itself.
  const tls = agent === false ? tlsOf(access) : {};
  return new Promise((resolve, reject) => {
    const request = https.request(`${server}${path}`, { method, headers, signal, agent, ...tls }, (response) => {
      const status = response.statusCode ?? 0;
      let text = "";
      response.on("data", (chunk: Buffer) => {
        // Good answers may be large, and nobody reads them.
        if (status >= 300 && text.length < refusalBytes) text += chunk.toString("utf8");
      });
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status, text, again: askedAgain(status, response.headers["retry-after"]) });
      });
    });
    request.on("error", reject);
    request.end(content);
  });
}

/** Connections that requests share in turn: each stays with the API server that it has been given to, until it breaks. */
export class Lanes {
  readonly #agents: https.Agent[];
  #next = 0;

  constructor(access: Access, count: number) {
    const settings = { keepAlive: true, maxSockets: Infinity, maxFreeSockets: 1, ...tlsOf(access) };
    this.#agents = Array.from({ length: count }, () => new https.Agent(settings));
  }

  next(): https.Agent {
    const agent = this.#agents[this.#next % this.#agents.length];
    if (agent === undefined) throw new Error("there is no connection");
    this.#next += 1;
    return agent;
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }
}
