import http from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { isMap, type Json, type JsonMap } from "./json.ts";
import { ApiError, UnreachableError } from "./errors.ts";
import type { Access } from "./kubeconfig.ts";

export interface ApiRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the server's URL, `/api/v1/…`. */
  path: string;
  query?: Record<string, string>;
  body?: Json;
  /** Default: application/json. */
  contentType?: string;
  signal: AbortSignal;
  /** For how long failed connections and overload are retried. Default: 60. */
  patienceSeconds?: number;
}

export interface ApiResponse {
  body: JsonMap;
  /** What the server warns of: deprecated versions, risky fields. */
  warnings: string[];
  /** Milliseconds since 1970 by the server's clock; undefined when it does not tell. */
  date: number | undefined;
}

/** One try must be answered within this time. */
const ANSWER_SECONDS = 35;
const CONNECT_SECONDS = 10;
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 3000;

/** A client of one API server: JSON over connections that are kept open, with retries. */
export class ApiClient {
  readonly #access: Access;
  readonly #agent: http.Agent;
  readonly #module: typeof http | typeof https;

  constructor(access: Access) {
    this.#access = access;
    const sockets = { keepAlive: true, maxSockets: 32, scheduling: "lifo" as const };
    if (access.server.startsWith("http:")) {
      this.#module = http;
      this.#agent = new http.Agent(sockets);
    } else {
      this.#module = https;
      this.#agent = new https.Agent({
        ...sockets,
        ...(access.ca === undefined ? {} : { ca: access.ca }),
        ...(access.cert === undefined ? {} : { cert: access.cert }),
        ...(access.key === undefined ? {} : { key: access.key }),
        ...(access.serverName === undefined ? {} : { servername: access.serverName }),
        rejectUnauthorized: !access.insecure,
      });
    }
  }

  get server(): string {
    return this.#access.server;
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * Sends a request until it is answered: failed connections, overload and a cluster without a leader are retried with
   * growing pauses. Throws an ApiError for a refusal, an UnreachableError when patience runs out, and the signal's reason.
   */
  async send(request: ApiRequest): Promise<ApiResponse> {
    const deadline = performance.now() + (request.patienceSeconds ?? 60) * 1000;
    let pause = FIRST_PAUSE;
    let lostAnswer = false;
    for (;;) {
      try {
        return await this.#once(request);
      } catch (error) {
        request.signal.throwIfAborted();
        if (error instanceof ApiError) error.afterLostAnswer = lostAnswer;
        const wait = Math.max(pause, retryAfter(error));
        if (!isTransient(error) || performance.now() + wait > deadline) {
          throw this.#explained(error);
        }
        lostAnswer ||= mayHaveArrived(error);
        await sleep(wait * (0.75 + Math.random() / 2), undefined, { signal: request.signal });
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
  }

  /**
   * Asks once, for whoever reads the status of an answer as part of it: the answer's text, whatever it is, and the server's clock.
   * Throws what the connection or the signal threw.
   */
  async get(path: string, signal: AbortSignal): Promise<{ status: number; text: string } & Pick<ApiResponse, "date">> {
    const url = this.#access.server + path;
    const { status, text, headers } = await this.#exchange(url, "GET", undefined, "application/json", signal);
    return { status, text, date: dateOf(headers) };
  }

  #explained(error: unknown): unknown {
    if (error instanceof ApiError) {
      return error;
    }
    const { server } = this.#access;
    const reason = error instanceof Error ? error.message : String(error);
    return new UnreachableError(`The API server ${server} cannot be reached: ${reason}.`, { cause: error });
  }

  async #once({ method, path, query, body, contentType, signal }: ApiRequest): Promise<ApiResponse> {
    const parameters = new URLSearchParams(query).toString();
    const url = `${this.#access.server}${path}${parameters === "" ? "" : `?${parameters}`}`;
    const content = body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.#exchange(url, method, content, contentType ?? "application/json", signal);
    const parsed = parseBody(answer.text);
    if (answer.status >= 300) {
      const reason = isMap(parsed) ? parsed : { message: answer.text.slice(0, 300) };
      throw new ApiError(answer.status, reason, `${method} ${path}`);
    }
    return {
      body: isMap(parsed) ? parsed : {},
      warnings: warningsOf(answer.headers),
      date: dateOf(answer.headers),
    };
  }

  async #exchange(
    url: string,
    method: string,
    content: string | undefined,
    contentType: string,
    signal: AbortSignal,
  ): Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }> {
    const headers = {
      accept: "application/json",
      "user-agent": "plinth",
      ...(this.#access.token === undefined ? {} : { authorization: `Bearer ${this.#access.token}` }),
      ...(content === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(content) }),
    };
    return new Promise((resolve, reject) => {
      const request = this.#module.request(url, { method, headers, agent: this.#agent, signal }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      request.on("error", reject);
      request.setTimeout(ANSWER_SECONDS * 1000, () => {
        request.destroy(codedError("no answer", "ETIMEDOUT", ANSWER_SECONDS));
      });
      request.on("socket", (socket) => {
        if (!socket.connecting) return;
        const giveUp = setTimeout(() => {
          request.destroy(codedError("no connection", "ECONNTIMEOUT", CONNECT_SECONDS));
        }, CONNECT_SECONDS * 1000);
        const settled = (): void => {
          clearTimeout(giveUp);
        };
        socket.once("connect", settled).once("close", settled);
      });
      request.end(content);
    });
  }
}

function codedError(what: string, code: string, seconds: number): Error {
  return Object.assign(new Error(`${what} within ${seconds} s`), { code });
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** Nothing was sent, or the connection broke. */
const BEFORE_SENDING = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNTIMEOUT",
]);
const ON_THE_WAY = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT", "ECONNABORTED", "ERR_STREAM_PREMATURE_CLOSE"]);

function isTransient(error: unknown): boolean {
  if (error instanceof ApiError) {
    return error.status === 429 || error.status >= 502 || (error.status === 500 && isEtcdTrouble(error));
  }
  return BEFORE_SENDING.has(codeOf(error)) || ON_THE_WAY.has(codeOf(error));
}

/** The datastore is choosing a leader, or answers late. */
const isEtcdTrouble = (error: ApiError): boolean =>
  /etcdserver|leader changed|request timed out|transport is closing|rpc error/.test(error.message);

const mayHaveArrived = (error: unknown): boolean =>
  error instanceof ApiError ? error.status !== 429 : ON_THE_WAY.has(codeOf(error));

const retryAfter = (error: unknown): number => (error instanceof ApiError ? error.retryAfterSeconds * 1000 : 0);

function parseBody(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

function dateOf(headers: http.IncomingHttpHeaders): number | undefined {
  const date = Date.parse(headers.date ?? "");
  return Number.isNaN(date) ? undefined : date;
}

/** `Warning: 299 - "text"`, any number of them. */
function warningsOf(headers: http.IncomingHttpHeaders): string[] {
  const header = headers["warning"];
  const text = Array.isArray(header) ? header.join(", ") : (header ?? "");
  return [...text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, message]) =>
    (message ?? "").replace(/\\(.)/g, "$1"),
  );
}
