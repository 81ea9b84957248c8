import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { assets, type Asset } from "./assets.ts";
import type { Feed } from "./feed.ts";
import { livePage } from "./html.ts";
import { Readers } from "./readers.ts";

/** The page needs what this server has, and nothing else; and nothing may show it in a frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const headers: Readonly<Record<string, string>> = {
  "Content-Security-Policy": policy,
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
};

/** Names by which a browser on this machine calls this machine. Another one means that somebody's DNS has led it here. */
const ownNames = new Set(["127.0.0.1", "localhost"]);

/** Whether a request is meant for this machine; behind a tunnel the port may be another. */
export function isForUs(host: string | undefined): boolean {
  return host !== undefined && ownNames.has(host.toLowerCase().replace(/:\d{1,5}$/, ""));
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Takes as long whatever is wrong about it. */
export function isToken(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

/** Serves the page on loopback, to whoever knows its address; it reads, and there is nothing to write. */
export class PageServer {
  readonly #stack: string;
  readonly #feed: Pick<Feed, "sections" | "listen">;
  readonly #token = randomBytes(32).toString("base64url");
  readonly #assets: ReadonlyMap<string, Asset> = assets();
  readonly #server: Server;
  readonly #readers: Readers;

  constructor(stack: string, feed: Pick<Feed, "sections" | "listen">) {
    this.#stack = stack;
    this.#feed = feed;
    this.#readers = new Readers(feed);
    this.#server = createServer((request, response) => {
      this.#answer(request, response);
    });
  }

  /**
   * Begins to serve.
   *
   * @param port 0 for any that is free.
   * @returns the page's address.
   * @throws Error when the port is taken.
   */
  async listen(port: number): Promise<string> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    const { port: taken } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${taken}/${this.#token}/`;
  }

  async close(): Promise<void> {
    this.#readers.close();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const refuse = (status: number, text: string): void => {
      response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${text}\n`);
    };
    if (!isForUs(request.headers.host)) {
      refuse(403, "This page is asked for by http://127.0.0.1 or http://localhost only.");
      return;
    }
    const [, token = "", name = "", ...rest] = (request.url ?? "").replace(/\?.*$/, "").split("/");
    if (!isToken(token, this.#token) || rest.length > 0) {
      refuse(404, "There is nothing here. ./plinth dashboard prints the whole address.");
      return;
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      refuse(405, "This page is for reading only.");
      return;
    }
    const asset = this.#assets.get(name);
    if (asset !== undefined) response.writeHead(200, { "Content-Type": asset.type }).end(asset.text);
    else if (name === "events") this.#readers.take(request, response);
    else if (name === "") {
      const text = livePage(this.#stack, this.#feed.sections());
      response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(text);
    } else refuse(404, "There is no such file.");
  }
}
