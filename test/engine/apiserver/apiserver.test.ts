import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { hostScript } from "../../../components/host/script.ts";
import { admissionArguments } from "../../../plan/bundles/admission.ts";
import { admissionPolicies } from "../../../plan/protections.ts";
import { startApiServer, type TestApiServer } from "../../support/apiServer.ts";
import { bundleOf, configOf, hostsOf } from "../../support/cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { startIssuer, type TestIssuer } from "../../support/issuer.ts";

interface Answer {
  status: number;
  /** Headers of the kind Warning. */
  warnings: string;
  body: Record<string, unknown>;
}

/** A real kube-apiserver with the files that are planned for control-plane hosts. */
class Planned {
  readonly folder = mkdtempSync(path.join(tmpdir(), "plinth-planned-"));
  readonly authenticationFile = path.join(this.folder, "authentication.yaml");
  private server: TestApiServer | undefined;

  /** The files of a configuration, with the operator's files by name. */
  private contentOf(name: string, raw: Record<string, unknown>): string {
    const hosts = hostsOf();
    const [host] = hosts;
    assert.ok(host);
    const texts = new Map(
      ((raw["authentication"] as { jwt?: { issuer: { caFile: string } }[] } | undefined)?.jwt ?? []).map(
        ({ issuer: { caFile } }) => [caFile, readFileSync(caFile, "utf8")],
      ),
    );
    const { files } = bundleOf("controlplane", { host, hosts, config: configOf(raw), texts });
    return files.find((file) => file.path === `/etc/kubernetes/${name}`)?.content ?? "";
  }

  /** Replaces the file as the host script does. */
  authenticate(authentication: Record<string, unknown>): void {
    const content = this.contentOf("authentication.yaml", { authentication });
    writeFileSync(`${this.authenticationFile}.new`, content);
    renameSync(`${this.authenticationFile}.new`, this.authenticationFile);
  }

  /** A certificate of the front proxy's authority, which the server believes in what it says of others. */
  private frontProxy(): void {
    const run = (...args: string[]): void => {
      execFileSync("openssl", args, { cwd: this.folder, stdio: "ignore" });
    };
    const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    run("req", "-x509", ...ec, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt");
    run("req", ...ec, "-subj", "/CN=front-proxy-client", "-keyout", "proxy.key", "-out", "proxy.csr");
    writeFileSync(path.join(this.folder, "ext"), "extendedKeyUsage=clientAuth\n");
    // prettier-ignore
    run("x509", "-req", "-in", "proxy.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext", "-out", "proxy.crt");
  }

  async start(raw: Record<string, unknown>): Promise<void> {
    this.authenticate({});
    this.frontProxy();
    const admissionFile = path.join(this.folder, "admission.yaml");
    writeFileSync(admissionFile, this.contentOf("admission.yaml", raw));
    const args = {
      ...admissionArguments(configOf(raw)),
      "admission-control-config-file": admissionFile,
      "allow-privileged": "true",
      "authentication-config": this.authenticationFile,
      "requestheader-allowed-names": "front-proxy-client",
      "requestheader-client-ca-file": path.join(this.folder, "ca.crt"),
      "requestheader-group-headers": "X-Remote-Group",
      "requestheader-username-headers": "X-Remote-User",
    };
    this.server = await startApiServer({ args });
    const { cluster } = this.access();
    writeFileSync(
      path.join(this.folder, "server.crt"),
      Buffer.from(cluster["certificate-authority-data"] ?? "", "base64"),
    );
  }

  private access(): { cluster: Record<string, string>; token: string } {
    const { clusters, users } = parse(this.server?.kubeconfig ?? "") as {
      clusters: { cluster: Record<string, string> }[];
      users: { user: { token: string } }[];
    };
    return { cluster: clusters[0]?.cluster ?? {}, token: users[0]?.user.token ?? "" };
  }

  /** @param token default: the administrator's. */
  ask(method: string, target: string, body?: object, token = this.access().token): Promise<Answer> {
    const { cluster } = this.access();
    return new Promise((resolve, reject) => {
      const sent = request(
        new URL(target, cluster["server"]),
        {
          method,
          ca: Buffer.from(cluster["certificate-authority-data"] ?? "", "base64"),
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        },
        (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => (text += chunk.toString()));
          response.on("end", () => {
            const warnings = response.headers["warning"] ?? "";
            const answer = JSON.parse(text) as Record<string, unknown>;
            resolve({ status: response.statusCode ?? 0, warnings, body: answer });
          });
        },
      );
      sent.on("error", reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Who the server takes the bearer of a token for. */
  async whoIs(token: string): Promise<{ status: number; username?: string; groups?: string[] }> {
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const target = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const { status, body } = await this.ask("POST", target, review, token);
    const info = (body["status"] as { userInfo?: { username: string; groups: string[] } } | undefined)?.userInfo;
    return { status, ...(info === undefined ? {} : { username: info.username, groups: info.groups }) };
  }

  /** What the host script's own check finds: `used`, or why not. */
  configInUse(): string {
    const [functions = ""] = hostScript().split('\nmain "$@"\n');
    const program = path.join(this.folder, "check.sh");
    const { cluster } = this.access();
    const words = [
      "apiserver_authentication_config_controller",
      "/authentication.yaml",
      "/server.crt",
      "/proxy.crt",
      "/proxy.key",
    ];
    const call = `check config-in-use kube-apiserver.service ${cluster["server"] ?? ""}/metrics ${words.join(" ")}`;
    writeFileSync(
      program,
      `${functions}\nstage_make\nuptime_seconds\nif ${call}; then echo used; else echo "$REASON"; fi\n`,
    );
    const run = spawnSync("sh", [program], { encoding: "utf8", env: { ...process.env, PLINTH_ROOT: this.folder } });
    assert.equal(run.stderr, "");
    return run.stdout.trim();
  }

  async stop(): Promise<void> {
    await this.server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

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
    for (const { name, resources, validations, actions } of admissionPolicies(protections)) {
      const group = "/apis/admissionregistration.k8s.io/v1";
      const apiVersion = "admissionregistration.k8s.io/v1";
      const spec = { failurePolicy: "Ignore", matchConstraints: { resourceRules: [resources] }, validations };
      const policy = { apiVersion, kind: "ValidatingAdmissionPolicy", metadata: { name }, spec };
      const bound = { policyName: name, validationActions: actions };
      const binding = { apiVersion, kind: "ValidatingAdmissionPolicyBinding", metadata: { name }, spec: bound };
      assert.equal((await planned.ask("POST", `${group}/validatingadmissionpolicies`, policy)).status, 201);
      assert.equal((await planned.ask("POST", `${group}/validatingadmissionpolicybindings`, binding)).status, 201);
    }
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
