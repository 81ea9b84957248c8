import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, stringify } from "yaml";
import { defaultVersions, ensureArtifacts } from "../../../artifacts/index.ts";
import { deleteNode, deleteNodesOf } from "../../../cli/cluster/node.ts";
import { renderNodeManifest, renderTaints } from "../../../plan/roster.ts";
import { renderRosterAccess, rosterGroup, rosterUser } from "../../../plan/rosteraccess.ts";
import { renderEntries, renderRosterText, type RosterText } from "../../../plan/rostertext.ts";
import { rosterScript, rosterScriptDirectory, rosterSteps } from "../../../plan/scripts.ts";
import { startApiServer, type TestApiServer } from "../../support/apiServer.ts";
import { hostsOf } from "../../support/cluster.ts";
import { eventually } from "../../support/eventually.ts";

interface Node {
  metadata: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] };
}

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

const machine = "0123456789abcdef0123456789abcdef";
const requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

// The roster's scripts with the real kubectl on a real API server; there are no kubelets, so the tests play them.
describe("the roster's scripts", function () {
  this.timeout(120_000);
  let server: TestApiServer;
  let kubectl: string;
  let folder: string;

  before(async () => {
    const paths = await ensureArtifacts([{ name: "kubectl", version: defaultVersions["kubectl"] ?? "" }]);
    kubectl = path.dirname(paths.get("kubectl") ?? "");
    folder = await mkdtemp(path.join(tmpdir(), "plinth-roster-"));
    for (const step of rosterSteps) {
      writeFileSync(path.join(folder, step), rosterScript(step).content, { mode: 0o755 });
    }
    server = await startApiServer();
    writeFileSync(path.join(folder, "kubeconfig"), server.kubeconfig);
    const credentials = path.join(folder, "etc/kubernetes/roster");
    mkdirSync(credentials, { recursive: true });
    writeFileSync(path.join(credentials, "host.conf"), asRoster(server.kubeconfig));
    await server.send("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      metadata: { name: "bootstrappers" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:node-bootstrapper" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:bootstrappers:plinth" }],
    });
    // Nothing works before: the roster's rights are given by a step of its own.
    const refused = await drain("w0", { deadline: 2 });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /w0: the API server did not tell about the Node within 2 s: .*forbidden/);
    const given = await giveAccess();
    assert.equal(given.code, 0, given.stderr);
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** The kubeconfig of the roster on a host: the administrator's here may act as others, and acts as the roster alone. */
  function asRoster(kubeconfig: string): string {
    const parsed = parse(kubeconfig) as { users: { user: Record<string, unknown> }[] };
    for (const { user } of parsed.users) {
      user["as"] = rosterUser("cp1");
      user["as-groups"] = [rosterGroup, "system:authenticated"];
    }
    return stringify(parsed);
  }

  const serverUrl = (): string =>
    (parse(server.kubeconfig) as { clusters: { cluster: { server: string } }[] }).clusters[0]?.cluster.server ?? "";

  function giveAccess(): Promise<Outcome> {
    const variables = { MANIFEST: renderRosterAccess(), API_SERVERS: serverUrl() };
    return run({ script: "access", node: "roster", deadline: 30, variables }, server.kubeconfig);
  }

  function run(step: RosterText, stdin = ""): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = spawn("sh", ["-c", renderRosterText(step).replace(rosterScriptDirectory, folder)], {
        env: { ...process.env, PATH: `${kubectl}:${process.env["PATH"] ?? ""}`, PLINTH_ROOT: folder },
      });
      const outcome: Outcome = { code: -1, stdout: "", stderr: "" };
      child.stdout.on("data", (chunk: Buffer) => (outcome.stdout += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (outcome.stderr += chunk.toString()));
      child.on("error", reject);
      child.on("close", (code) => {
        resolve({ ...outcome, code: code ?? -1 });
      });
      // A step that reads nothing may end before it has been written to.
      child.stdin.on("error", () => undefined);
      child.stdin.end(stdin);
    });
  }

  /** Registers a host of the inventory. */
  function register(
    name: string,
    more: object = {},
    options: { token?: string; deadline?: number; balanced?: string } = {},
  ) {
    const [host] = hostsOf([{ name, address: "192.0.2.21", roles: ["worker"], ...more }]);
    assert.ok(host);
    const variables = {
      MACHINE_ID: machine,
      READINESS: "required",
      RUNTIME: "containerd 2.4.1",
      TAINTS: renderTaints(host),
      MANIFEST: renderNodeManifest(host, "lab"),
      ...(options.balanced === undefined ? {} : { BALANCED: options.balanced }),
    };
    const step = { script: "register", node: name, deadline: options.deadline ?? 30, variables } as const;
    return run(step, `token ${options.token ?? "-"}\n`);
  }

  function drain(name: string, options: { deadline?: number; token?: string; runtime?: string } = {}) {
    const { deadline = 20, token = "-", runtime = "containerd 2.4.2" } = options;
    const variables = { MACHINE_ID: machine, RUNTIME: runtime, GENERATION: "1" };
    return run({ script: "drain", node: name, deadline, variables }, `token ${token}\n`);
  }

  const rosterOf = (nodes: readonly string[]): string =>
    renderEntries({ members: new Map(), nodes: new Map(nodes.map((name) => [name, machine])) });

  /** What a kubelet does when it has its certificate. */
  async function join(name: string, machineID = machine): Promise<void> {
    await server.send("POST", "/api/v1/nodes", {
      metadata: { name, labels: { "kubernetes.io/hostname": name } },
      spec: { taints: [{ key: "plinth/uninitialized", effect: "NoSchedule" }] },
    });
    const status = {
      conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "ready" }],
      nodeInfo: { machineID },
    };
    await server.send("PATCH", `/api/v1/nodes/${name}/status`, { status }, "application/merge-patch+json");
  }

  async function node(name: string): Promise<Node> {
    const found = await server.get(`/api/v1/nodes/${name}`);
    assert.ok(found, name);
    return found as unknown as Node;
  }

  const keys = async (name: string) =>
    ((await node(name)).spec.taints ?? [])
      .map(({ key, effect }) => `${key}:${effect}`)
      .filter((taint) => !taint.startsWith("node.kubernetes.io/"))
      .sort();

  const patch = (name: string, body: object) =>
    server.send("PATCH", `/api/v1/nodes/${name}`, body as never, "application/strategic-merge-patch+json");

  /** A request for a kubelet's client certificate, as the bearer of a bootstrap token sends it. */
  function request(name: string, tokenId: string, commonName: string): void {
    const key = path.join(folder, `${name}.key`);
    const pem = execFileSync(
      "openssl",
      // prettier-ignore
      ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-subj", `/O=system:nodes/CN=${commonName}`],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    const object = {
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { name },
      spec: {
        request: pem.toString("base64"),
        signerName: "kubernetes.io/kube-apiserver-client-kubelet",
        usages: ["digital signature", "client auth"],
      },
    };
    const file = path.join(folder, "request.json");
    writeFileSync(file, JSON.stringify(object));
    execFileSync(
      path.join(kubectl, "kubectl"),
      // prettier-ignore
      ["--kubeconfig", path.join(folder, "kubeconfig"), "create", "-f", file, "--as", `system:bootstrap:${tokenId}`, "--as-group", "system:bootstrappers:plinth", "--as-group", "system:authenticated", "--validate=false"],
    );
  }

  const conditions = async (name: string): Promise<string[]> => {
    const found = await server.get(`${requests}/${name}`);
    const status = found?.["status"] as { conditions?: { type: string }[] } | undefined;
    return (status?.conditions ?? []).map(({ type }) => type);
  };

  it("let exactly the host join whose turn it is, and set it free for pods when it is described", async () => {
    const registration = register("w1", { rack: "r7" }, { token: "abcdef.0123456789abcdef" });
    await eventually("the token is valid", 20, async () =>
      server.get("/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef"),
    );
    request("w1-stranger", "abcdef", "system:node:cp1");
    request("w1-other-token", "zzzzzz", "system:node:w1");
    request("w1-own", "abcdef", "system:node:w1");
    await eventually("its own request is approved", 20, async () =>
      (await conditions("w1-own")).includes("Approved") ? true : undefined,
    );
    await join("w1");
    const { code, stdout, stderr } = await registration;
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { node: "w1", ready: "True", certificatesApproved: 1, taintsChanged: true });
    assert.match(stderr, /w1: the certificate request w1-stranger asks for another name than this Node/);
    assert.deepEqual(await conditions("w1-stranger"), []);
    assert.deepEqual(await conditions("w1-other-token"), []);
    assert.equal(await server.get("/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef"), undefined);
    assert.deepEqual(await keys("w1"), []);
    assert.equal((await node("w1")).metadata.labels?.["topology.plinth/rack"], "r7");
  });

  it("let a kubelet ask again whose request an earlier token has left: of a run that was killed before its token was saved", async () => {
    request("w51-left", "lllfff", "system:node:w51");
    request("w52-left", "lllfff", "system:node:w52");
    const registration = register("w51", {}, { token: "nnwwnn.0123456789abcdef" });
    await eventually("the request of the earlier token is gone", 20, async () =>
      (await server.get(`${requests}/w51-left`)) === undefined ? true : undefined,
    );
    // The kubelet's key is the same, and so is the name of its request.
    request("w51-left", "nnwwnn", "system:node:w51");
    await eventually("its own request is approved", 20, async () =>
      (await conditions("w51-left")).includes("Approved") ? true : undefined,
    );
    await join("w51");
    const { code, stderr } = await registration;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /w51: the certificate request w51-left was made with an earlier token; it is deleted/);
    assert.deepEqual(await conditions("w52-left"), [], "another host's is none of its business");
    assert.ok(await server.get(`${requests}/w52-left`));
  });

  it("change nothing when nothing is to change", async () => {
    const before = await node("w1");
    const { code, stdout } = await register("w1", { rack: "r7" });
    assert.equal(code, 0);
    assert.match(stdout, /"taintsChanged":false/);
    assert.deepEqual(await node("w1"), before);
  });

  it("keep taints in step with the inventory, and leave those of others alone", async () => {
    await patch("w1", { spec: { taints: [{ key: "manual", effect: "NoSchedule" }] } });
    const dedicated = [{ key: "dedicated", value: "db", effect: "NoSchedule" }];
    assert.equal((await register("w1", { taints: dedicated })).code, 0);
    assert.deepEqual(await keys("w1"), ["dedicated:NoSchedule", "manual:NoSchedule"]);
    const other = [{ key: "dedicated", value: "web", effect: "NoExecute" }];
    assert.equal((await register("w1", { taints: other })).code, 0);
    assert.deepEqual(await keys("w1"), ["dedicated:NoExecute", "manual:NoSchedule"]);
    assert.equal((await register("w1")).code, 0);
    assert.deepEqual(await keys("w1"), ["manual:NoSchedule"]);
  });

  it("leave labels of others alone, remove what the inventory has no more, and report a conflict", async () => {
    await patch("w1", { metadata: { labels: { "example.com/manual": "kept" } } });
    assert.equal((await register("w1", { labels: { "example.com/disk": "nvme" } })).code, 0);
    assert.equal((await node("w1")).metadata.labels?.["example.com/disk"], "nvme");
    assert.equal((await node("w1")).metadata.labels?.["example.com/manual"], "kept");
    const { code, stderr } = await register("w1", { labels: { "example.com/manual": "ours" } });
    assert.equal(code, 1);
    assert.match(stderr, /w1: labels and annotations could not be set: .*example\.com\/manual/);
    assert.equal((await register("w1")).code, 0);
    const { labels } = (await node("w1")).metadata;
    assert.equal(labels?.["example.com/disk"], undefined);
    assert.equal(labels?.["example.com/manual"], "kept");
  });

  it("refuse a Node of that name on another machine", async () => {
    await join("w2", "ffffffffffffffffffffffffffffffff");
    for (const outcome of [await register("w2"), await drain("w2")]) {
      assert.equal(outcome.code, 1);
      assert.match(outcome.stderr, /w2: the Node belongs to another machine \(id f+, expected 0123456789abcdef/);
    }
    assert.deepEqual(await keys("w2"), ["plinth/uninitialized:NoSchedule"]);
  });

  it("say when no Node registers, and take the token back", async () => {
    const { code, stderr } = await register("w3", {}, { token: "aaaaaa.0123456789abcdef", deadline: 2 });
    assert.equal(code, 1);
    assert.match(stderr, /w3: no Node registered within 2 s: look at the kubelet there/);
    assert.equal(await server.get("/api/v1/namespaces/kube-system/secrets/bootstrap-token-aaaaaa"), undefined);
  });

  it("drain a Node, which is in service again once it is registered", async () => {
    await pod("goes", "w1");
    const { code, stdout, stderr } = await drain("w1");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"drained":true,"evicted":1,/);
    assert.equal((await node("w1")).spec.unschedulable, true);
    assert.ok((await keys("w1")).includes("ToBeDeletedByClusterAutoscaler:NoSchedule"));
    assert.equal((await register("w1")).code, 0);
    assert.equal((await node("w1")).spec.unschedulable, undefined);
    assert.deepEqual(await keys("w1"), ["manual:NoSchedule"]);
  });

  it("wait until load balancers may give a Node connections again that had left: only then may the next one leave", async () => {
    const answers: { status: number; at: number }[] = [];
    // Not healthy yet, healthy, not healthy after all, healthy.
    const plan = [503, 503, 200, 200, 503];
    const health = createServer((_request, response) => {
      const status = plan[answers.length] ?? 200;
      answers.push({ status, at: performance.now() });
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => {
      health.listen(0, "127.0.0.1", resolve);
    });
    const balanced = `http://127.0.0.1:${(health.address() as AddressInfo).port}/healthz 2`;
    try {
      assert.equal((await register("w1", {}, { balanced })).code, 0);
      assert.equal(answers.length, 0, "it had not left");
      assert.equal((await drain("w1")).code, 0);
      const { code, stderr } = await register("w1", {}, { balanced });
      assert.equal(code, 0, stderr);
      const healthy = answers.slice(plan.length);
      const [first] = healthy;
      assert.ok(first);
      assert.ok((healthy.at(-1)?.at ?? 0) - first.at >= 2000);
      assert.equal((await drain("w1")).code, 0);
      plan.push(...Array.from({ length: 1000 }, () => 503));
      const refused = await register("w1", {}, { balanced, deadline: 3 });
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /w1: kube-proxy there was not healthy for 2 s within 3 s/);
    } finally {
      health.close();
    }
    assert.equal((await register("w1")).code, 0);
  });

  it("leave a Node cordoned that somebody else had cordoned, also when the drain was killed and ran again", async () => {
    await patch("w1", { spec: { unschedulable: true } });
    assert.equal((await drain("w1")).code, 0);
    assert.equal((await drain("w1")).code, 0);
    assert.equal((await register("w1")).code, 0);
    assert.equal((await node("w1")).spec.unschedulable, true);
    assert.deepEqual(await keys("w1"), ["manual:NoSchedule"]);
    await patch("w1", { spec: { unschedulable: null } });
  });

  it("respect disruption budgets: a drain that may not go on ends, tells which, and takes itself back", async () => {
    await server.send("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", {
      metadata: { name: "stays" },
      spec: { minAvailable: 1, selector: { matchLabels: { app: "stays" } } },
    });
    await pod("stays", "w1");
    const { code, stderr } = await drain("w1", { deadline: 5 });
    assert.equal(code, 1);
    assert.match(stderr, /w1: it could not be drained within 5 s and is in service again: .*stays/);
    assert.equal((await node("w1")).spec.unschedulable, undefined);
    assert.deepEqual(await keys("w1"), ["manual:NoSchedule"]);
    assert.equal((await node("w1")).metadata.annotations?.["plinth/drained"], undefined);
  });

  it("drain nothing when the Node has that runtime already: the step has only moved to another host", async () => {
    await join("w30");
    assert.equal((await register("w30")).code, 0);
    const moved = await drain("w30", { runtime: "containerd 2.4.1" });
    assert.equal(moved.code, 0, moved.stderr);
    assert.match(moved.stdout, /"drained":false,"reason":"it has that runtime already"/);
    assert.equal((await node("w30")).spec.unschedulable, undefined);
  });

  it("let Nodes leave that are not on the roster, and those of others alone", async () => {
    for (const name of ["w31", "w32", "w33"]) {
      await join(name);
      assert.equal((await register(name)).code, 0);
    }
    await patch("w33", { metadata: { annotations: { "plinth/owner": "another" } } });
    const nodes = (await server.get("/api/v1/nodes")) as unknown as { items: { metadata: { name: string } }[] };
    const stay = nodes.items.map(({ metadata }) => metadata.name).filter((name) => name !== "w32" && name !== "w33");
    const roster = rosterOf(stay);
    const step = (script: "evacuation" | "roster", lines = roster) =>
      run({ script, node: script, deadline: 20, variables: { OWNER: "lab", LOCAL: "", GRACE: "" } }, lines);
    for (const script of ["evacuation", "roster"] as const) {
      const cut = await step(script, roster.slice(0, roster.length / 2));
      assert.deepEqual([cut.code, cut.stderr], [1, `${script}: the roster is cut off; nothing was changed\n`]);
    }
    const evacuated = await step("evacuation");
    assert.equal(evacuated.code, 0, evacuated.stderr);
    assert.match(evacuated.stdout, /"node":"w32","drained":true/);
    assert.equal((await node("w32")).spec.unschedulable, true);
    const left = await step("roster");
    assert.equal(left.code, 0, left.stderr);
    assert.match(left.stdout, /"node":"w32","deleted":true/);
    assert.equal(await server.get("/api/v1/nodes/w32"), undefined);
    assert.equal((await node("w31")).spec.unschedulable, undefined);
    assert.equal((await node("w33")).spec.unschedulable, undefined);
    // Finished already: nothing is done a second time.
    assert.deepEqual([(await step("evacuation")).code, (await step("roster")).stdout], [0, ""]);
  });

  it("put a Node back into service that was to leave and is on the roster again, as it was before", async () => {
    const roster = ["w34", "w35"];
    const step = (script: "evacuation" | "roster", names: readonly string[]) => {
      const variables = { OWNER: "back", LOCAL: "", GRACE: "" };
      return run({ script, node: script, deadline: 20, variables }, rosterOf(names));
    };
    for (const name of ["w34", "w35"]) {
      await join(name);
      assert.equal((await register(name)).code, 0);
      await patch(name, { metadata: { annotations: { "plinth/owner": "back" } } });
    }
    await patch("w35", { spec: { unschedulable: true } });
    for (let times = 0; times < 2; times++) assert.equal((await step("evacuation", [])).code, 0);
    const leaving = await node("w34");
    assert.equal(leaving.spec.unschedulable, true);
    assert.equal(leaving.metadata.annotations?.["plinth/leaving"], "uncordon");
    const back = await step("roster", roster);
    assert.equal(back.code, 0, back.stderr);
    assert.match(back.stdout, /"node":"w34","stays":true[^]*"node":"w35","stays":true/);
    const [open, cordoned] = [await node("w34"), await node("w35")];
    assert.deepEqual([open.spec.unschedulable, cordoned.spec.unschedulable], [undefined, true]);
    for (const { spec, metadata } of [open, cordoned]) {
      assert.ok(!(spec.taints ?? []).some(({ key }) => key === "ToBeDeletedByClusterAutoscaler"));
      assert.equal(metadata.annotations?.["plinth/leaving"], undefined);
    }
    assert.equal((await step("roster", roster)).stdout, "");
  });

  it("are not needed for the Node of a machine that is reset: it is deleted, another machine's stays", async () => {
    await join("w36");
    assert.equal((await register("w36")).code, 0);
    assert.equal(await deleteNode(server.kubeconfig, "w36", "f".repeat(32)), "none");
    assert.equal(await deleteNode(server.kubeconfig, "w36", machine), "deleted");
    assert.equal(await deleteNode(server.kubeconfig, "w36", machine), "none");
    assert.equal(await server.get("/api/v1/nodes/w36"), undefined);
  });

  it("are not needed for the Nodes of a worker pool that is destroyed: its own are deleted, and no others", async () => {
    for (const [name, owner] of [
      ["w37", "pool"],
      ["w38", "pool"],
      ["w39", "poolside"],
    ] as const) {
      await join(name);
      await patch(name, { metadata: { annotations: { "plinth/owner": owner } } });
    }
    const deletion = await deleteNodesOf(server.kubeconfig, "pool");
    assert.ok("deleted" in deletion);
    assert.deepEqual(deletion.deleted.sort(), ["w37", "w38"]);
    assert.deepEqual(await deleteNodesOf(server.kubeconfig, "pool"), { deleted: [] });
    assert.ok(await server.get("/api/v1/nodes/w39"));
  });

  it("can do what they have to, and nothing else", async () => {
    const kube = (...args: string[]): Promise<string> =>
      new Promise((resolve, reject) => {
        const child = spawn(path.join(kubectl, "kubectl"), [
          ...["--kubeconfig", path.join(folder, "etc/kubernetes/roster/host.conf")],
          ...args,
        ]);
        let said = "";
        child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
        child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
        child.on("error", reject);
        child.on("close", () => {
          resolve(said);
        });
      });
    const rights = async (namespace: string): Promise<string[]> => {
      const lines = (await kube("auth", "can-i", "--list", "-n", namespace)).split("\n").slice(1);
      return (
        lines
          .map((line) => line.trim().split(/ {2,}/))
          // What every authenticated client may do: look at what the API offers, and ask for its own rights.
          .filter(([first = ""]) => first !== "" && !first.startsWith("[") && !first.startsWith("self"))
          .map((fields) => fields.filter((field) => field !== "[]").join(" "))
          .sort()
      );
    };
    const everywhere = [
      "certificatesigningrequests.certificates.k8s.io [get list delete]",
      "certificatesigningrequests.certificates.k8s.io/approval [update]",
      "daemonsets.apps [get]",
      "nodes [get list watch patch delete]",
      "pods [get list]",
      "pods/eviction [create]",
      "signers.certificates.k8s.io [kubernetes.io/kube-apiserver-client-kubelet] [approve]",
    ];
    assert.deepEqual(await rights("default"), everywhere);
    assert.deepEqual(await rights("kube-system"), [...everywhere, "secrets [create patch delete]"].sort());

    const secret = (name: string, type: string): string[] => [
      ...["create", "secret", "generic", name, "-n", "kube-system", `--type=${type}`, "--from-literal=a=b"],
    ];
    await server.send("POST", "/api/v1/namespaces/kube-system/secrets", {
      metadata: { name: "of-others" },
      type: "Opaque",
    });
    const policy =
      /ValidatingAdmissionPolicy 'plinth-roster' .* denied request: the roster makes and deletes bootstrap/;
    assert.match(await kube(...secret("stolen", "Opaque")), policy);
    assert.match(await kube("delete", "secret", "of-others", "-n", "kube-system"), policy);
    const changed = path.join(folder, "of-others.json");
    const metadata = { name: "of-others", namespace: "kube-system" };
    writeFileSync(changed, JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, data: { a: "Yg==" } }));
    assert.match(await kube("apply", "--server-side", "-f", changed), policy);
    const forbidden = /forbidden/i;
    assert.match(await kube("get", "secrets", "-n", "kube-system"), forbidden);
    assert.match(await kube("get", "secret", "of-others", "-n", "kube-system"), forbidden);
    assert.match(
      await kube(...secret("elsewhere", "Opaque").map((word) => word.replace("kube-system", "default"))),
      forbidden,
    );
    assert.match(
      await kube("create", "clusterrolebinding", "more", "--clusterrole=cluster-admin", "--user=me"),
      forbidden,
    );
    assert.match(await kube("run", "pod", "--image=none"), forbidden);
    assert.match(await kube("delete", "pod", "any"), forbidden);
    assert.match(await kube("create", "token", "default"), forbidden);
    assert.match(await kube("auth", "can-i", "approve", "signers/kubernetes.io/kubelet-serving"), /^no|no\n/);
    const other = (await server.get("/api/v1/namespaces/kube-system/secrets/of-others")) as { data?: object };
    assert.equal(other.data, undefined);
  });

  it("get their rights again when somebody has taken them", async () => {
    const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/plinth:roster";
    await server.send("DELETE", role, {});
    assert.equal((await giveAccess()).code, 0);
    assert.ok(await server.get(role));
  });

  it("have nothing to drain where there is no Node yet, and let that host ask for its certificate before it starts", async () => {
    const { code, stdout, stderr } = await drain("w9", { token: "nnnnnn.0123456789abcdef" });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"drained":false,"reason":"there is no such Node yet, it may join"/);
    const secret = "/api/v1/namespaces/kube-system/secrets/bootstrap-token-nnnnnn";
    assert.ok(await server.get(secret));
    const registration = register("w9", {}, { token: "nnnnnn.0123456789abcdef" });
    await join("w9");
    assert.equal((await registration).code, 0);
    assert.equal(await server.get(secret), undefined);
  });

  it("let nobody in for a Node that is there already", async () => {
    assert.equal((await drain("w9", { token: "oooooo.0123456789abcdef" })).code, 0);
    assert.equal(await server.get("/api/v1/namespaces/kube-system/secrets/bootstrap-token-oooooo"), undefined);
    assert.equal((await register("w9")).code, 0);
  });

  it("say what is missing when no token comes", async () => {
    const variables = { MACHINE_ID: machine, RUNTIME: "containerd 2.4.2", GENERATION: "1" };
    const { code, stderr } = await run({ script: "drain", node: "w9", deadline: 5, variables });
    assert.equal(code, 1);
    assert.match(stderr, /w9: no bootstrap token came by standard input/);
  });

  /** A pod that runs on a Node, as its kubelet tells it. */
  async function pod(name: string, on: string): Promise<void> {
    await server.send("POST", "/api/v1/namespaces/default/pods", {
      metadata: { name, labels: { app: name } },
      spec: {
        nodeName: on,
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "main", image: "none" }],
      },
    });
    const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
    await server.send(
      "PATCH",
      `/api/v1/namespaces/default/pods/${name}/status`,
      { status },
      "application/merge-patch+json",
    );
  }
});
