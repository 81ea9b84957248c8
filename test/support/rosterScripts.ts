import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, stringify } from "yaml";
import { defaultVersions, ensureArtifacts } from "../../artifacts/index.ts";
import { renderNodeManifest, renderTaints } from "../../plan/roster.ts";
import { renderRosterAccess, rosterGroup, rosterUser } from "../../plan/rosteraccess.ts";
import { renderEntries, renderRosterText, type RosterText } from "../../plan/rostertext.ts";
import { rosterScript, rosterScriptDirectory, rosterScriptNames } from "../../plan/scripts.ts";
import { startApiServer, type TestApiServer } from "./apiServer.ts";
import { hostsOf } from "./cluster.ts";

export interface RosterNode {
  metadata: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] };
}

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Who asks for a certificate. */
export interface Requester {
  user: string;
  groups: readonly string[];
  /** Name of the signer behind `kubernetes.io/`. */
  signer: string;
  usages: readonly string[];
}

/** The bearer of a bootstrap token, for a client certificate. */
export function bearer(tokenId: string): Requester {
  return {
    user: `system:bootstrap:${tokenId}`,
    groups: ["system:bootstrappers:plinth"],
    signer: "kube-apiserver-client-kubelet",
    usages: ["digital signature", "client auth"],
  };
}

/** A kubelet, for the certificate with which it serves. */
export function kubelet(node: string): Requester {
  return {
    user: `system:node:${node}`,
    groups: ["system:nodes"],
    signer: "kubelet-serving",
    usages: ["digital signature", "server auth"],
  };
}

/** What is asked for. */
export interface RequestForm {
  /** As openssl has it. */
  subject: string;
  /** Default: prime256v1. */
  curve?: string;
  /** Of openssl. */
  options?: readonly string[];
  /** Default: the requester's. */
  usages?: readonly string[];
}

/** Machine id of every host here. */
export const machine = "0123456789abcdef0123456789abcdef";
const requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/** The roster's scripts with the real kubectl on a real API server; there are no kubelets, so the tests play them. */
export class RosterScripts {
  readonly server: TestApiServer;
  /** Root of the control-plane host. */
  readonly folder: string;
  /** Folder of kubectl. */
  readonly kubectl: string;

  private constructor(server: TestApiServer, folder: string, kubectl: string) {
    this.server = server;
    this.folder = folder;
    this.kubectl = kubectl;
  }

