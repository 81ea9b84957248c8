import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { IncomingMessage } from "node:http";
import type { SimulatedHost } from "./host.ts";
import { ApiStore } from "./store.ts";

const port = 6443;

/**
 * The cluster's API servers. One begins to serve when its host was given the certificate for it, as on a real host, and the
 * first of them answers under the VIP.
 */
export class FleetApi {
  readonly #store = new ApiStore();
  readonly #servers = new Map<string, { server: Server; certificate: string }>();
  readonly #vip: string;
  /** Name of the host whose certificate the VIP shows. */
  #holder = "";

  constructor(vip: string) {
    this.#vip = vip;
  }

  /** Serves on a host that has a certificate; another one takes the place of the one before. */
  async serve(host: SimulatedHost): Promise<void> {
    if (host.serving === undefined) return;
    const certificate = host.secrets.get(host.serving.certificate);
    const key = host.secrets.get(host.serving.key);
    if (certificate === undefined || key === undefined) return;
    const addresses = [host.address];
    if (!this.#servers.has(this.#vip) || this.#holder === host.name) addresses.push(this.#vip);
    for (const address of addresses) await this.#listen(address, certificate, key);
    if (addresses.length > 1) this.#holder = host.name;
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#servers.values()].map(({ server }) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
  }

  async #listen(address: string, certificate: string, key: string): Promise<void> {
    const running = this.#servers.get(address);
    if (running?.certificate === certificate) return;
    if (running !== undefined) {
      running.server.setSecureContext({ cert: certificate, key });
      running.certificate = certificate;
      return;
    }
    const server = createServer(
      { cert: certificate, key, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        void bodyOf(request).then((body) => {
          const { pathname, searchParams } = new URL(request.url ?? "/", "https://api");
          const answer = ["/readyz", "/livez", "/healthz"].includes(pathname)
            ? { status: 200, body: { status: "ok" } }
            : this.#store.answer({
                method: request.method ?? "GET",
                path: pathname,
                query: searchParams,
                contentType: request.headers["content-type"] ?? "",
                body,
              });
          response.writeHead(answer.status, { "content-type": "application/json" });
          response.end(JSON.stringify(answer.body));
        });
      },
    );
    this.#servers.set(address, { server, certificate });
    server.listen(port, address);
    await once(server, "listening");
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}
