import type { PropertyMap, PropertyValue } from "../provider/values.ts";
import { ApiError, isAlreadyExists, isNotFound, UnreachableError } from "../../kube/errors.ts";
import { ApiClient, type ApiRequest, type ApiResponse } from "../../kube/client.ts";
import { Discovery, type KindMapping, objectPath } from "./discovery.ts";
import { type GroupVersionKind, gvkOf } from "./kinds.ts";
import { type Access } from "../../kube/kubeconfig.ts";
import { CREATOR, isCreated } from "./managedFields.ts";
import { apiVersionOf, kindOf, listAt, nameOf, namespaceOf, textAt, type KubeObject } from "../../kube/object.ts";

/** How long and for whom a request is made. */
export interface Call {
  signal: AbortSignal;
  /** For how long an unreachable server is tried. */
  patienceSeconds: number;
}

/** A change that the server may only try. */
export interface Change extends Call {
  dryRun: boolean;
}

export interface Answer {
  object: KubeObject;
  /** What the server warned of. */
  warnings: string[];
}

export interface Apply extends Change {
  fieldManager: string;
  /** Whether fields are taken from other managers. */
  force: boolean;
}

/** After a server was given up, as patient requests as that one fail at once for this long. */
const GIVEN_UP_SECONDS = 30;
const APPLY = "application/apply-patch+yaml";

/** The objects of one cluster. */
export class Cluster {
  readonly #client: ApiClient | undefined;
  readonly #discovery: Discovery | undefined;
  readonly #problem: string;
  #givenUp: { error: UnreachableError; at: number; patienceSeconds: number } | undefined;

  /** Takes what grants access, or the sentence that says why nothing does. */
  constructor(access: Access | string) {
    this.#problem = typeof access === "string" ? access : "";
    this.#client = typeof access === "string" ? undefined : new ApiClient(access);
    this.#discovery = this.#client === undefined ? undefined : new Discovery(this.#client);
  }

  close(): void {
    this.#client?.close();
  }

  /** Forgets what kinds the server has: they change. */
  forgetKinds(): void {
    this.#discovery?.forget();
  }

  async mapping(gvk: GroupVersionKind, call: Call): Promise<KindMapping> {
    return this.#guarded(call, async () => {
      if (this.#discovery === undefined) throw new UnreachableError(this.#problem);
      return this.#discovery.mapping(gvk, call.signal, call.patienceSeconds);
    });
  }

  async get(object: KubeObject, call: Call): Promise<KubeObject> {
    const { body } = await this.#send({ method: "GET", path: await this.#pathOf(object, call) }, call);
    return body;
  }

  /** The object, or undefined when there is none. */
  async find(object: KubeObject, call: Call): Promise<KubeObject | undefined> {
    try {
      return await this.get(object, call);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list(
    gvk: GroupVersionKind,
    namespace: string,
    query: Record<string, string>,
    call: Call,
  ): Promise<KubeObject[]> {
    const mapping = await this.mapping(gvk, call);
    const { body } = await this.#send({ method: "GET", path: objectPath(mapping, namespace), query }, call);
    return listAt(body, "items");
  }

  /** Makes an object that must not exist yet. Fields that the kind does not have are an error. */
  async create(object: KubeObject, change: Change): Promise<Answer> {
    const mapping = await this.mapping(gvkOf(apiVersionOf(object), kindOf(object)), change);
    const path = objectPath(mapping, namespaceOf(object));
    const query = { fieldManager: CREATOR, fieldValidation: "Strict", ...dryRun(change) };
    const started = performance.now();
    try {
      return answerOf(await this.#send({ method: "POST", path, query, body: object }, change));
    } catch (error) {
      const mayBeOurs = isAlreadyExists(error) && error.afterLostAnswer;
      const own = mayBeOurs ? await this.#ownCreation(object, started, change) : undefined;
      if (own === undefined) throw error;
      return own;
    }
  }

  /** Server-side apply. */
  async apply(object: KubeObject, apply: Apply): Promise<Answer> {
    const path = await this.#pathOf(object, apply);
    const query = { fieldManager: apply.fieldManager, force: String(apply.force), ...dryRun(apply) };
    return answerOf(await this.#send({ method: "PATCH", path, query, body: object, contentType: APPLY }, apply));
  }

  /** Puts a whole object in place of the one with the same `resourceVersion`. */
  async replace(object: KubeObject, fieldManager: string, change: Change): Promise<Answer> {
    const path = await this.#pathOf(object, change);
    const query = { fieldManager, fieldValidation: "Strict", ...dryRun(change) };
    return answerOf(await this.#send({ method: "PUT", path, query, body: object }, change));
  }

  async jsonPatch(object: KubeObject, operations: PropertyMap[], call: Call): Promise<KubeObject> {
    const path = await this.#pathOf(object, call);
    const contentType = "application/json-patch+json";
    return (await this.#send({ method: "PATCH", path, body: operations, contentType }, call)).body;
  }

  async delete(object: KubeObject, body: PropertyValue, call: Call): Promise<void> {
    await this.#send({ method: "DELETE", path: await this.#pathOf(object, call), body }, call);
  }

  async #pathOf(object: KubeObject, call: Call): Promise<string> {
    const mapping = await this.mapping(gvkOf(apiVersionOf(object), kindOf(object)), call);
    return objectPath(mapping, namespaceOf(object), nameOf(object));
  }

  /**
   * The object if a try of ours made it whose answer was lost: it is as young as our first try, and made under our name.
   */
  async #ownCreation(object: KubeObject, started: number, call: Call): Promise<Answer | undefined> {
    const path = await this.#pathOf(object, call);
    const { body, date } = await this.#send({ method: "GET", path }, call);
    const created = Date.parse(textAt(body, "metadata", "creationTimestamp"));
    const age = (date ?? Number.POSITIVE_INFINITY) - created;
    const isOurs = isCreated(body) && age <= performance.now() - started + 2000;
    return isOurs ? { object: body, warnings: [] } : undefined;
  }

  async #send(request: Omit<ApiRequest, "signal" | "patienceSeconds">, call: Call): Promise<ApiResponse> {
    return this.#guarded(call, async () => {
      if (this.#client === undefined) throw new UnreachableError(this.#problem);
      return this.#client.send({ ...request, signal: call.signal, patienceSeconds: call.patienceSeconds });
    });
  }

  /** Fails at once where as patient a request just failed to reach the server. */
  async #guarded<Result>(call: Call, work: () => Promise<Result>): Promise<Result> {
    const last = this.#givenUp;
    const now = performance.now();
    if (last !== undefined && last.patienceSeconds >= call.patienceSeconds && now - last.at < GIVEN_UP_SECONDS * 1000) {
      throw last.error;
    }
    try {
      const result = await work();
      this.#givenUp = undefined;
      return result;
    } catch (error) {
      if (error instanceof UnreachableError) {
        this.#givenUp = { error, at: performance.now(), patienceSeconds: call.patienceSeconds };
      } else if (error instanceof ApiError) {
        this.#givenUp = undefined;
      }
      throw error;
    }
  }
}

const dryRun = (change: Change): Record<string, string> => (change.dryRun ? { dryRun: "All" } : {});

const answerOf = ({ body, warnings }: ApiResponse): Answer => ({ object: body, warnings });
