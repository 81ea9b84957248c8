import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { parse } from "yaml";
import { defaultVersions, ensureArtifacts } from "../../artifacts/index.ts";
import { hostScript } from "../../components/host/script.ts";
import type { AdmissionPolicy } from "../../plan/admissionpolicies.ts";
import { admissionArguments } from "../../plan/bundles/admission.ts";
import { lookScript } from "../../plan/scripts.ts";
import { startApiServer, type TestApiServer, type TestApiServerOptions } from "./apiServer.ts";
import { bundleOf, configOf, hostsOf } from "./cluster.ts";

export interface Answer {
  status: number;
  /** Headers of the kind Warning. */
  warnings: string;
  body: Record<string, unknown>;
}

/** A real kube-apiserver with the files that are planned for control-plane hosts. */
export class Planned {
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

  /** The longest life of a token, as it stands in the planned unit. */
  private maximumOf(raw: Record<string, unknown>): Record<string, string> {
    const name = "service-account-max-token-expiration";
    const hosts = hostsOf();
    const { files } = bundleOf("controlplane", { host: hosts[0] ?? assert.fail(), hosts, config: configOf(raw) });
    const unit = files.find((file) => file.path.endsWith("/kube-apiserver.service"))?.content ?? "";
    const [, value] = new RegExp(`--${name}=(\\S+)`).exec(unit) ?? [];
    return value === undefined ? {} : { [name]: value };
  }

  /** Makes policies, with their bindings. The server goes by them some moments later. */
  async enforce(policies: readonly AdmissionPolicy[]): Promise<void> {
    for (const { name, spec, actions } of policies) {
      const group = "/apis/admissionregistration.k8s.io/v1";
      const apiVersion = "admissionregistration.k8s.io/v1";
      const policy = { apiVersion, kind: "ValidatingAdmissionPolicy", metadata: { name }, spec };
      const bound = { policyName: name, validationActions: actions };
      const binding = { apiVersion, kind: "ValidatingAdmissionPolicyBinding", metadata: { name }, spec: bound };
      for (const [kind, body] of Object.entries({ policies: policy, policybindings: binding })) {
        const { status, body: answer } = await this.ask("POST", `${group}/validatingadmission${kind}`, body);
        assert.equal(status, 201, JSON.stringify(answer));
      }
    }
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

  /** @param users token → user and groups, besides the administrator. */
  async start(raw: Record<string, unknown>, users: TestApiServerOptions["users"] = {}): Promise<void> {
    this.authenticate({});
    this.frontProxy();
    const admissionFile = path.join(this.folder, "admission.yaml");
    writeFileSync(admissionFile, this.contentOf("admission.yaml", raw));
    const args = {
      ...this.maximumOf(raw),
      ...admissionArguments(configOf(raw)),
      "admission-control-config-file": admissionFile,
      "allow-privileged": "true",
      "authentication-config": this.authenticationFile,
      "requestheader-allowed-names": "front-proxy-client",
      "requestheader-client-ca-file": path.join(this.folder, "ca.crt"),
      "requestheader-group-headers": "X-Remote-Group",
      "requestheader-username-headers": "X-Remote-User",
    };
    this.server = await startApiServer({ args, users });
    const { cluster } = this.access();
    writeFileSync(
      path.join(this.folder, "server.crt"),
      Buffer.from(cluster["certificate-authority-data"] ?? "", "base64"),
    );
  }

  /** Text of an administrator's. */
  get kubeconfig(): string {
    return this.server?.kubeconfig ?? "";
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

  /** What a look at the workloads tells, as it would on a control-plane host. */
  async lookAtWorkloads(): Promise<string> {
    const version = defaultVersions["kubectl"] ?? "";
    const kubectl = (await ensureArtifacts([{ name: "kubectl", version }])).get("kubectl") ?? "";
    const at = (name: string): string => {
      const file = path.join(this.folder, "host", name);
      mkdirSync(path.dirname(file), { recursive: true });
      return file;
    };
    symlinkSync(kubectl, at("opt/plinth/bin/kubectl"));
    writeFileSync(at("etc/kubernetes/controller-manager.conf"), this.server?.kubeconfig ?? "");
    writeFileSync(at("var/lib/plinth/bundles/controlplane/manifest"), "");
    const pki = {
      "ca.crt": "server.crt",
      "apiserver/front-proxy-client.crt": "proxy.crt",
      "apiserver/front-proxy-client.key": "proxy.key",
    };
    for (const [name, own] of Object.entries(pki))
      copyFileSync(path.join(this.folder, own), at(`etc/kubernetes/pki/${name}`));
    const env = { ...process.env, PLINTH_ROOT: path.join(this.folder, "host") };
    const child = spawn("sh", ["-s"], { env, stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.end(lookScript("workloads"));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    assert.equal(stderr, "");
    return stdout;
  }

  async stop(): Promise<void> {
    await this.server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
