import { stringify } from "yaml";
import { ApiClient } from "../../kube/client.ts";
import { ApiError } from "../../kube/errors.ts";
import type { DrillServing } from "../../plan/backup/drillserving.ts";
import type { Scratch } from "../process/scratch.ts";
import { freePorts, ScratchError } from "../process/scratch.ts";
import { scratchAuthority } from "./certificates.ts";
import type { ScratchEtcd } from "./etcd.ts";

/** Seconds until it is ready: it fills its caches first. */
const readySeconds = 180;

/** Where everything goes that the API server would send to a cluster: no such socket is there. */
const nowhere = (udsName: string): string =>
  stringify({
    apiVersion: "apiserver.k8s.io/v1beta1",
    kind: "EgressSelectorConfiguration",
    egressSelections: ["cluster", "controlplane"].map((name) => ({
      name,
      connection: { proxyProtocol: "HTTPConnect", transport: { uds: { udsName } } },
    })),
  });

/**
 * Starts an API server on loopback that serves what an etcd has, and waits until it is ready. It talks to that etcd and to nobody
 * else, whatever webhooks and extensions the data names.
 *
 * @returns a client that may do everything; the caller closes it.
 * @throws ScratchError when it ends, does not become ready, or cannot decrypt what it reads.
 */
export async function startApiServer(
  scratch: Scratch,
  executable: string,
  etcd: Pick<ScratchEtcd, "url" | "files">,
  serving: DrillServing,
  signal: AbortSignal,
): Promise<ApiClient> {
  const [port = 0] = await freePorts(1);
  const authority = await scratchAuthority(scratch, "apiserver");
  const [server, administrator] = await Promise.all([
    authority.server("server"),
    authority.client("operator", "system:masters"),
  ]);
  const { publicKey, privateKey } = serving.serviceAccount;
  scratch.start("kube-apiserver", executable, {
    ...serving.args,
    "advertise-address": "127.0.0.1",
    "anonymous-auth": "false",
    "authorization-mode": "RBAC",
    "bind-address": "127.0.0.1",
    "client-ca-file": authority.certFile,
    // Nothing is written that would have to be judged, and nobody is there to ask.
    "disable-admission-plugins":
      "MutatingAdmissionPolicy,MutatingAdmissionWebhook,ValidatingAdmissionPolicy,ValidatingAdmissionWebhook",
    "egress-selector-config-file": await scratch.write("egress.yaml", nowhere(scratch.path("nowhere.sock"))),
    "encryption-provider-config": await scratch.write("encryption.yaml", serving.encryption),
    "endpoint-reconciler-type": "none",
    "etcd-cafile": etcd.files.ca,
    "etcd-certfile": etcd.files.cert,
    // What was restored is asked for at its revision until the end.
    "etcd-compaction-interval": "0",
    "etcd-keyfile": etcd.files.key,
    "etcd-servers": etcd.url,
    profiling: "false",
    "secure-port": String(port),
    "service-account-key-file": await scratch.write("service-account.pub", publicKey),
    "service-account-signing-key-file": await scratch.write("service-account.key", privateKey),
    "tls-cert-file": server.certFile,
    "tls-private-key-file": server.keyFile,
    // Each kind is read once.
    "watch-cache": "false",
  });
  const client = new ApiClient({
    ...{ server: `https://127.0.0.1:${port}`, ca: authority.cert, cert: administrator.cert, key: administrator.key },
    ...{ token: undefined, serverName: undefined, insecure: false, namespace: "" },
  });
  try {
    await scratch.waitFor("the answer of the API server", () => ready(client, signal), {
      seconds: readySeconds,
      signal,
    });
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Asks once. One that cannot decrypt never becomes ready, for it reads Secrets itself. */
async function ready(client: ApiClient, signal: AbortSignal): Promise<void> {
  try {
    await client.send({ method: "GET", path: "/readyz", signal, patienceSeconds: 0 });
  } catch (error) {
    if (error instanceof ApiError)
      await client
        .send({
          ...{ method: "GET", path: "/api/v1/secrets", query: { limit: "1" }, signal, patienceSeconds: 0 },
        })
        .catch((reason: unknown) => {
          if (isUndecryptable(reason)) throw new ScratchError(undecryptable, { cause: reason });
        });
    throw error;
  }
}

/** What stands for the API server's own words, which name keys of etcd. */
export const undecryptable = "the encryption key of the set of state does not decrypt the Secrets";

/** Whether the API server could not decrypt what it read from etcd (pkg/storage/etcd3 and value/transformer of k8s.io/apiserver). */
export function isUndecryptable(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.status >= 500 &&
    /transform|no matching (key|prefix)|decrypt|StorageError/i.test(error.message)
  );
}
