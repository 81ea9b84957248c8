import { isMap, type Json, type JsonMap } from "./json.ts";

/** An object of the API as JSON, without any marks of secrecy. */
export type KubeObject = JsonMap;

/** A value deep inside of an object; undefined when there is none. */
export function at(object: Json | undefined, ...path: string[]): Json | undefined {
  let current = object;
  for (const key of path) {
    current = isMap(current) ? current[key] : undefined;
  }
  return current;
}

export function textAt(object: Json | undefined, ...path: string[]): string {
  const value = at(object, ...path);
  return typeof value === "string" ? value : "";
}

/** A number inside of an object, 0 when there is none. */
export function numberAt(object: Json | undefined, ...path: string[]): number {
  const value = at(object, ...path);
  return typeof value === "number" ? value : 0;
}

export function mapAt(object: Json | undefined, ...path: string[]): JsonMap {
  const value = at(object, ...path);
  return isMap(value) ? value : {};
}

/** The maps of a list inside of an object; empty when there is none. */
export function listAt(object: Json | undefined, ...path: string[]): JsonMap[] {
  const value = at(object, ...path);
  return Array.isArray(value) ? value.filter(isMap) : [];
}

/** A copy with one value set, missing maps on the way made. */
export function withValue(object: JsonMap, path: readonly string[], value: Json): JsonMap {
  const [key, ...rest] = path;
  if (key === undefined) {
    return object;
  }
  return { ...object, [key]: rest.length === 0 ? value : withValue(mapAt(object, key), rest, value) };
}

/** A copy without one value. */
export function withoutValue(object: JsonMap, path: readonly string[]): JsonMap {
  const [key, ...rest] = path;
  if (key === undefined || !(key in object)) {
    return object;
  }
  if (rest.length > 0) {
    const inner = object[key];
    return isMap(inner) ? { ...object, [key]: withoutValue(inner, rest) } : object;
  }
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

export const apiVersionOf = (object: KubeObject): string => textAt(object, "apiVersion");
export const kindOf = (object: KubeObject): string => textAt(object, "kind");
export const nameOf = (object: KubeObject): string => textAt(object, "metadata", "name");
export const namespaceOf = (object: KubeObject): string => textAt(object, "metadata", "namespace");

/** Id in the state: `namespace/name`, or `name` of a cluster-wide object. */
export function idOf(object: KubeObject): string {
  const namespace = namespaceOf(object);
  return namespace === "" ? nameOf(object) : `${namespace}/${nameOf(object)}`;
}

export function parseId(id: string): { namespace: string; name: string } {
  const slash = id.indexOf("/");
  return slash < 0 ? { namespace: "", name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** For sentences: `Deployment kube-system/coredns`. */
export const describe = (object: KubeObject): string => `${kindOf(object)} ${idOf(object)}`;
