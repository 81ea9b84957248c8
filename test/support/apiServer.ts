import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { defaultVersions, ensureArtifacts } from "../../artifacts/index.ts";
import { ApiClient } from "../../kube/client.ts";
import { loadAccess } from "../../kube/kubeconfig.ts";
import type { PropertyMap, PropertyValue } from "../../plugins/provider/values.ts";

const TOKEN = "engine-test-token";

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
  /** Pauses and continues the API server, as an outage. */
  signal(name: "SIGSTOP" | "SIGCONT"): void;
  stop(): Promise<void>;
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
  const folder = await mkdtemp(join(tmpdir(), "plinth-apiserver-"));
  const [etcdPort, peerPort, apiPort] = await freePorts(3);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keyFile = join(folder, "sa.key");
  await writeFile(keyFile, privateKey.export({ type: "pkcs1", format: "pem" }));
  const tokens = Object.entries({ ...users, [TOKEN]: { name: "admin", groups: ["system:masters"] } });
  const lines = tokens.map(([token, { name, groups }]) => `${token},${name},${name},"${groups.join(",")}"\n`);
  await writeFile(join(folder, "tokens.csv"), lines.join(""));
  const processes: ChildProcess[] = [];
  const ended: Error[] = [];
  /** Throws, with the end of its log, when a process has ended that should not. */
  const allRun = (): void => {
    const [first] = ended;
    if (first !== undefined) throw first;
  };
  const start = (name: (typeof NAMES)[number], args: Record<string, string>): ChildProcess => {
    const path = join(folder, `${name}.log`);
    const log = openSync(path, "a");
    const child = spawn(
      paths.get(name) ?? name,
      Object.entries(args).map(([key, value]) => `--${key}=${value}`),
      {
        stdio: ["ignore", log, log],
      },
    );
    child.once("exit", (code, signal) => {
      if (stopping) return;
      ended.push(
        new Error(`${name} ended (${signal ?? `exit code ${code}`}): ${readFileSync(path, "utf8").slice(-2000)}`),
      );
    });
    processes.push(child);
    return child;
  };
  let stopping = false;
  const stop = async (): Promise<void> => {
    stopping = true;
    for (const child of processes.reverse()) {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, "exit");
        child.kill("SIGCONT");
        child.kill("SIGKILL");
        await exited;
      }
    }
    await rm(folder, { recursive: true, force: true });
  };
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
    const certificate = await waitFor("the API server's certificate", allRun, async () => {
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
      allRun();
      const type = contentType === undefined ? {} : { contentType };
      return (await client.send({ method, path, body, signal, ...type })).body;
    };
    const get: TestApiServer["get"] = async (path) => {
      allRun();
      try {
        return (await client.send({ method: "GET", path, signal })).body;
      } catch (error) {
        if (error instanceof Error && "status" in error && error.status === 404) return undefined;
        throw error;
      }
    };
    await waitFor("the API server", allRun, () =>
      client.send({ method: "GET", path: "/readyz", signal, patienceSeconds: 0 }),
    );
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
    await waitFor("the controller manager's work", allRun, () =>
      client.send({ method: "GET", path: "/api/v1/namespaces/default/serviceaccounts/default", signal }),
    );
    return {
      kubeconfig,
      get,
      send,
      signal: (name) => {
        apiServer.kill(name);
      },
      stop: async () => {
        client.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function waitFor<Value>(what: string, allRun: () => void, attempt: () => Promise<Value>): Promise<Value> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    allRun();
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`No sign of ${what} within 60 s.`, { cause: error });
      await sleep(200);
    }
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
