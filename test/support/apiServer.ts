import type { ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { defaultVersions, ensureArtifacts } from "../../artifacts/index.ts";
import { freePorts, Scratch } from "../../cli/process/scratch.ts";
import { ApiClient } from "../../kube/client.ts";
import { loadAccess } from "../../kube/kubeconfig.ts";
import { eventually } from "./eventually.ts";
import type { PropertyMap, PropertyValue } from "../../plugins/provider/values.ts";

const TOKEN = "engine-test-token";

/** Whether all threads of a process are stopped: the third word of their state is T (proc(5)). */
function standsStill({ pid }: ChildProcess): boolean {
  const tasks = `/proc/${pid ?? 0}/task`;
  return readdirSync(tasks).every((task) =>
    / T /.test(readFileSync(`${tasks}/${task}/stat`, "utf8").replace(/^.*\)/s, "")),
  );
}

/** A kube-apiserver with etcd and kube-controller-manager on loopback: no scheduler and no nodes. */
export interface TestApiServer {
  /** Text of an administrator's kubeconfig. */
  kubeconfig: string;
  /** The answer to a GET; undefined for a 404. */
  get(path: string): Promise<PropertyMap | undefined>;
  /** Sends anything and returns the answer. */
  send(
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body: PropertyValue,
    apply?: string,
  ): Promise<PropertyMap>;
  /** Stops the API server for a while, as an outage; done once none of its threads runs. */
  pause(): Promise<void>;
  /** Lets it go on. */
  resume(): void;
  stop(): Promise<void>;
  /** URL of its etcd, which takes anybody on this machine. */
  etcd: string;
}

/** What an API server is given besides what it needs to run. */
export interface TestApiServerOptions {
  /** Token → user and groups. */
  users?: Readonly<Record<string, { name: string; groups: readonly string[] }>>;
  /** Arguments of kube-apiserver: name without dashes → value. */
  args?: Readonly<Record<string, string>>;
}

const NAMES = ["etcd", "kube-apiserver", "kube-controller-manager"] as const;

export async function startApiServer({
  users = {},
  args: more = {},
}: TestApiServerOptions = {}): Promise<TestApiServer> {
  const paths = await ensureArtifacts(NAMES.map((name) => ({ name, version: defaultVersions[name] ?? "" })));
  const scratch = await Scratch.open("plinth-apiserver-");
  const { folder } = scratch;
  const [etcdPort, peerPort, apiPort] = await freePorts(3);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keyFile = join(folder, "sa.key");
  await writeFile(keyFile, privateKey.export({ type: "pkcs1", format: "pem" }));
  const tokens = Object.entries({ ...users, [TOKEN]: { name: "admin", groups: ["system:masters"] } });
  const lines = tokens.map(([token, { name, groups }]) => `${token},${name},${name},"${groups.join(",")}"\n`);
  await writeFile(join(folder, "tokens.csv"), lines.join(""));
  const start = (name: (typeof NAMES)[number], args: Record<string, string>): ChildProcess =>
    scratch.start(name, paths.get(name) ?? name, args);
  const waitFor = <Value>(what: string, attempt: () => Promise<Value>): Promise<Value> =>
    scratch.waitFor(what, attempt, { seconds: 60 });
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  start("etcd", {
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": etcdUrl,
    "advertise-client-urls": etcdUrl,
    "listen-peer-urls": `http://127.0.0.1:${peerPort}`,
    "unsafe-no-fsync": "true",
  });
  const apiServer = start("kube-apiserver", {
    "etcd-servers": etcdUrl,
    "bind-address": "127.0.0.1",
    "secure-port": String(apiPort),
    "cert-dir": folder,
    "token-auth-file": join(folder, "tokens.csv"),
    "authorization-mode": "RBAC",
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-key-file": keyFile,
    "service-account-signing-key-file": keyFile,
    "service-cluster-ip-range": "10.96.0.0/16",
    ...more,
  });
  try {
    const certificate = await waitFor("the API server's certificate", async () => {
      const text = await readFile(join(folder, "apiserver.crt"), "utf8");
      // It is written in pieces: the server's own, then its authority's.
      if (text.split("-----END CERTIFICATE-----").length < 3) throw new Error("The certificate is not whole yet.");
      return text;
    });
    const kubeconfig = stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
      clusters: [
        {
          name: "test",
          cluster: {
            server: `https://127.0.0.1:${apiPort}`,
            "certificate-authority-data": Buffer.from(certificate).toString("base64"),
          },
        },
      ],
      users: [{ name: "admin", user: { token: TOKEN } }],
    });
    const kubeconfigFile = join(folder, "kubeconfig");
    await writeFile(kubeconfigFile, kubeconfig);
    const client = new ApiClient(loadAccess(kubeconfig, { context: "", cluster: "" }));
    const { signal } = new AbortController();
    const send: TestApiServer["send"] = async (method, path, body, contentType) => {
      scratch.requireAll();
      const type = contentType === undefined ? {} : { contentType };
      return (await client.send({ method, path, body, signal, ...type })).body;
    };
    const get: TestApiServer["get"] = async (path) => {
      scratch.requireAll();
      try {
        return (await client.send({ method: "GET", path, signal })).body;
      } catch (error) {
        if (error instanceof Error && "status" in error && error.status === 404) return undefined;
        throw error;
      }
    };
    await waitFor("the API server", () => client.send({ method: "GET", path: "/readyz", signal, patienceSeconds: 0 }));
    start("kube-controller-manager", {
      kubeconfig: kubeconfigFile,
      // The Nodes of tests have no kubelets that would report: they stay what a test has said they are.
      controllers: "*,-node-lifecycle-controller",
      // It serves nothing that a test reads, and a port could be taken meanwhile: the API server connects to etcd from hundreds.
      "secure-port": "0",
      "leader-elect": "false",
      "cert-dir": folder,
      "service-account-private-key-file": keyFile,
      "use-service-account-credentials": "false",
    });
    await waitFor("the controller manager's work", () =>
      client.send({ method: "GET", path: "/api/v1/namespaces/default/serviceaccounts/default", signal }),
    );
    return {
      kubeconfig,
      etcd: etcdUrl,
      get,
      send,
      pause: async () => {
        apiServer.kill("SIGSTOP");
        await eventually("the API server stands still", 30, () => Promise.resolve(standsStill(apiServer) || undefined));
      },
      resume: () => {
        apiServer.kill("SIGCONT");
      },
      stop: async () => {
        client.close();
        await scratch[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}
