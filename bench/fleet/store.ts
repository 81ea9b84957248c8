import { randomUUID } from "node:crypto";
import { isMap, mapAt, resourceList, statusOf, type ApiObject } from "./objects.ts";

/** A request to the simulated API. */
export interface ApiRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  contentType: string;
  body: unknown;
}

export interface ApiAnswer {
  status: number;
  body: ApiObject;
}

const ok = (body: ApiObject): ApiAnswer => ({ status: 200, body });

function refused(status: number, reason: string, message: string): ApiAnswer {
  return { status, body: { kind: "Status", apiVersion: "v1", status: "Failure", message, reason, code: status } };
}

const notFound = (path: string): ApiAnswer => refused(404, "NotFound", `${path} was not found`);

/**
 * Objects by path, as much of the Kubernetes API as the program uses: create, read, list, apply, patch, replace and delete.
 * Controllers have done their work when a request is answered. An applied object has one owner: what is not in it goes.
 */
export class ApiStore {
  readonly #objects = new Map<string, ApiObject>();
  #revision = 1000;

  answer(request: ApiRequest): ApiAnswer {
    const { method, path } = request;
    if (method === "GET") return this.#get(request);
    if (method === "POST") return this.#create(request);
    if (method === "DELETE") {
      const object = this.#objects.get(path);
      if (object === undefined) return notFound(path);
      this.#objects.delete(path);
      return ok(object);
    }
    if (method === "PATCH" || method === "PUT") return this.#change(request);
    return refused(405, "MethodNotAllowed", `${method} is not allowed`);
  }

  #get({ path, query }: ApiRequest): ApiAnswer {
    const document = resourceList(path);
    if (document !== undefined) return ok(document);
    const object = this.#objects.get(path);
    if (object !== undefined) return ok(object);
    const place = /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)\/(?:namespaces\/([^/]+)\/)?([^/]+)$/.exec(path);
    if (place === null) return notFound(path);
    const [, root = "", namespace, plural = ""] = place;
    const items =
      plural === "endpointslices" ? this.#slices(namespace ?? "", query) : this.#list(root, namespace, plural, query);
    return ok({ kind: "List", apiVersion: "v1", metadata: { resourceVersion: String(this.#revision) }, items });
  }

  #list(root: string, namespace: string | undefined, plural: string, query: URLSearchParams): ApiObject[] {
    const wanted = (query.get("labelSelector") ?? "")
      .split(",")
      .filter((term) => term !== "")
      .map((term) => term.split("="));
    return [...this.#objects].flatMap(([path, object]) => {
      const parts = path.slice(root.length + 1).split("/");
      const within =
        namespace === undefined
          ? parts.at(-2) === plural
          : path.startsWith(`${root}/namespaces/${namespace}/${plural}/`);
      const labels = mapAt(object, "metadata", "labels");
      return path.startsWith(`${root}/`) && within && wanted.every(([key = "", value]) => labels[key] === value)
        ? [object]
        : [];
    });
  }

  /** Every Service has one ready endpoint. */
  #slices(namespace: string, query: URLSearchParams): ApiObject[] {
    const service = (query.get("labelSelector") ?? "").split("=")[1] ?? "";
    if (!this.#objects.has(`/api/v1/namespaces/${namespace}/services/${service}`)) return [];
    const metadata = { name: `${service}-1`, namespace, resourceVersion: "1" };
    return [{ metadata, endpoints: [{ addresses: ["10.240.0.2"], conditions: { ready: true } }] }];
  }

  #create({ path, query, body }: ApiRequest): ApiAnswer {
    if (!isMap(body)) return refused(400, "BadRequest", "the body is no object");
    const { name } = mapAt(body, "metadata");
    const at = `${path}/${String(name)}`;
    if (this.#objects.has(at)) return refused(409, "AlreadyExists", `${String(name)} already exists`);
    return { ...this.#keep(at, body, undefined, query, "Update"), status: 201 };
  }

  #change({ method, path, query, contentType, body }: ApiRequest): ApiAnswer {
    const live = this.#objects.get(path);
    if (contentType.startsWith("application/json-patch")) {
      if (live === undefined) return notFound(path);
      return this.#keep(path, patched(live, body), live, query, "Update");
    }
    if (!isMap(body)) return refused(400, "BadRequest", "the body is no object");
    if (method === "PATCH" && contentType.startsWith("application/apply-patch")) {
      return this.#keep(path, body, live, query, "Apply");
    }
    if (live === undefined) return notFound(path);
    return this.#keep(path, method === "PUT" ? body : merged(live, body), live, query, "Update");
  }

  #keep(
    path: string,
    wanted: ApiObject,
    live: ApiObject | undefined,
    query: URLSearchParams,
    operation: "Apply" | "Update",
  ): ApiAnswer {
    const before = mapAt(live ?? {}, "metadata");
    const same = live !== undefined && JSON.stringify(live["spec"]) === JSON.stringify(wanted["spec"]);
    const manager = query.get("fieldManager") ?? "unknown";
    const metadata = {
      ...mapAt(wanted, "metadata"),
      uid: before["uid"] ?? randomUUID(),
      creationTimestamp: before["creationTimestamp"] ?? new Date().toISOString().replace(/\.\d+Z$/, "Z"),
      generation: Number(before["generation"] ?? 0) + (same ? 0 : 1),
      managedFields: mapAt(wanted, "metadata")["managedFields"] ?? [
        { manager, operation, apiVersion: wanted["apiVersion"], fieldsType: "FieldsV1", fieldsV1: {} },
      ],
      resourceVersion: String(++this.#revision),
    };
    const object: ApiObject = { ...wanted, metadata };
    if (object["kind"] === "Service") object["spec"] = { clusterIP: "10.96.0.99", ...mapAt(wanted, "spec") };
    const status = statusOf(object);
    if (status !== undefined) object["status"] = status;
    if (query.get("dryRun") === null) this.#objects.set(path, object);
    return ok(object);
  }
}

/** A merge patch: null takes away. */
function merged(live: ApiObject, patch: ApiObject): ApiObject {
  const result = { ...live };
  for (const [key, value] of Object.entries(patch)) {
    const old = result[key];
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = isMap(value) ? merged(isMap(old) ? old : {}, value) : value;
  }
  return result;
}

/** A JSON patch that replaces fields of maps, as the program sends them. */
function patched(live: ApiObject, operations: unknown): ApiObject {
  const result = structuredClone(live);
  for (const operation of Array.isArray(operations) ? (operations as unknown[]) : []) {
    if (!isMap(operation) || operation["op"] !== "replace" || typeof operation["path"] !== "string") continue;
    const path = operation["path"].split("/").slice(1);
    const last = path.pop() ?? "";
    const parent = path.reduce<unknown>((value, key) => (isMap(value) ? value[key] : undefined), result);
    if (isMap(parent)) parent[last] = operation["value"];
  }
  return result;
}
