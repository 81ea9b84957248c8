import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { ApiError, conflicts, UnreachableError } from "../../../../kube/errors.ts";
import { ApiClient, type ApiRequest } from "../../../../kube/client.ts";
import { Cluster } from "../../../../plugins/kubernetes/cluster.ts";
import { loadAccess } from "../../../../kube/kubeconfig.ts";
import { refusal } from "../../../../plugins/kubernetes/failures.ts";

/** Answers one request; the next one in the list answers the next request. */
type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

const json =
  (status: number, body: object, headers: http.OutgoingHttpHeaders = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };
const drop: Answer = (request) => request.socket.destroy();

describe("the client of the Kubernetes API", function () {
  this.timeout(10_000);
  let server: http.Server;
  let answers: Answer[] = [];
  const asked: string[] = [];

  before(async () => {
    server = http.createServer((request, response) => {
      request.resume();
      asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
      (answers.shift() ?? json(500, {}))(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    answers = [];
    asked.length = 0;
  });

  const config = (): string => {
    const { port } = server.address() as AddressInfo;
    return [
      "current-context: a",
      "contexts: [{name: a, context: {cluster: a, user: a}}]",
      `clusters: [{name: a, cluster: {server: "http://127.0.0.1:${port}"}}]`,
      "users: [{name: a, user: {token: t}}]",
    ].join("\n");
  };
  const access = () => loadAccess(config(), { context: "", cluster: "" });
  const get = (more: Partial<ApiRequest> = {}): ApiRequest => ({
    method: "GET",
    path: "/x",
    signal: new AbortController().signal,
    patienceSeconds: 5,
    ...more,
  });

  it("tries again after broken connections, overload and a cluster without a leader", async () => {
    const trouble = { message: "etcdserver: leader changed", reason: "InternalError" };
    answers = [
      drop,
      json(429, { details: { retryAfterSeconds: 0 } }),
      json(500, trouble),
      json(503, {}),
      json(200, { a: 1 }),
    ];
    assert.deepEqual((await new ApiClient(access()).send(get())).body, { a: 1 });
    assert.equal(asked.length, 5);
  });

  it("does not try again what is refused", async () => {
    answers = [json(403, { message: "no", reason: "Forbidden" })];
    await assert.rejects(new ApiClient(access()).send(get()), (error: unknown) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.status, error.reason, error.message], [403, "Forbidden", "no"]);
      return true;
    });
    assert.equal(asked.length, 1);
  });

  it("names server and reason when its patience is over", async () => {
    answers = Array.from({ length: 20 }, () => drop);
    await assert.rejects(new ApiClient(access()).send(get({ patienceSeconds: 0.5 })), (error: unknown) => {
      assert.ok(error instanceof UnreachableError);
      assert.match(error.message, /^The API server http:\/\/127\.0\.0\.1:\d+ cannot be reached: /);
      return true;
    });
  });

  it("stops at once when the run is cancelled", async () => {
    const cancelled = new AbortController();
    answers = [() => undefined];
    const sent = new ApiClient(access()).send(get({ signal: cancelled.signal }));
    setTimeout(() => {
      cancelled.abort();
    }, 50);
    await assert.rejects(sent, { name: "AbortError" });
  });

  it("reads warnings and the server's clock", async () => {
    const date = "Tue, 01 Jan 2030 00:00:00 GMT";
    answers = [json(200, {}, { warning: '299 - "old \\"v1\\"", 299 - "odd"', date })];
    const { warnings, date: read } = await new ApiClient(access()).send(get());
    assert.deepEqual(warnings, ['old "v1"', "odd"]);
    assert.equal(read, Date.parse(date));
  });

  const served = json(200, { resources: [{ name: "configmaps", kind: "ConfigMap", namespaced: true }] });
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "n" } };
  const change = { signal: new AbortController().signal, patienceSeconds: 5, dryRun: false };
  const exists = json(409, { message: "there", reason: "AlreadyExists" });
  const found = (creationTimestamp: string): Answer =>
    json(
      200,
      {
        ...object,
        metadata: { creationTimestamp, managedFields: [{ manager: "pulumi-kubernetes", operation: "Update" }] },
      },
      { date: "Tue, 01 Jan 2030 00:00:10 GMT" },
    );

  it("knows its own creation again when the answer was lost", async () => {
    answers = [served, drop, exists, found("2030-01-01T00:00:09Z")];
    const answer = await new Cluster(access()).create(object, change);
    assert.equal(answer.object["kind"], "ConfigMap");
    answers = [served, drop, exists, found("2029-01-01T00:00:00Z")];
    await assert.rejects(new Cluster(access()).create(object, change), /there/);
    answers = [served, exists];
    await assert.rejects(new Cluster(access()).create(object, change), /there/);
  });

  it("gives an unreachable server up for as patient calls, and not for more patient ones", async () => {
    const cluster = new Cluster(access());
    answers = Array.from({ length: 10 }, () => drop);
    await assert.rejects(cluster.get(object, { ...change, patienceSeconds: 0.3 }), UnreachableError);
    const before = asked.length;
    await assert.rejects(cluster.get(object, { ...change, patienceSeconds: 0.3 }), UnreachableError);
    assert.equal(asked.length, before);
    answers = [served, json(200, object)];
    assert.deepEqual(await cluster.get(object, change), object);
  });

  it("names the fields and their owners in a conflict", () => {
    const cause = {
      reason: "FieldManagerConflict",
      message: 'conflict with "hpa" using apps/v1',
      field: ".spec.replicas",
    };
    const error = new ApiError(409, { message: "m", reason: "Conflict", details: { causes: [cause] } }, "PATCH /x");
    assert.deepEqual(conflicts(error), ['.spec.replicas (owned by "hpa")']);
    assert.match(
      String(refusal(error, object, "updated", "own")),
      /ConfigMap n\/a was not updated by field manager "own"/,
    );
  });
});
