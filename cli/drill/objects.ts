import { z } from "zod";
import type { ApiClient } from "../../kube/client.ts";
import { ApiError } from "../../kube/errors.ts";
import { distinctKinds, kindName, type Kind, type Served } from "../../plan/backup/drillkinds.ts";
import { sampledKinds } from "../../plan/backup/drillsample.ts";
import { ScratchError } from "../process/scratch.ts";
import { isUndecryptable, undecryptable } from "./apiserver.ts";

/** Objects of one page. */
const pageSize = 500;

interface ListedKind extends Kind {
  /** Of the list of all of them. */
  path: string;
  /** Whether the list may call a webhook of the cluster's, which is not there. */
  converts: boolean;
}

/** The name of an object. */
export interface ObjectName {
  kind: string;
  /** Of it alone, below the server's URL. */
  path: string;
}

export interface ServedObjects {
  kinds: Served[];
  /** Of those kinds of which contents are compared. */
  names: ObjectName[];
  notes: string[];
}

const apiServicesPath = "/apis/apiregistration.k8s.io/v1/apiservices";
const apiServices = z.object({
  items: z.array(
    z.object({
      spec: z.object({
        group: z.string().default(""),
        version: z.string(),
        groupPriorityMinimum: z.number().default(0),
        versionPriority: z.number().default(0),
        service: z.unknown().optional(),
      }),
    }),
  ),
});
const definitions = z.object({
  items: z.array(
    z.object({
      spec: z.object({
        group: z.string(),
        names: z.object({ plural: z.string() }),
        versions: z.array(z.object({ name: z.string(), served: z.boolean(), storage: z.boolean() })),
        conversion: z.object({ strategy: z.string() }).optional(),
      }),
    }),
  ),
});
const resources = z.object({ resources: z.array(z.object({ name: z.string(), verbs: z.array(z.string()) })) });
const page = z.object({
  metadata: z.object({ continue: z.string().default("") }),
  items: z
    .array(z.object({ metadata: z.object({ name: z.string(), namespace: z.string().optional() }) }))
    .nullish()
    .transform((items) => items ?? []),
});

/** Lists all kinds that an API server serves from its own etcd, as they were at a revision. */
export class ServedLists {
  readonly #client: ApiClient;
  readonly #revision: string;
  readonly #signal: AbortSignal;

  constructor(client: ApiClient, revision: number, signal: AbortSignal) {
    this.#client = client;
    this.#revision = String(revision);
    this.#signal = signal;
  }

  async all(): Promise<ServedObjects> {
    const { kinds: custom, notes } = await this.#custom();
    const groups = new Set(custom.map(({ group }) => group));
    const builtIn = await this.#builtIn(groups);
    const kinds: Served[] = [];
    const names: ObjectName[] = [];
    for (const kind of distinctKinds([...builtIn, ...custom])) {
      try {
        const wanted = sampledKinds.includes(kindName(kind));
        let objects = 0;
        for await (const { metadata } of this.#items(kind.path)) {
          objects += 1;
          if (wanted) names.push({ kind: kindName(kind), path: pathOf(kind.path, metadata) });
        }
        kinds.push({ ...kind, objects });
      } catch (error) {
        this.#signal.throwIfAborted();
        if (!(error instanceof ApiError)) throw error;
        const reason = isUndecryptable(error) && kindName(kind) === "secrets" ? undecryptable : error.message;
        kinds.push({ ...kind, error: kind.converts ? `${reason} (it is converted by a webhook)` : reason });
      }
    }
    return { kinds, names, notes };
  }

  /** The kinds of the API server's own. What extensions serve is not in its etcd. */
  async #builtIn(customGroups: ReadonlySet<string>): Promise<ListedKind[]> {
    const { items } = await this.#get(apiServices, apiServicesPath);
    const local = items
      .map(({ spec }) => spec)
      .filter(({ service, group }) => (service === undefined || service === null) && !customGroups.has(group))
      .toSorted((a, b) => b.groupPriorityMinimum - a.groupPriorityMinimum || b.versionPriority - a.versionPriority);
    // They say of all groups but their own who serves it.
    const own = { group: "apiregistration.k8s.io", resource: "apiservices", path: apiServicesPath };
    const found: ListedKind[] = [{ ...own, custom: false, converts: false }];
    for (const { group, version } of local) {
      const base = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
      let list: z.output<typeof resources>;
      try {
        list = await this.#get(resources, base);
      } catch (error) {
        // Of an API that this release does not serve any more, until its APIService is tidied up.
        if (error instanceof ApiError && error.status === 404) continue;
        throw error;
      }
      for (const { name, verbs } of list.resources) {
        // Statuses of components are asked for, and not stored.
        if (name.includes("/") || !verbs.includes("list") || name === "componentstatuses") continue;
        found.push({ group, resource: name, custom: false, path: `${base}/${name}`, converts: false });
      }
    }
    return found;
  }

  async #custom(): Promise<{ kinds: ListedKind[]; notes: string[] }> {
    const { items } = await this.#get(definitions, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
    const notes: string[] = [];
    const kinds = items.flatMap(({ spec }): ListedKind[] => {
      const { group, names, versions, conversion } = spec;
      // As it is stored where possible: nothing has to be converted then.
      const version =
        versions.find(({ served, storage }) => served && storage) ?? versions.find(({ served }) => served);
      if (version === undefined) {
        notes.push(`${names.plural}.${group}: no version of it is served, so nobody can say what there is`);
        return [];
      }
      const path = `/apis/${group}/${version.name}/${names.plural}`;
      return [{ group, resource: names.plural, custom: true, path, converts: conversion?.strategy === "Webhook" }];
    });
    return { kinds, notes };
  }

  async *#items(path: string): AsyncGenerator<z.output<typeof page>["items"][number]> {
    let query: Record<string, string> = { resourceVersion: this.#revision, resourceVersionMatch: "Exact" };
    for (;;) {
      const { items, metadata } = await this.#get(page, path, { ...query, limit: String(pageSize) });
      yield* items;
      if (metadata.continue === "") return;
      query = { continue: metadata.continue };
    }
  }

  async #get<Value>(schema: z.ZodType<Value>, path: string, query: Record<string, string> = {}): Promise<Value> {
    const { body } = await this.#client.send({ method: "GET", path, query, signal: this.#signal });
    const { success, data } = schema.safeParse(body);
    if (!success) throw new ScratchError(`the API server's answer at ${path} is not as expected`);
    return data;
  }
}

/** `/api/v1/secrets` and a name → `/api/v1/namespaces/NAMESPACE/secrets/NAME`. */
function pathOf(list: string, { name, namespace }: { name: string; namespace?: string | undefined }): string {
  if (namespace === undefined) return `${list}/${encodeURIComponent(name)}`;
  const at = list.lastIndexOf("/");
  return `${list.slice(0, at)}/namespaces/${encodeURIComponent(namespace)}${list.slice(at)}/${encodeURIComponent(name)}`;
}
