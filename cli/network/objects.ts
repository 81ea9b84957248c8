import { ApiClient } from "../../kube/client.ts";
import { isAlreadyExists, isNotFound } from "../../kube/errors.ts";
import { isMap, type Json, type JsonMap } from "../../kube/json.ts";
import { loadAccess, type Access } from "../../kube/kubeconfig.ts";
import { systemNamespace } from "../../plan/addons/objects.ts";
import { hasReadyPods, servicesOf } from "../../plan/networkcheck/behind.ts";
import { parseProbes, parseWarnings, type Probes } from "../../plan/networkcheck/pods.ts";
import {
  checkLabel,
  leftovers,
  namespaceOfCheck,
  parseProbeService,
  probeName,
  probeObjects,
  type ProbeArgs,
} from "../../plan/networkcheck/probe.ts";
import { recordKey, recordName, type NetworkRecord } from "../../plan/networkcheck/record.ts";
import {
  parseDnsConfig,
  parseDnsDeployment,
  parseServiceAddress,
  type Surroundings,
} from "../../plan/networkcheck/surroundings.ts";
import { CliError } from "../errors.ts";

/** Seconds for which an API server that does not answer is asked again. */
const patienceSeconds = 20;
/** The same for what is cleaned up, also after Ctrl-C. */
const cleaningSeconds = 10;

const collections: Readonly<Record<string, (namespace: string) => string>> = {
  Namespace: () => "/api/v1/namespaces",
  ConfigMap: (namespace) => `/api/v1/namespaces/${namespace}/configmaps`,
  Service: (namespace) => `/api/v1/namespaces/${namespace}/services`,
  DaemonSet: (namespace) => `/apis/apps/v1/namespaces/${namespace}/daemonsets`,
};

interface Sent {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, string>;
  body?: Json;
  contentType?: string;
}

/** What a test of the network makes, reads and leaves in the cluster. */
export class CheckObjects {
  readonly access: Access;
  readonly #client: ApiClient;
  readonly #signal: AbortSignal;
  /** Milliseconds by which the API server's clock is ahead of ours. */
  #ahead = 0;

  /** @param kubeconfig text of an administrator's. */
  constructor(kubeconfig: string, signal: AbortSignal) {
    this.access = loadAccess(kubeconfig, { context: "", cluster: "" });
    this.#client = new ApiClient(this.access);
    this.#signal = signal;
  }

  close(): void {
    this.#client.close();
  }

  /** Milliseconds since the epoch, by the API server's clock. */
  now(): number {
    return Date.now() + this.#ahead;
  }

