import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { auditArguments, auditPolicy } from "../../plan/bundles/audit.ts";
import { startApiServer, type TestApiServer } from "../support/apiServer.ts";
import { eventually } from "../support/eventually.ts";

/** As far as this test looks at an event of the audit log. */
interface AuditEvent {
  level: string;
  stage: string;
  verb: string;
  requestURI: string;
  user: { username: string };
  impersonatedUser?: { username: string };
  responseStatus?: { code: number };
  requestObject?: unknown;
}

const users = {
  "node-token": { name: "system:node:w1", groups: ["system:nodes", "system:authenticated"] },
  "manager-token": { name: "system:kube-controller-manager", groups: ["system:authenticated"] },
  "person-token": { name: "jane", groups: ["system:masters", "system:authenticated"] },
};

describe("the audit policy", function () {
  this.timeout(180_000);
  let api: TestApiServer;
  let folder = "";
  let last = 0;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "plinth-audit-"));
    const policy = path.join(folder, "policy.yaml");
    writeFileSync(policy, auditPolicy);
    const args = {
      ...auditArguments,
      "audit-policy-file": policy,
      "audit-log-path": path.join(folder, "audit.log"),
    };
    api = await startApiServer({ users, args });
  });

  after(async () => {
    await api.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Sends a request as the owner of a token, and returns the status. */
  async function ask(token: keyof typeof users, method: string, to: string, body?: unknown, as?: string) {
    const { clusters } = parse(api.kubeconfig) as {
      clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
    };
    const [{ cluster } = { cluster: undefined }] = clusters;
    assert.ok(cluster);
    const sent = request(new URL(to, cluster.server), {
      method,
      ca: Buffer.from(cluster["certificate-authority-data"], "base64"),
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        ...(as === undefined ? {} : { "impersonate-user": as }),
      },
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
    response.resume();
    await once(response, "end");
    return response.statusCode;
  }

  /** Events of requests that carry a mark in their address, in the order in which they were written. */
  function eventsOf(mark: string): AuditEvent[] {
    return readFileSync(path.join(folder, "audit.log"), "utf8")
      .split("\n")
      .filter((line) => line !== "" && line.includes(mark))
      .map((line) => JSON.parse(line) as AuditEvent);
  }

  /** What is recorded of a request: `LEVEL STAGE CODE` each. */
  async function recorded(token: keyof typeof users, method: string, to: string, body?: unknown, as?: string) {
    const mark = `mark=${(last += 1)}.`;
    await ask(token, method, `${to}${to.includes("?") ? "&" : "?"}${mark}`, body, as);
    // One that is always recorded: what comes before it in the log has been written.
    const end = `end=${last}.`;
    await ask("person-token", "GET", `/api/v1/namespaces?${end}`);
    await eventually("the end of the log", 20, () => Promise.resolve(eventsOf(end)[0]));
    return eventsOf(mark).map(({ level, stage, responseStatus }) => `${level} ${stage} ${responseStatus?.code ?? ""}`);
  }

  const secrets = "/api/v1/namespaces/default/secrets";

  it("records who reads a Secret, whoever it is, and a Node's watch once", async () => {
    for (const token of ["node-token", "manager-token", "person-token"] as const) {
      const [read] = await recorded(token, "GET", `${secrets}/none`);
      assert.match(read ?? "", /^Metadata ResponseComplete (403|404)$/, token);
    }
    const watch = `${secrets}?watch=1&timeoutSeconds=1`;
    assert.deepEqual(await recorded("node-token", "GET", watch), ["Metadata ResponseStarted 403"]);
    assert.deepEqual(await recorded("person-token", "GET", watch), [
      "Metadata ResponseStarted 200",
      "Metadata ResponseComplete 200",
    ]);
  });

  it("leaves out what Nodes and components read as a matter of course, and nothing else that they read", async () => {
    for (const ordinary of [
      "/api/v1/nodes/w1",
      "/api/v1/namespaces/default/configmaps/x",
      "/apis/storage.k8s.io/v1/csidrivers",
    ])
      assert.deepEqual(await recorded("node-token", "GET", ordinary), [], ordinary);
    assert.deepEqual(await recorded("manager-token", "GET", "/apis/apps/v1/deployments"), []);
    for (const unusual of ["/apis/rbac.authorization.k8s.io/v1/clusterroles", "/apis/apps/v1/deployments"])
      assert.deepEqual(await recorded("node-token", "GET", unusual), ["Metadata ResponseComplete 403"], unusual);
  });

  it("records every way into a container, and who acts in whose name", async () => {
    const pod = "/api/v1/namespaces/default/pods/none";
    for (const way of ["exec?command=id", "attach", "portforward", "proxy/"])
      for (const token of ["node-token", "manager-token"] as const)
        assert.ok((await recorded(token, "GET", `${pod}/${way}`)).length > 0, `${token} ${way}`);
    assert.ok((await recorded("manager-token", "GET", "/api/v1/nodes/w1/proxy/pods")).length > 0);
    assert.deepEqual(await recorded("person-token", "GET", "/api/v1/nodes/w1", undefined, "system:node:w1"), [
      "Metadata ResponseComplete 403",
    ]);
    const [event] = eventsOf(`mark=${last}.`);
    assert.deepEqual([event?.user.username, event?.impersonatedUser?.username], ["jane", "system:node:w1"]);
  });

  it("never writes down what is secret, and writes down the rest of what was asked for", async () => {
    const named = (name: string) => ({ metadata: { name } });
    const secret = { apiVersion: "v1", kind: "Secret", ...named("s"), stringData: { password: "hunter2" } };
    assert.deepEqual(await recorded("person-token", "POST", secrets, secret), ["Metadata ResponseComplete 201"]);
    const namespaced = { apiVersion: "v1", kind: "Namespace", ...named("n") };
    assert.deepEqual(await recorded("person-token", "POST", "/api/v1/namespaces", namespaced), [
      "Request ResponseComplete 201",
    ]);
    assert.doesNotMatch(readFileSync(path.join(folder, "audit.log"), "utf8"), /hunter2/);
  });

  it("leaves out the renewal of leases and Events, and records who deletes them", async () => {
    const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/w1";
    assert.deepEqual(await recorded("node-token", "PUT", lease, {}), []);
    assert.deepEqual(await recorded("node-token", "DELETE", lease), ["Request ResponseComplete 403"]);
    const events = "/api/v1/namespaces/default/events";
    assert.deepEqual(await recorded("node-token", "POST", events, {}), []);
    assert.deepEqual(await recorded("node-token", "DELETE", events), ["Request ResponseComplete 403"]);
  });
});
