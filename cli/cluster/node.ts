import { isNotFound, UnreachableError } from "../../kube/errors.ts";
import { ApiClient } from "../../kube/client.ts";
import { loadAccess } from "../../kube/kubeconfig.ts";
import { listAt, textAt, type KubeObject } from "../../kube/object.ts";
import { nodeLabels } from "../../plan/names.ts";
import { ownerOf } from "../../plan/roster.ts";

/** Seconds for which an API server that does not answer is asked again. */
const patienceSeconds = 10;

/** What has become of the Node of a machine. */
export type NodeDeletion = "none" | "deleted" | { unreachable: string };

/**
 * Deletes the Node that a machine has registered under a name. A Node of that name on another machine stays.
 *
 * @param kubeconfig YAML of an administrator.
 * @param machineId the machine's `/etc/machine-id`.
 * @throws ApiError when the API server refuses.
 */
export async function deleteNode(kubeconfig: string, name: string, machineId: string): Promise<NodeDeletion> {
  return withApi(kubeconfig, async (send) => {
    const node = await send("GET", pathOf(name)).catch(unlessNotFound);
    if (node === undefined || textAt(node, "status", "nodeInfo", "machineID") !== machineId) return "none";
    return (await remove(send, node)) ? "deleted" : "none";
  });
}

/**
 * Deletes the Nodes that a stack answers for. Returns their names.
 *
 * @param kubeconfig YAML of an administrator.
 * @throws ApiError when the API server refuses.
 */
export async function deleteNodesOf(
  kubeconfig: string,
  stack: string,
): Promise<{ deleted: string[] } | { unreachable: string }> {
  return withApi(kubeconfig, async (send) => {
    const nodes = listAt(await send("GET", nodesPath), "items");
    const own = nodes.filter((node) => textAt(node, "metadata", "labels", nodeLabels.owner) === ownerOf(stack));
    const deleted = [];
    for (const node of own) if (await remove(send, node)) deleted.push(textAt(node, "metadata", "name"));
    return { deleted };
  });
}

const nodesPath = "/api/v1/nodes";
const pathOf = (name: string): string => `${nodesPath}/${encodeURIComponent(name)}`;

type Send = (method: "GET" | "DELETE", path: string, body?: KubeObject) => Promise<KubeObject>;

/** Talks to the API; that it cannot be reached is an answer. */
async function withApi<T>(kubeconfig: string, use: (send: Send) => Promise<T>): Promise<T | { unreachable: string }> {
  const client = new ApiClient(loadAccess(kubeconfig, { context: "", cluster: "" }));
  const { signal } = new AbortController();
  try {
    return await use(async (method, path, body) => {
      const request = { method, path, signal, patienceSeconds };
      return (await client.send(body === undefined ? request : { ...request, body })).body;
    });
  } catch (error) {
    if (error instanceof UnreachableError) return { unreachable: error.message };
    throw error;
  } finally {
    client.close();
  }
}

/** False when somebody else was faster. */
async function remove(send: Send, node: KubeObject): Promise<boolean> {
  const preconditions = { uid: textAt(node, "metadata", "uid") };
  const answer = send("DELETE", pathOf(textAt(node, "metadata", "name")), { preconditions });
  return (await answer.catch(unlessNotFound)) !== undefined;
}

function unlessNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}
