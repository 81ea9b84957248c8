import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { defaultVersions, ensureArtifacts } from "../../../artifacts/index.ts";
import { pack } from "../../../cli/backup/pack.ts";
import type { Restic } from "../../../cli/backup/repository.ts";
import { bytesOf, seal } from "../../../cli/backup/seal.ts";
import { TargetStore } from "../../../cli/backup/targetstore.ts";
import { drillRestore, type DrillInput, type DrillReport } from "../../../cli/drill/run.ts";
import { renderEncryptionConfig } from "../../../plan/bundles/apiserver.ts";
import { keyDigests } from "../../../plan/backup/keys.ts";
import { setId, type BackupSet, type DataSet, type StateSet } from "../../../plan/backup/set.ts";
import { startApiServer, type TestApiServer } from "../../support/apiServer.ts";
import { stateHalfWith } from "../../support/statehalf.ts";
import { dataSet, placeOf, tagsOf } from "../../support/backup.ts";
import { selfSigned } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";

const clusterId = "0123456789abcdef";
const encryptionKey = "abcdefghijklmnopqrstuvwxyz012345";
const otherKey = encryptionKey.toUpperCase();
const version = (name: string): string => defaultVersions[name] ?? "";
const pem = (
  key: { export: (options: { type: "pkcs8" | "spki"; format: "pem" }) => unknown },
  type: "pkcs8" | "spki",
) => String(key.export({ type, format: "pem" }));

