import assert from "node:assert/strict";
import { admissionPolicies } from "../../../plan/admissionpolicies.ts";
import { eventually } from "../../support/eventually.ts";
import { startIssuer, type TestIssuer } from "../../support/issuer.ts";
import { configOf, hostsOf } from "../../support/cluster.ts";
import { Planned } from "../../support/planned.ts";

const pods = "/api/v1/namespaces/default/pods";
const pod = (name: string, privileged: boolean) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: { containers: [{ name: "a", image: "a", securityContext: { privileged } }] },
});
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "privileged" },
  spec: {
    selector: { matchLabels: { app: "a" } },
    template: { metadata: { labels: { app: "a" } }, spec: pod("a", true).spec },
  },
};
const service = (name: string, externalIPs: string[]) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { ports: [{ port: 80 }], externalIPs },
});
const services = "/api/v1/namespaces/default/services";

describe("an API server with what is planned for it", function () {
  this.timeout(180_000);
  const planned = new Planned();
  let issuer: TestIssuer;
  let other: TestIssuer;

  const described = ({ url, caFile }: TestIssuer, mappings: object) => ({
    issuer: { url, caFile, audiences: ["kubernetes"] },
    claimMappings: mappings,
  });
  const company = () =>
    described(issuer, { username: { claim: "sub", prefix: "oidc:" }, groups: { claim: "groups", prefix: "oidc:" } });
  /** Waits until the host script finds what is expected. */
  const finds = (expected: string) =>
    eventually(`"${expected}"`, 30, () => Promise.resolve(planned.configInUse() === expected ? expected : undefined));
  const inUse = () => finds("used");
  const hasAccount = (namespace: string) =>
    eventually(`the default service account of ${namespace}`, 60, async () => {
      const { status } = await planned.ask("GET", `/api/v1/namespaces/${namespace}/serviceaccounts/default`);
      return status === 200 ? status : undefined;
    });

  before(async () => {
    [issuer, other] = await Promise.all([startIssuer(), startIssuer()]);
    await planned.start({});
    await hasAccount("default");
  });
  after(async () => {
    await planned.stop();
    await Promise.all([issuer.stop(), other.stop()]);
  });

  it("tells which authentication it works with", () => {
    assert.equal(planned.configInUse(), "used");
  });

  it("takes up an issuer while it serves, and gives its users their groups", async () => {
    const alice = { sub: "alice", aud: "kubernetes", groups: ["dev"] };
    assert.equal((await planned.whoIs(await issuer.token(alice))).status, 401);
    planned.authenticate({ jwt: [company()] });
    await inUse();
    assert.deepEqual(await planned.whoIs(await issuer.token(alice)), {
      ...{ status: 201, username: "oidc:alice", groups: ["oidc:dev", "system:authenticated"] },
    });
    assert.equal((await planned.whoIs(await issuer.token({ ...alice, aud: "other" }))).status, 401, "wrong audience");
    assert.equal((await planned.whoIs(await other.token(alice))).status, 401, "an issuer that nobody knows");
    const expired = { ...alice, exp: 1 };
    assert.equal((await planned.whoIs(await issuer.token(expired))).status, 401, "expired");
  });

  it("goes on with what it had when it refuses a file, and says so at once", async () => {
    planned.authenticate({ jwt: [{ ...company(), userValidationRules: [{ expression: "user.name == 'x'" }] }] });
    await finds("it does not take up /authentication.yaml and goes on with what it had");
    assert.equal((await planned.whoIs(await issuer.token({ sub: "alice", aud: "kubernetes" }))).status, 201);
    planned.authenticate({ jwt: [company()] });
    await inUse();
  });

  it("lets no token name what is the cluster's own", async () => {
    const bare = { username: { claim: "sub", prefix: "" }, groups: { claim: "groups", prefix: "" } };
    planned.authenticate({ jwt: [company(), described(other, bare)] });
    await inUse();
    const whoIs = async (claims: object) => planned.whoIs(await other.token({ aud: "kubernetes", ...claims }));
    assert.equal((await whoIs({ sub: "bob" })).username, "bob");
    assert.equal((await planned.whoIs(await issuer.token({ sub: "alice", aud: "kubernetes" }))).username, "oidc:alice");
    for (const sub of ["system:admin", "system:node:cp1", "plinth:roster:cp1"])
      assert.equal((await whoIs({ sub })).status, 401, sub);
    for (const group of ["system:masters", "plinth:roster"])
      assert.equal((await whoIs({ sub: "bob", groups: ["dev", group] })).status, 401, group);
    assert.deepEqual((await whoIs({ sub: "bob", groups: ["plinth:tenant:web"] })).groups, [
      ...["plinth:tenant:web", "system:authenticated"],
    ]);
  });

  it("refuses Services that take addresses", async () => {
    const { status, body } = await planned.ask("POST", services, service("thief", ["192.0.2.11"]));
    assert.equal(status, 403);
    assert.match(String(body["message"]), /Use of external IPs is denied/);
    assert.equal((await planned.ask("POST", services, service("honest", []))).status, 201);
  });

  it("refuses privileged pods in namespaces without a label, and warns who makes a Deployment of them", async () => {
    const { status, body } = await planned.ask("POST", pods, pod("privileged", true));
    assert.equal(status, 403);
    assert.match(String(body["message"]), /violates PodSecurity "baseline:latest": privileged/);
    assert.equal((await planned.ask("POST", pods, pod("plain", false))).status, 201);
    const made = await planned.ask("POST", "/apis/apps/v1/namespaces/default/deployments", deployment);
    assert.equal(made.status, 201);
    assert.match(made.warnings, /would violate PodSecurity .*baseline:latest/);
    await hasAccount("kube-system");
    const system = await planned.ask("POST", "/api/v1/namespaces/kube-system/pods", pod("privileged", true));
    assert.equal(system.status, 201, "the cluster's own are exempt");
  });

  it("takes a limited number of events", async () => {
    const event = (n: number) => ({
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `event-${n}` },
      involvedObject: { kind: "Pod", namespace: "default", name: "plain" },
      type: "Normal",
    });
    const asked = Array.from({ length: 400 }, (_, n) =>
      planned.ask("POST", "/api/v1/namespaces/default/events", event(n)),
    );
    const answers = await Promise.all(asked);
    const taken = answers.filter(({ status }) => status === 201).length;
    const limited = answers.filter(({ status }) => status === 429);
    assert.ok(taken >= 100, String(taken));
    assert.equal(taken + limited.length, 400);
    assert.match(String(limited[0]?.body["message"]), /limit reached on type/);
  });
});

