import { isNotFound, UnreachableError } from "../../plugins/kubernetes/apiError.ts";
import { ApiClient } from "../../plugins/kubernetes/client.ts";
import { loadAccess } from "../../plugins/kubernetes/kubeconfig.ts";
import { textAt } from "../../plugins/kubernetes/object.ts";

/** Seconds for which an API server that does not answer is asked again. */
const patienceSeconds = 10;

/** What has become of the Node of a machine. */
export type NodeFate = "none" | "deleted" | { unreachable: string };

/**
 * Deletes the Node that a machine has registered under a name. A Node of that name on another machine stays.
 *
 * @param kubeconfig YAML of an administrator.
 * @param machineId the machine's `/etc/machine-id`.
 * @throws ApiError when the API server refuses.
 */
export async function deleteNode(kubeconfig: string, name: string, machineId: string): Promise<NodeFate> {
  const client = new ApiClient(loadAccess(kubeconfig, { context: "", cluster: "" }));
  const path = `/api/v1/nodes/${encodeURIComponent(name)}`;
  const { signal } = new AbortController();
  try {
    const { body } = await client.send({ method: "GET", path, signal, patienceSeconds });
    if (textAt(body, "status", "nodeInfo", "machineID") !== machineId) return "none";
    const preconditions = { uid: textAt(body, "metadata", "uid") };
    await client.send({ method: "DELETE", path, body: { preconditions }, signal, patienceSeconds });
    return "deleted";
  } catch (error) {
    if (isNotFound(error)) return "none";
    if (error instanceof UnreachableError) return { unreachable: error.message };
    throw error;
  } finally {
    client.close();
  }
}