  /** Starts the server. The roster has no rights yet. */
  static async start(): Promise<RosterScripts> {
    const paths = await ensureArtifacts([{ name: "kubectl", version: defaultVersions["kubectl"] ?? "" }]);
    const folder = await mkdtemp(path.join(tmpdir(), "plinth-roster-"));
    for (const name of rosterScriptNames)
      writeFileSync(path.join(folder, name), rosterScript(name).content, { mode: 0o755 });
    const server = await startApiServer();
    writeFileSync(path.join(folder, "kubeconfig"), server.kubeconfig);
    const credentials = path.join(folder, "etc/kubernetes/roster");
    mkdirSync(credentials, { recursive: true });
    writeFileSync(path.join(credentials, "host.conf"), asRoster(server.kubeconfig));
    await server.send("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      metadata: { name: "bootstrappers" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:node-bootstrapper" },
      subjects: ["system:bootstrappers:plinth", "system:nodes"].map((name) => ({
        apiGroup: "rbac.authorization.k8s.io",
        kind: "Group",
        name,
      })),
    });
    return new RosterScripts(server, folder, path.dirname(paths.get("kubectl") ?? ""));
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  giveAccess(): Promise<Outcome> {
    const kubeconfig = parse(this.server.kubeconfig) as { clusters: { cluster: { server: string } }[] };
    const variables = {
      MANIFEST: renderRosterAccess(),
      API_SERVERS: kubeconfig.clusters[0]?.cluster.server ?? "",
    };
    return this.run({ script: "access", node: "roster", deadline: 30, variables }, this.server.kubeconfig);
  }

  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, PATH: `${this.kubectl}:${process.env["PATH"] ?? ""}`, PLINTH_ROOT: this.folder };
  }

  run(step: RosterText, stdin = ""): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const text = renderRosterText(step).replace(rosterScriptDirectory, this.folder);
      const child = spawn("sh", ["-c", text], { env: this.environment });
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
  register(
    name: string,
    more: object = {},
    options: {
      token?: string;
      deadline?: number;
      balanced?: string;
      stack?: string;
      /** Of the host's bundle, and that at which its kubelet joined anew. */
      generation?: number;
      joinedAnew?: number;
    } = {},
  ): Promise<Outcome> {
    const [host] = hostsOf([{ name, address: "192.0.2.21", roles: ["worker"], ...more }]);
    assert.ok(host);
    const variables = {
      MACHINE_ID: machine,
      READINESS: "required",
      RUNTIME: "containerd 2.4.1",
      TAINTS: renderTaints(host),
      MANIFEST: renderNodeManifest(host, options.stack ?? "lab"),
      ...(options.balanced === undefined ? {} : { BALANCED: options.balanced }),
      GENERATION: String(options.generation ?? 1),
      ...(options.joinedAnew === undefined
        ? {}
        : { JOINED_ANEW: String(options.joinedAnew), HOST_ADDRESS: host.address }),
    };
    const step = { script: "register", node: name, deadline: options.deadline ?? 30, variables } as const;
    return this.run(step, `token ${options.token ?? "-"}\n`);
  }

  drain(
    name: string,
    options: { deadline?: number; token?: string; runtime?: string; generation?: number; joinedAnew?: number } = {},
  ): Promise<Outcome> {
    const { deadline = 20, token = "-", runtime = "containerd 2.4.2", generation = 1, joinedAnew } = options;
    const variables = {
      MACHINE_ID: machine,
      RUNTIME: runtime,
      GENERATION: String(generation),
      ...(joinedAnew === undefined ? {} : { JOINED_ANEW: String(joinedAnew) }),
    };
    return this.run({ script: "drain", node: name, deadline, variables }, `token ${token}\n`);
  }

  /** A step that ends memberships, with a roster of these Nodes. */
  leave(script: "evacuation" | "roster", owner: string, lines: string): Promise<Outcome> {
    const variables = { OWNER: owner, LOCAL: "", GRACE: "" };
    return this.run({ script, node: script, deadline: 20, variables }, lines);
  }

  /** What a kubelet does when it has its certificate. */
  async join(name: string, machineID = machine): Promise<void> {
    await this.server.send("POST", "/api/v1/nodes", {
      metadata: { name, labels: { "kubernetes.io/hostname": name } },
      spec: { taints: [{ key: "plinth/uninitialized", effect: "NoSchedule" }] },
    });
    const status = {
      conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "ready" }],
      nodeInfo: { machineID },
    };
    await this.server.send("PATCH", `/api/v1/nodes/${name}/status`, { status }, "application/merge-patch+json");
  }

  async node(name: string): Promise<RosterNode> {
    const found = await this.server.get(`/api/v1/nodes/${name}`);
    assert.ok(found, name);
    return found as unknown as RosterNode;
  }

  /** Keys and effects of a Node's taints, without those of Kubernetes. */
  async taints(name: string): Promise<string[]> {
    return ((await this.node(name)).spec.taints ?? [])
      .map(({ key, effect }) => `${key}:${effect}`)
      .filter((taint) => !taint.startsWith("node.kubernetes.io/"))
      .sort();
  }

  async patch(name: string, body: object): Promise<void> {
    await this.server.send("PATCH", `/api/v1/nodes/${name}`, body as never, "application/strategic-merge-patch+json");
  }

  /** Sends a request for a certificate. */
  request(name: string, requester: Requester, { subject, curve, options = [], usages }: RequestForm): void {
    const key = path.join(this.folder, `${name}.key`);
    const pem = execFileSync(
      "openssl",
      // prettier-ignore
      ["req", "-new", "-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve ?? "prime256v1"}`, "-nodes", "-keyout", key, "-subj", subject, ...options],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    const object = {
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { name },
      spec: {
        request: pem.toString("base64"),
        signerName: `kubernetes.io/${requester.signer}`,
        usages: usages ?? requester.usages,
      },
    };
    const file = path.join(this.folder, "request.json");
    writeFileSync(file, JSON.stringify(object));
    const groups = [...requester.groups, "system:authenticated"].flatMap((group) => ["--as-group", group]);
    execFileSync(
      path.join(this.kubectl, "kubectl"),
      // prettier-ignore
      ["--kubeconfig", path.join(this.folder, "kubeconfig"), "create", "-f", file, "--as", requester.user, ...groups, "--validate=false"],
    );
  }

  /** Types of the conditions of a request. */
  async conditions(name: string): Promise<string[]> {
    const found = await this.server.get(`${requests}/${name}`);
    const status = found?.["status"] as { conditions?: { type: string }[] } | undefined;
    return (status?.conditions ?? []).map(({ type }) => type);
  }

  /** A pod that runs on a Node, as its kubelet tells it. */
  async pod(name: string, on: string): Promise<void> {
    const pods = "/api/v1/namespaces/default/pods";
    await this.server.send("POST", pods, {
      metadata: { name, labels: { app: name } },
      spec: {
        nodeName: on,
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "main", image: "none" }],
      },
    });
    const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
    await this.server.send("PATCH", `${pods}/${name}/status`, { status }, "application/merge-patch+json");
  }
}

/** A roster of these Nodes. */
export function rosterOf(nodes: readonly string[]): string {
  return renderEntries({ members: new Map(), nodes: new Map(nodes.map((name) => [name, machine])) });
}

/** The kubeconfig of the roster on a host: the administrator's here may act as others, and acts as the roster alone. */
function asRoster(kubeconfig: string): string {
  const parsed = parse(kubeconfig) as { users: { user: Record<string, unknown> }[] };
  for (const { user } of parsed.users) {
    user["as"] = rosterUser("cp1");
    user["as-groups"] = [rosterGroup, "system:authenticated"];
  }
  return stringify(parsed);
}