// A real cluster's data, sealed in a real repository, restored and served aside.
describe("a restore drill", function () {
  this.timeout(600_000);
  let folder: string;
  let server: TestApiServer;
  let binaries: ReadonlyMap<string, string>;
  let identity: string;
  const account = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const authority = selfSigned("DNS:kubernetes");
  const definitionKey = "/registry/apiextensions.k8s.io/customresourcedefinitions/widgets.example.com";

  const run = (name: string, ...args: string[]): string =>
    execFileSync(binaries.get(name) ?? name, args, {
      encoding: "utf8",
      cwd: folder,
      env: { ...process.env, RESTIC_PASSWORD: "a long password of repositories" },
      stdio: ["ignore", "pipe", "pipe"],
    });
  const etcdctl = (...args: string[]): string => run("etcdctl", "--endpoints", server.etcd, ...args);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "plinth-drill-test-"));
    const names = ["etcd", "etcdctl", "etcdutl", "kube-apiserver", "restic"];
    binaries = await ensureArtifacts(names.map((name) => ({ name, version: version(name) })));
    identity = await generateX25519Identity();
    writeFileSync(join(folder, "encryption.yaml"), renderEncryptionConfig(encryptionKey));
    server = await startApiServer({ args: { "encryption-provider-config": join(folder, "encryption.yaml") } });
    const create = (path: string, body: Record<string, unknown>) => server.send("POST", path, body as never);
    for (let index = 0; index < 12; index += 1) {
      const metadata = { name: `thing-${index}` };
      await create("/api/v1/namespaces/default/secrets", { metadata, stringData: { value: `secret ${index}` } });
      await create("/api/v1/namespaces/default/configmaps", { metadata, data: { value: `${index}` } });
    }
    await create("/api/v1/namespaces/default/configmaps", {
      metadata: { name: "authority" },
      data: { "ca.crt": authority.certificate },
    });
    await create("/api/v1/nodes", { metadata: { name: "worker-1" } });
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    await create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      metadata: { name: "widgets.example.com" },
      spec: {
        group: "example.com",
        scope: "Namespaced",
        names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
        versions: [{ name: "v1", served: true, storage: true, schema }],
      },
    });
    const widgets = "/apis/example.com/v1/namespaces/default/widgets";
    const widget = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "one" }, spec: { size: 1 } };
    await served(widgets);
    await create(widgets, widget);
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Waits until the API server has a kind that was declared. */
  const served = async (path: string): Promise<void> => {
    while ((await server.get(path)) === undefined) await new Promise(setImmediate);
  };

  /** A repository with a set of data, as etcd is now, and one of state with a key. */
  const repositoryOf = async (name: string, key: string, claimed = key): Promise<string> => {
    const repository = join(folder, name);
    run("restic", "init", "--quiet", "--repo", repository);
    const recipient = await identityToRecipient(identity);
    const put = async (set: BackupSet, clear: Buffer): Promise<void> => {
      const place = join(folder, `${name}-${set.kind}`);
      mkdirSync(place);
      writeFileSync(join(place, "set.json"), `${JSON.stringify(set)}\n`);
      writeFileSync(join(place, "content.age"), await bytesOf(await seal(Readable.from([clear]), [recipient])));
      execFileSync(
        binaries.get("restic") ?? "",
        // prettier-ignore
        ["backup", "--quiet", "--repo", repository, "--host", "demo", "--tag", tagsOf(set).join(","), "set.json", "content.age"],
        { cwd: place, env: { ...process.env, RESTIC_PASSWORD: "a long password of repositories" } },
      );
    };
    const snapshot = join(folder, `${name}.db`);
    etcdctl("snapshot", "save", snapshot);
    const bytes = readFileSync(snapshot);
    const publicKey = pem(account.publicKey, "spki");
    const [, revision = "0"] = /"revision":(\d+)/.exec(etcdctl("endpoint", "status", "--write-out", "json")) ?? [];
    const at = Date.now();
    const data: DataSet = {
      ...dataSet(new Date(at).toISOString().replace(/\.\d+Z$/, "Z")),
      ...{ kubernetes: version("kube-apiserver"), etcd: version("etcd"), revision: Number(revision) },
      ...{ keys: keyDigests(publicKey, claimed), bytes: bytes.length },
      sha256: createHash("sha256").update(bytes).digest("hex"),
    };
    await put(data, gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(data)}\n`), bytes])));
    const serviceAccounts = { publicKey, privateKey: pem(account.privateKey, "pkcs8") };
    const keys = { serviceAccounts, encryption: key, authority: authority.certificate };
    const half = stateHalfWith(keys, at, clusterId);
    const state: StateSet = { ...half.set, id: setId(at, "state-lab"), keys: data.keys };
    await put(state, await pack({ ...half, set: state }));
    return repository;
  };

  const drill = async (
    repository: string,
    more: Partial<Pick<DrillInput, "identities" | "live">> = {},
  ): Promise<DrillReport> => {
    const signal = new AbortController().signal;
    const restic: Restic = {
      executable: binaries.get("restic") ?? "",
      password: "a long password of repositories",
      cacheDir: join(folder, "cache"),
      signal,
    };
    const before = left();
    const report = await drillRestore({
      store: new TargetStore(restic, [placeOf("disk", { url: repository })], clusterId),
      identities: more.identities ?? (() => [identity]),
      wanted: {},
      config: { kubernetesVersion: version("kube-apiserver"), etcdVersion: version("etcd") },
      live: more.live ?? { kubeconfig: server.kubeconfig },
      ensure: () => Promise.resolve(binaries),
      note: () => undefined,
      signal,
    });
    assert.deepEqual(left(), before, "nothing is left behind");
    return report;
  };
  /** Folders of drills. */
  const left = (): string[] => readdirSync(tmpdir()).filter((name) => /^plinth-drill-(?!test-)/.test(name));

  it("serves what was backed up, as the cluster has it", async () => {
    const report = await drill(await repositoryOf("good", encryptionKey));
    assert.deepEqual(report.problems, []);
    assert.equal(report.result, "ok");
    assert.deepEqual(report.notes, []);
    assert.deepEqual(report.secrets, { served: 12, encrypted: true });
    assert.deepEqual(report.kinds["secrets"], { stored: 12, served: 12 });
    assert.deepEqual(report.kinds["widgets.example.com"], { stored: 1, served: 1 });
    assert.deepEqual(report.kinds["nodes"], { stored: 1, served: 1 });
    assert.ok((report.kinds["clusterroles.rbac.authorization.k8s.io"]?.served ?? 0) > 30);
    assert.ok(report.sample !== undefined && report.sample.same >= 20, JSON.stringify(report.sample));
    assert.deepEqual(Object.keys(report.seconds).sort(), ["compare", "fetch", "restore", "serve", "total"]);
  });

  it("calls neither webhooks nor extensions that the data names", async () => {
    let calls = 0;
    const listener = createServer((socket) => {
      calls += 1;
      socket.destroy();
    }).listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    const create = (path: string, body: Record<string, unknown>) => server.send("POST", path, body as never);
    await create("/api/v1/namespaces/default/services", {
      metadata: { name: "extension" },
      spec: { type: "ExternalName", externalName: "localhost" },
    });
    await create("/apis/apiregistration.k8s.io/v1/apiservices", {
      metadata: { name: "v1.extension.example.com" },
      spec: {
        ...{ group: "extension.example.com", version: "v1", groupPriorityMinimum: 100, versionPriority: 100 },
        service: { namespace: "default", name: "extension", port },
        insecureSkipTLSVerify: true,
      },
    });
    // The lease of an API server is made when it starts.
    const rule = { apiGroups: ["*"], apiVersions: ["*"], operations: ["CREATE"], resources: ["leases"] };
    await create("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", {
      metadata: { name: "lease" },
      webhooks: [
        {
          ...{ name: "lease.example.com", admissionReviewVersions: ["v1"], sideEffects: "None", failurePolicy: "Fail" },
          ...{ clientConfig: { url: `https://127.0.0.1:${port}/` }, rules: [rule] },
        },
      ],
    });
    const repository = await repositoryOf("calls", encryptionKey);
    // The cluster's own API server asks that extension all the time.
    await eventually("a call of the extension", 60, () => Promise.resolve(calls > 0 ? calls : undefined));
    await server.pause();
    try {
      // What it has begun before comes first.
      await once(connect(port, "127.0.0.1").resume(), "close");
      calls = 0;
      const report = await drill(repository, { live: { without: "it stands still" } });
      assert.deepEqual(report.problems, []);
      assert.deepEqual(report.notes, ["no contents were compared with the cluster's: it stands still"]);
      assert.equal(report.sample, undefined);
      assert.equal(calls, 0);
    } finally {
      server.resume();
      listener.close();
    }
  });

  it("finds a set that cannot be opened, and one that is damaged", async () => {
    const repository = await repositoryOf("damaged", encryptionKey);
    const other = await generateX25519Identity();
    const closed = await drill(repository, { identities: () => [other] });
    assert.equal(closed.result, "failed");
    assert.match(closed.problems.join("\n"), /^None of the keys at hand opens the set/);

    const packs = readdirSync(join(repository, "data"), { recursive: true, encoding: "utf8" })
      .map((name) => join(repository, "data", name))
      .filter((path) => statSync(path).isFile())
      .sort((a, b) => statSync(b).size - statSync(a).size);
    const [largest = ""] = packs;
    const bytes = readFileSync(largest);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    rmSync(largest);
    writeFileSync(largest, bytes);
    const damaged = await drill(repository);
    assert.equal(damaged.result, "failed");
    assert.match(damaged.problems.join("\n"), /^Target disk: [^\n]+$/);
  });

  it("finds that the key of the state does not decrypt the data, whatever their descriptions say", async () => {
    const report = await drill(await repositoryOf("key", otherKey));
    assert.equal(report.result, "failed");
    assert.deepEqual(report.problems, ["the encryption key of the set of state does not decrypt the Secrets"]);
  });

  it("finds a state that holds other keys than it says", async () => {
    const report = await drill(await repositoryOf("claim", otherKey, encryptionKey));
    assert.match(report.problems.join("\n"), /holds other keys than those that the data was made with\.$/);
  });

  it("finds objects of a kind whose definition is missing", async () => {
    etcdctl("del", definitionKey);
    const report = await drill(await repositoryOf("missing", encryptionKey));
    assert.equal(report.result, "failed");
    assert.deepEqual(report.kinds["widgets.example.com"], { stored: 1, served: 0 });
    assert.match(report.problems.join("\n"), /^widgets\.example\.com: etcd has 1, and the API server serves /);
  });
});
