import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { stringify } from "yaml";
import { selfSigned } from "../../../support/certificates.ts";

const { certificate, key } = selfSigned("IP:127.0.0.1");

interface Stored {
  metadata: { name: string; resourceVersion: string; [field: string]: unknown };
  [field: string]: unknown;
}

type Answer = http2.Http2ServerResponse;

/** A small API server: it keeps objects of namespaces, starts pods at once on a Node called w1, and speaks both versions of HTTP. */
export class ApiServer {
  readonly #server = http2.createSecureServer({ key, cert: certificate, allowHTTP1: true });
  readonly #sessions = new Set<{ destroy: () => unknown }>();
  readonly #watches = new Set<Answer>();
  #version = 0;
  /** Path → object. */
  readonly objects = new Map<string, Stored>();
  /** METHOD and path of all requests, in their order. */
  readonly seen: string[] = [];
  /** Is answered in place of everything, with an object of Kubernetes' kind Status. */
  outage: { status: number; message: string; retryAfter?: string } | undefined;
  /** Requests are taken, and not answered. */
  silent = false;
  connections = 0;
  /** Pods that were there at the same time, at most; likewise ConfigMaps. */
  readonly most = { pods: 0, configmaps: 0 };
  /** Whether pods start. */
  startsPods = true;
  url = "";

  async listen(): Promise<void> {
    this.#server.on("session", (session: http2.ServerHttp2Session) => this.#sessions.add(session));
    this.#server.on("secureConnection", (socket: TLSSocket) => {
      this.connections += 1;
      this.#sessions.add(socket);
    });
    this.#server.on("request", (request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
      request.on("end", () => {
        this.#answer(request, response, text);
      });
    });
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    this.url = `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get kubeconfig(): string {
    const authority = Buffer.from(certificate).toString("base64");
    return stringify({
      clusters: [{ name: "c", cluster: { server: this.url, "certificate-authority-data": authority } }],
      users: [{ name: "u", user: { token: "secret" } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    });
  }

  /** Ends all connections, as a host that stops. */
  cut(): void {
    for (const session of this.#sessions) session.destroy();
    this.#sessions.clear();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  /** Names of namespaces that are there. */
  get namespaces(): string[] {
    return [...this.objects.keys()].flatMap((path) => /^\/api\/v1\/namespaces\/([^/]+)$/.exec(path)?.[1] ?? []);
  }

  #answer({ method, url }: http2.Http2ServerRequest, response: Answer, text: string): void {
    const { pathname, searchParams } = new URL(url, this.url);
    this.seen.push(`${method} ${pathname}`);
    if (this.silent) return;
    if (this.outage !== undefined) {
      const { status, message, retryAfter } = this.outage;
      if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
      this.#send(response, status, { kind: "Status", message });
      return;
    }
    if (searchParams.get("watch") === "true") {
      response.writeHead(200, { "content-type": "application/json" });
      response.write("\n");
      this.#watches.add(response);
      response.on("close", () => this.#watches.delete(response));
      // What has changed since the version that the client knows.
      const known = Number(searchParams.get("resourceVersion"));
      for (const [path, object] of this.objects) {
        if (!path.startsWith(`${pathname}/`) || Number(object.metadata.resourceVersion) <= known) continue;
        response.write(`${JSON.stringify({ type: "MODIFIED", object })}\n`);
      }
      return;
    }
    const [status, body] = this.#carryOut(method, pathname, text === "" ? undefined : (JSON.parse(text) as Stored));
    this.#send(response, status, body);
  }

  #send(response: Answer, status: number, body: object): void {
    response.writeHead(status, { "content-type": "application/json", date: new Date().toUTCString() });
    response.end(JSON.stringify(body));
  }

  #carryOut(method: string, path: string, body: Stored | undefined): [number, object] {
    const found = this.objects.get(path);
    if (method === "POST" && body !== undefined) return [201, this.#put(`${path}/${body.metadata.name}`, body)];
    if (method === "PATCH" && found !== undefined) {
      const metadata = { ...found.metadata, ...body?.metadata };
      return [200, this.#put(path, { ...found, ...body, metadata })];
    }
    if (method === "DELETE") return this.#delete(path, found);
    if (found !== undefined) return [200, found];
    if (path.endsWith("/serviceaccounts/default")) return [200, {}];
    const listed = /\/(namespaces|configmaps|pods|events)$/.exec(path);
    if (method === "GET" && listed !== null) {
      const items = [...this.objects]
        .filter(([at]) => (path === "/api/v1/pods" ? at.includes("/pods/") : at.slice(0, at.lastIndexOf("/")) === path))
        .map(([, object]) => object);
      return [200, { metadata: { resourceVersion: String(this.#version) }, items }];
    }
    return [404, { kind: "Status", reason: "NotFound", message: `"${path}" not found` }];
  }

  #put(path: string, body: Stored): Stored {
    this.#version += 1;
    const created = { creationTimestamp: "2026-06-01T00:00:00Z", ...body.metadata };
    const object = { ...body, metadata: { ...created, resourceVersion: String(this.#version) } };
    const isNew = !this.objects.has(path);
    this.objects.set(path, object);
    for (const kind of ["pods", "configmaps"] as const) {
      const there = [...this.objects.keys()].filter((at) => at.includes(`/${kind}/`)).length;
      this.most[kind] = Math.max(this.most[kind], there);
    }
    if (isNew && path.includes("/pods/") && this.startsPods) this.#start(path, object);
    return object;
  }

  #start(path: string, pod: Stored): void {
    this.#version += 1;
    const status = { containerStatuses: [{ state: { running: {} } }] };
    const metadata = { ...pod.metadata, resourceVersion: String(this.#version) };
    const running = { ...pod, spec: { nodeName: "w1" }, status, metadata };
    this.objects.set(path, running);
    this.#tell("MODIFIED", running);
  }

  #delete(path: string, found: Stored | undefined): [number, object] {
    const below = [...this.objects.keys()].filter((at) => at.startsWith(`${path}/`));
    for (const at of below) this.objects.delete(at);
    if (found === undefined) return [path.endsWith("/pods") ? this.#collected(path) : 404, {}];
    this.objects.delete(path);
    if (path.includes("/pods/")) this.#tell("DELETED", found);
    return [200, {}];
  }

  /** A collection of a namespace that is gone is gone, too. */
  #collected(path: string): number {
    return this.objects.has(path.replace(/\/pods$/, "")) ? 200 : 404;
  }

  #tell(type: string, object: Stored): void {
    for (const watch of this.#watches) watch.write(`${JSON.stringify({ type, object })}\n`);
  }
}