describe("an API server that only warns", function () {
  this.timeout(120_000);
  const planned = new Planned();
  const protections = { "external-ips": "warn", "pod-security": "warn" } as const;

  before(async () => {
    // A plugin of one's own, beside Plinth's.
    const selector = { podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: "kind=plain" } };
    await planned.start({ protections, admission: { PodNodeSelector: selector } });
    await planned.enforce(admissionPolicies({ config: configOf({ protections }), hosts: hostsOf() }));
  });
  after(() => planned.stop());

  it("lets through Services that take addresses, and tells who makes them", async () => {
    let n = 0;
    // The server compiles a new policy some moments later.
    await eventually("a warning", 60, async () => {
      n += 1;
      const { status, warnings } = await planned.ask("POST", services, service(`thief-${n}`, ["192.0.2.11"]));
      assert.equal(status, 201);
      return warnings.includes("spec.externalIPs takes traffic that is meant for others") ? warnings : undefined;
    });
    const target = `${services}/thief-${n}`;
    const { body } = await planned.ask("GET", target);
    const kept = { ...body, metadata: { ...(body["metadata"] as object), labels: { a: "b" } } };
    const updated = await planned.ask("PUT", target, kept);
    assert.equal(updated.status, 200);
    assert.doesNotMatch(updated.warnings, /meant for others/, "what is there already is left alone");
    assert.equal((await planned.ask("POST", services, service("honest", []))).warnings, "");
  });

  it("lets through privileged pods, and tells who makes them", async () => {
    const { warnings, body } = await eventually("the pod", 60, async () => {
      // Without a service account there are no pods yet.
      const answer = await planned.ask("POST", pods, pod("privileged", true));
      return answer.status === 201 ? answer : undefined;
    });
    assert.match(warnings, /would violate PodSecurity .*baseline:latest/);
    assert.deepEqual((body["spec"] as { nodeSelector: object }).nodeSelector, { kind: "plain" }, "plugins are merged");
  });
});
