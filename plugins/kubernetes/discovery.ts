import { isNotFound, NoSuchKindError } from "../../kube/errors.ts";
import type { ApiClient } from "../../kube/client.ts";
import { apiVersionText, type GroupVersionKind } from "./kinds.ts";
import { listAt, textAt, type KubeObject } from "../../kube/object.ts";

/** Where the objects of one kind are. */
export interface KindMapping {
  /** `/apis/apps/v1`. */
  root: string;
  /** `deployments`. */
  resource: string;
  namespaced: boolean;
}

/** Path of the API's part that serves a group and version. */
export const rootOf = (gvk: GroupVersionKind): string =>
  gvk.group === "" ? `/api/${gvk.version}` : `/apis/${gvk.group}/${gvk.version}`;

/** Reads what a group and version serve: kind → where its objects are. Subresources are left out. */
export function mappings(root: string, resourceList: KubeObject): Map<string, KindMapping> {
  const found = new Map<string, KindMapping>();
  for (const entry of listAt(resourceList, "resources")) {
    const resource = textAt(entry, "name");
    const kind = textAt(entry, "kind");
    if (!resource.includes("/") && !found.has(kind)) {
      found.set(kind, { root, resource, namespaced: entry["namespaced"] === true });
    }
  }
  return found;
}

/** Path of one object, or without a name of the list that it is in. */
export function objectPath(mapping: KindMapping, namespace: string, name?: string): string {
  const scope = mapping.namespaced ? `/namespaces/${encodeURIComponent(namespace || "default")}` : "";
  return `${mapping.root}${scope}/${mapping.resource}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}

/** Asks the server what it serves, once per group and version. */
export class Discovery {
  readonly #client: ApiClient;
  readonly #known = new Map<string, Map<string, KindMapping>>();

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** Throws a NoSuchKindError when the server does not serve the kind; it is asked anew each time. */
  async mapping(gvk: GroupVersionKind, signal: AbortSignal, patienceSeconds?: number): Promise<KindMapping> {
    const root = rootOf(gvk);
    const known = this.#known.get(root)?.get(gvk.kind);
    if (known !== undefined) {
      return known;
    }
    const served = await this.#ask(root, signal, patienceSeconds);
    this.#known.set(root, served);
    const found = served.get(gvk.kind);
    if (found === undefined) {
      throw new NoSuchKindError(
        `The API server ${this.#client.server} serves no ${gvk.kind} of ${apiVersionText(gvk)}; ` +
          "a custom resource needs its CustomResourceDefinition first.",
      );
    }
    return found;
  }

  /** Forgets what was served: a CustomResourceDefinition changed it. */
  forget(): void {
    this.#known.clear();
  }

  async #ask(root: string, signal: AbortSignal, patience: number | undefined): Promise<Map<string, KindMapping>> {
    const patienceSeconds = patience === undefined ? {} : { patienceSeconds: patience };
    try {
      const { body } = await this.#client.send({ method: "GET", path: root, signal, ...patienceSeconds });
      return mappings(root, body);
    } catch (error) {
      if (isNotFound(error)) {
        return new Map();
      }
      throw error;
    }
  }
}
