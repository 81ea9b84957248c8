import http, { type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import { ArtifactError, reasonOf } from "./errors.ts";

export interface HttpOptions {
  method?: "GET" | "HEAD";
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Milliseconds until the response's headers must be there, per redirect. Default 15 000. */
  headersTimeoutMs?: number;
}

/** An answer that is an error by its status. `permanent`: asking again will not help. */
export class HttpStatusError extends ArtifactError {
  override name = "HttpStatusError";
  readonly status: number;
  readonly permanent: boolean;
  constructor(url: string, status: number) {
    super(`${url} answered ${status.toString()} ${http.STATUS_CODES[status] ?? ""}`.trim());
    this.status = status;
    this.permanent = status >= 400 && status < 500 && status !== 408 && status !== 429;
  }
}

const maxRedirects = 5;

// HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured.
const agents = {
  "http:": new http.Agent({ proxyEnv: process.env }),
  "https:": new https.Agent({ proxyEnv: process.env }),
};

/** Sends one request, follows redirects, and returns the response once its headers are there. The body is unread. */
export async function request(url: string, options: HttpOptions = {}): Promise<IncomingMessage> {
  let current = new URL(url);
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const response = await send(current, options);
    const { location } = response.headers;
    const status = response.statusCode ?? 0;
    if (status < 300 || status >= 400 || location === undefined) return response;
    response.destroy();
    const next = new URL(location, current);
    if (current.protocol === "https:" && next.protocol === "http:")
      throw new ArtifactError(`${url} redirects from https:// to ${next.origin}, where nothing protects it on its way`);
    current = next;
  }
  throw new ArtifactError(`${url} redirects more than ${maxRedirects.toString()} times`);
}

async function send(url: URL, options: HttpOptions): Promise<IncomingMessage> {
  const { protocol } = url;
  if (protocol !== "http:" && protocol !== "https:") throw new ArtifactError(`${url.href} is neither http nor https`);
  const limitMs = options.headersTimeoutMs ?? 15_000;
  const request: RequestOptions = {
    method: options.method ?? "GET",
    headers: { "user-agent": "plinth", ...options.headers },
    signal: options.signal,
  };
  return await new Promise((resolve, reject) => {
    const client = protocol === "https:" ? https : http;
    const sent = client.request(url, { ...request, agent: agents[protocol] });
    const timer = setTimeout(() => {
      sent.destroy(new ArtifactError(`${url.host} did not answer within ${(limitMs / 1000).toString()} s`));
    }, limitMs);
    sent.once("response", (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    sent.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    sent.end();
  });
}

/** The body of a small text file. Throws an HttpStatusError unless the answer is 200. */
export async function fetchText(url: string, options: HttpOptions = {}): Promise<string> {
  const response = await request(url, options);
  if (response.statusCode !== 200) {
    response.destroy();
    throw new HttpStatusError(url, response.statusCode ?? 0);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Asks each site once whether it answers at all, and remembers: a site that cannot be reached costs its timeout once,
 * however many artifacts would come from there.
 */
export class Reachability {
  readonly #timeoutMs: number;
  readonly #answers = new Map<string, Promise<string | undefined>>();

  /** @param timeoutMs how long a site may take for its first answer. */
  constructor(timeoutMs = 4_000) {
    this.#timeoutMs = timeoutMs;
  }

  /** Undefined when the site of `url` answers, whatever it says; otherwise why it does not. */
  whyNot(url: string): Promise<string | undefined> {
    const { origin } = new URL(url);
    let answer = this.#answers.get(origin);
    if (answer === undefined) {
      answer = this.#probe(origin);
      this.#answers.set(origin, answer);
    }
    return answer;
  }

  async #probe(origin: string): Promise<string | undefined> {
    try {
      const response = await send(new URL(origin), { method: "HEAD", headersTimeoutMs: this.#timeoutMs });
      response.destroy();
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }
}