  /**
   * The cluster's DNS, its image, and the Services that every cluster has.
   *
   * @throws CliError when the cluster has none that is like Plinth's.
   */
  async surroundings(): Promise<Surroundings> {
    const inSystem = `/api/v1/namespaces/${systemNamespace}`;
    const [deployment, dns, api] = await Promise.all([
      this.#find(`/apis/apps/v1/namespaces/${systemNamespace}/deployments/coredns`),
      this.#find(`${inSystem}/services/kube-dns`),
      this.#find("/api/v1/namespaces/default/services/kubernetes"),
    ]);
    const described = parseDnsDeployment(deployment);
    const config = described?.configMap;
    const settings =
      config === undefined ? undefined : parseDnsConfig(await this.#find(`${inSystem}/configmaps/${config}`));
    const [dnsAddress, apiAddress] = [dns, api].map(parseServiceAddress);
    if (described === undefined || settings === undefined || dnsAddress === undefined || apiAddress === undefined) {
      throw new CliError(
        `The cluster has no Deployment ${systemNamespace}/coredns with its Service kube-dns as Plinth makes them: run up first. The probes are made of its image.`,
      );
    }
    return { image: described.image, dns: dnsAddress, api: apiAddress, ...settings };
  }

  /** Which of these ports of Nodes belong to a Service with pods that are ready. */
  async answering(nodePorts: readonly number[]): Promise<Set<number>> {
    if (nodePorts.length === 0) return new Set();
    const list = await this.#send({ method: "GET", path: "/api/v1/services" });
    const services = servicesOf(list, new Set(nodePorts));
    const found = services.map(async ({ namespace, name, nodePort }) => {
      const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
      const query = { labelSelector: `kubernetes.io/service-name=${name}` };
      return hasReadyPods(await this.#send({ method: "GET", path, query })) ? [nodePort] : [];
    });
    return new Set((await Promise.all(found)).flat());
  }

  /** Deletes what killed tests have left. Returns names of namespaces. */
  async sweep(): Promise<string[]> {
    const list = await this.#send({ method: "GET", path: "/api/v1/namespaces", query: { labelSelector: checkLabel } });
    const names = leftovers(list, this.now());
    for (const name of names) await this.#delete(name, this.#signal);
    return names;
  }

  /** Makes the probes. Returns where their Service answers. */
  async make(args: ProbeArgs): Promise<{ address: string; nodePort: number }> {
    let service: ReturnType<typeof parseProbeService>;
    for (const manifest of probeObjects(args)) {
      const made = await this.#make(manifest as JsonMap & { kind: string }, namespaceOfCheck(args.id));
      if (manifest.kind === "Service") service = parseProbeService(made);
    }
    if (service === undefined) throw new CliError("The API server has given the Service of the probes no address.");
    return service;
  }

  /** The probes as they are now. */
  async probes(id: string): Promise<Probes> {
    return parseProbes(await this.#send({ method: "GET", path: `/api/v1/namespaces/${namespaceOfCheck(id)}/pods` }));
  }

  /** Name of a probe → what its Node last complained of. */
  async warnings(id: string): Promise<Map<string, string>> {
    const path = `/api/v1/namespaces/${namespaceOfCheck(id)}/events`;
    return parseWarnings(await this.#send({ method: "GET", path }));
  }

  /** Deletes the probes. What the test has been told to stop by does not stop this. */
  async remove(id: string): Promise<void> {
    await this.#delete(namespaceOfCheck(id), AbortSignal.timeout(cleaningSeconds * 1000));
  }

  /** Keeps the result of a stack where every operator's `status` finds it. */
  async save(stack: string, record: NetworkRecord): Promise<void> {
    const path = `/api/v1/namespaces/${systemNamespace}/configmaps`;
    const data = { [recordKey(stack)]: JSON.stringify(record) };
    const patch = { method: "PATCH", path: `${path}/${recordName}`, body: { data } } as const;
    try {
      await this.#send({ ...patch, contentType: "application/merge-patch+json" });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const metadata = { name: recordName, labels: { "app.kubernetes.io/managed-by": "plinth" } };
      await this.#send({ method: "POST", path, body: { apiVersion: "v1", kind: "ConfigMap", metadata, data } });
    }
  }

  async #make(manifest: JsonMap & { kind: string }, namespace: string): Promise<JsonMap> {
    const collection = collections[manifest.kind]?.(namespace);
    if (collection === undefined) throw new Error(`objects of the kind ${manifest.kind} are not made here`);
    try {
      return await this.#send({ method: "POST", path: collection, body: manifest });
    } catch (error) {
      // The answer to an earlier try was lost.
      if (!isAlreadyExists(error) || !error.afterLostAnswer) throw error;
      const name = manifest.kind === "Namespace" ? namespace : probeName;
      return this.#send({ method: "GET", path: `${collection}/${name}` });
    }
  }

  async #delete(namespace: string, signal: AbortSignal): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}`;
    await this.#send({ method: "DELETE", path }, signal).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  async #find(path: string): Promise<JsonMap | undefined> {
    return this.#send({ method: "GET", path }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  }

  async #send(request: Sent, signal = this.#signal): Promise<JsonMap> {
    const { body, date } = await this.#client.send({ ...request, signal, patienceSeconds });
    if (date !== undefined) this.#ahead = date - Date.now();
    return isMap(body) ? body : {};
  }
}
