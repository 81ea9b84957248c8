import { ApiClient } from "../../kube/client.ts";
import { loadAccess, type Access } from "../../kube/kubeconfig.ts";
import { parseDeploymentList, type ListedDeployment } from "../../plan/addons/deployments.ts";
import { systemNamespace } from "../../plan/addons/objects.ts";
import { parseLease, parseLeaseList, type Lease } from "../../plan/leases.ts";
import { idLabel, testsIn, type FoundTest } from "../../plan/loadtest/claim.ts";
import { parseRecord, recordName, type NetworkReading } from "../../plan/networkcheck/record.ts";
import { parseNodeList, type ListedNode } from "../../plan/nodes.ts";
import { lives } from "../process/self.ts";

/** What the API said, or why there is no answer. */
export type Reading<Value> = { value: Value } | { error: string };

type HttpAnswer = Awaited<ReturnType<ApiClient["get"]>>;

/** How long one answer may take, milliseconds. */
const TIMEOUT = 4000;

/** The answer of one API server at `/readyz`. */
export interface Readiness {
  ready: boolean;
  /** What it answered, or why there was no answer. */
  message: string;
}

/**
 * The API of a cluster as an administrator looks at it: every question once, and no answer within some seconds is an answer.
 * Lists come from the API servers' memory (resourceVersion=0): these are large objects, and seconds do not matter.
 */
export class ClusterApi {
  readonly #access: Access;
  readonly #clients = new Map<string, ApiClient>();

  /**
   * @param kubeconfig its text.
   * @throws Error with a sentence when it does not say how to reach the API.
   */
  constructor(kubeconfig: string) {
    this.#access = loadAccess(kubeconfig, { context: "", cluster: "" });
  }

  /** Asks one API server whether it is ready. */
  async readiness(url: string): Promise<Readiness> {
    const answer = await this.#get(url, "/readyz?verbose");
    if ("error" in answer) return { ready: false, message: answer.error };
    const { status, text } = answer.value;
    if (status === 200) return { ready: true, message: "ok" };
    const failing = text
      .split("\n")
      .filter((line) => line.startsWith("[-]"))
      .map((line) => line.slice(3));
    return { ready: false, message: failing.length > 0 ? failing.join("; ") : `HTTP ${status}` };
  }

  /** A lease in kube-system, through the endpoint; undefined when there is none. */
  async lease(name: string): Promise<Reading<Lease | undefined>> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${name}`;
    const answer = await this.#get(this.#access.server, path);
    if ("value" in answer && answer.value.status === 404) return { value: undefined };
    return parsed(answer, parseLease);
  }

  /** All Nodes, through the endpoint. */
  async nodes(): Promise<Reading<ListedNode[]>> {
    return parsed(await this.#get(this.#access.server, "/api/v1/nodes?resourceVersion=0"), parseNodeList);
  }

  /** The Deployments of the cluster's own namespace, through the endpoint. */
  async deployments(): Promise<Reading<ListedDeployment[]>> {
    const path = `/apis/apps/v1/namespaces/${systemNamespace}/deployments?resourceVersion=0`;
    return parsed(await this.#get(this.#access.server, path), parseDeploymentList);
  }

  /** The heartbeats of all Nodes, through the endpoint. */
  async heartbeats(): Promise<Reading<Lease[]>> {
    const path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases?resourceVersion=0";
    return parsed(await this.#get(this.#access.server, path), parseLeaseList);
  }

  /** What the last test of a stack's network has found, and how long ago by the API server's clock. */
  async networkRecord(stack: string): Promise<NetworkReading> {
    const path = `/api/v1/namespaces/kube-system/configmaps/${recordName}`;
    const answer = await this.#get(this.#access.server, path);
    if ("value" in answer && answer.value.status === 404) return { record: undefined };
    const reading = parsed(answer, (text) => parseRecord(text, stack));
    if ("error" in reading) return reading;
    const { value: record } = reading;
    const now = ("value" in answer ? answer.value.date : undefined) ?? Date.now();
    return record === undefined ? { record } : { record, age: (now - Date.parse(record.at)) / 1000 };
  }

  /** The load tests that are in the cluster, whoever has begun them. */
  async loadTests(): Promise<Reading<FoundTest[]>> {
    const path = `/api/v1/namespaces?labelSelector=${encodeURIComponent(idLabel)}`;
    const answer = await this.#get(this.#access.server, path);
    const now = ("value" in answer ? answer.value.date : undefined) ?? Date.now();
    return parsed(answer, (text) => testsIn(JSON.parse(text), now, lives));
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #client(server: string): ApiClient {
    const known = this.#clients.get(server);
    if (known !== undefined) return known;
    const client = new ApiClient({ ...this.#access, server });
    this.#clients.set(server, client);
    return client;
  }

  async #get(server: string, path: string): Promise<Reading<HttpAnswer>> {
    const signal = AbortSignal.timeout(TIMEOUT);
    try {
      return { value: await this.#client(server).get(path, signal) };
    } catch (error) {
      if (signal.aborted) return { error: `no answer within ${TIMEOUT / 1000} s` };
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }
}

function parsed<Value>(answer: Reading<HttpAnswer>, parse: (text: string) => Value): Reading<Value> {
  if ("error" in answer) return answer;
  const { status, text } = answer.value;
  if (status !== 200) return { error: `HTTP ${status}` };
  try {
    return { value: parse(text) };
  } catch {
    return { error: "the API's answer makes no sense" };
  }
}
