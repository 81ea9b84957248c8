import assert from "node:assert/strict";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { ApiClients, drillObject } from "../../../../cli/failover/clients.ts";
import type { Access } from "../../../../kube/kubeconfig.ts";
import { attemptKinds, type AttemptKind } from "../../../../plan/failover/clients.ts";
import { selfSigned } from "../../../support/certificates.ts";
import { eventually } from "../../../support/eventually.ts";

const { certificate, key } = selfSigned("IP:127.0.0.1");

/** An API server that speaks both versions of HTTP. */
class Server {
  readonly #server = http2.createSecureServer({ key, cert: certificate, allowHTTP1: true });
  readonly #sessions = new Set<http2.ServerHttp2Session>();
  readonly seen: string[] = [];
  /** What is answered to a method. */
  readonly status = new Map<string, number>();
  connections = 0;

  async listen(): Promise<Access> {
    this.#server.on("session", (session) => this.#sessions.add(session));
    this.#server.on("secureConnection", () => (this.connections += 1));
    this.#server.on("request", ({ method, url }, response) => {
      this.seen.push(`${method} ${url}`);
      response.statusCode = this.status.get(method) ?? 200;
      const reason = { POST: "AlreadyExists", DELETE: "NotFound" }[method];
      response.end(JSON.stringify({ message: "etcdserver: request timed out", reason }));
    });
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    const { port } = this.#server.address() as AddressInfo;
    return {
      ...{ server: `https://127.0.0.1:${port}`, ca: certificate, cert: undefined, key: undefined, token: "secret" },
      ...{ serverName: undefined, insecure: false, namespace: "" },
    };
  }

  /** As a load balancer that stops. */
  cut(): void {
    for (const session of this.#sessions) session.destroy();
    this.#sessions.clear();
  }

  get kept(): number {
    return this.#sessions.size;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

describe("clients of a failover drill", function () {
  this.timeout(30_000);
  let server: Server;
  let clients: ApiClients;
  const { signal } = new AbortController();
  const good = (kind: AttemptKind): number =>
    clients.attempts.filter((one) => one.kind === kind && one.failure === undefined).length;

  const until = (what: string, holds: () => boolean): Promise<true> =>
    eventually(what, 20, () => Promise.resolve(holds() || undefined));

  beforeEach(async () => {
    server = new Server();
    clients = new ApiClients(await server.listen());
  });
  afterEach(() => {
    server.close();
  });

  it("read by new connections and by one that is kept, write, and leave nothing", async () => {
    await clients.start(signal);
    for (const kind of attemptKinds) assert.ok(good(kind) > 0, kind);
    await until("more answers", () => good("read") > 2 && good("kept") > 2 && good("write") > 1);
    assert.equal(server.kept, 1);
    assert.ok(server.connections >= good("read") + good("write"));
    await clients.stop();
    assert.equal(server.seen[0], "POST /api/v1/namespaces/kube-system/configmaps");
    assert.ok(server.seen.includes(`PATCH /api/v1/namespaces/kube-system/configmaps/${drillObject}`));
    assert.equal(server.seen.at(-1), `DELETE /api/v1/namespaces/kube-system/configmaps/${drillObject}`);
    const { length } = clients.attempts;
    assert.ok(clients.attempts.every(({ began, ended }) => ended >= began) && length > 0);
  });

  it("open the kept connection again when it is cut", async () => {
    await clients.start(signal);
    const before = good("kept");
    server.cut();
    await until("another connection", () => good("kept") > before + 1 && server.kept === 1);
    await clients.stop();
  });

  it("note why they failed, without what differs each time", async () => {
    await clients.start(signal);
    server.status.set("PATCH", 500);
    const expected = "HTTP 500: etcdserver: request timed out";
    await until("a failure", () => clients.attempts.some(({ failure }) => failure === expected));
    server.status.delete("PATCH");
    await clients.stop();
    for (const { failure } of clients.attempts) assert.doesNotMatch(failure ?? "", /secret|127\.0\.0\.1/);
  });

  it("do not begin where a kind of request is refused", async () => {
    server.status.set("PATCH", 403);
    await assert.rejects(clients.start(signal, 0.3), /^Error: write: HTTP 403: /);
    await clients.stop();
  });

  it("take over an object that a killed drill has left, and one that is gone already", async () => {
    server.status.set("POST", 409).set("DELETE", 404);
    await clients.start(signal);
    await clients.stop();
    assert.ok(good("write") > 0);
  });
});
