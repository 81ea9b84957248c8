import type { DeclaredObject, Json, JsonMap } from "./declared.ts";
import { printable } from "./printable.ts";

/** What the cluster says about an object that was declared. */
export type ObjectReading =
  /** There is none. */
  | { gone: true }
  /** It as it is, and as it would be if what was declared were applied again, and who has other values in fields of ours. */
  | { live: JsonMap; applied: JsonMap; owners: readonly string[] }
  /** It is another one than was declared, and cannot be made that in place: what the API server says. */
  | { refused: string }
  | { error: string };

/** An object that was declared, and what the cluster says about it. */
export interface SeenObject {
  declared: DeclaredObject;
  reading: ObjectReading;
}

/** An object that is not as declared. */
export interface ObjectDifference {
  urn: string;
  kind: "missing-object" | "object";
  /** `Deployment kube-system/coredns`. */
  name: string;
  detail: string;
}

/** A field that another apply would change. */
export interface ChangedField {
  /** `spec.replicas`, `metadata.labels["a.b/c"]`, `spec.ports[0].port`. */
  path: string;
  /** Undefined: it is not there. */
  live: Json | undefined;
  declared: Json | undefined;
}

/** Fields that are named of one object; the others are counted. */
const mostFields = 5;
/** Characters of a value that is shown. */
const longestValue = 80;

/** What every write changes by itself, and what nobody declares. */
const kept = new Set(["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"]);

const isMap = (value: Json | undefined): value is JsonMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const plainKey = /^[A-Za-z_$][\w$]*$/;

function inside(path: string, key: string): string {
  if (!plainKey.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

function compare(path: string, live: Json | undefined, declared: Json | undefined): ChangedField[] {
  if (isMap(live) && isMap(declared)) {
    const keys = [...new Set([...Object.keys(live), ...Object.keys(declared)])];
    return keys.flatMap((key) => compare(inside(path, key), live[key], declared[key]));
  }
  if (Array.isArray(live) && Array.isArray(declared) && live.length === declared.length)
    return live.flatMap((item, index) => compare(`${path}[${index}]`, item, declared[index]));
  return JSON.stringify(live) === JSON.stringify(declared) ? [] : [{ path, live, declared }];
}

/** The fields that applying an object again would change: `applied` is the answer of a dry run. */
export function changedFields(live: JsonMap, applied: JsonMap): ChangedField[] {
  const comparable = ({ metadata, ...object }: JsonMap): JsonMap => ({
    ...Object.fromEntries(Object.entries(object).filter(([key]) => key !== "status")),
    metadata: isMap(metadata) ? Object.fromEntries(Object.entries(metadata).filter(([key]) => !kept.has(key))) : {},
  });
  return compare("", comparable(live), comparable(applied));
}

/** For sentences: `Deployment kube-system/coredns`. */
export function objectName({ kind, metadata }: JsonMap): string {
  const { namespace, name } = isMap(metadata) ? metadata : {};
  const texts = (...values: readonly (Json | undefined)[]): string[] =>
    values.filter((value) => typeof value === "string").filter((value) => value !== "");
  return printable([...texts(kind), texts(namespace, name).join("/")].join(" "), 300);
}

function shown(value: Json | undefined): string {
  if (value === undefined) return "not there";
  if (isMap(value) || Array.isArray(value)) return "another one";
  return printable(JSON.stringify(value), longestValue);
}

function describeField({ path, live, declared }: ChangedField, secret: boolean): string {
  const where = printable(path, 200);
  if (live === undefined) return `${where} is gone`;
  if (declared === undefined) return `${where} was added`;
  if (secret || isMap(live) || Array.isArray(live)) return `${where} is another`;
  return `${where} is ${shown(live)} and was declared ${shown(declared)}`;
}

function describe(fields: readonly ChangedField[], owners: readonly string[], secret: boolean): string {
  const named = fields.slice(0, mostFields).map((field) => describeField(field, secret));
  const more = fields.length > mostFields ? [`and ${fields.length - mostFields} more`] : [];
  const by = owners.length === 0 ? "" : ` (by ${owners.map((owner) => printable(owner, 100)).join(", ")})`;
  return `${[...named, ...more].join("; ")}${by}`;
}

/** What is not as declared; none where the cluster did not tell. */
export function judgeObject({ declared, reading }: SeenObject): ObjectDifference[] {
  const { urn, object, secret } = declared;
  const name = objectName(object);
  if ("error" in reading) return [];
  if ("gone" in reading) return [{ urn, kind: "missing-object", name, detail: "is gone" }];
  if ("refused" in reading) {
    const why = secret ? "" : `: ${printable(reading.refused, 300)}`;
    return [{ urn, kind: "object", name, detail: `is another one, which cannot be changed back${why}` }];
  }
  const fields = changedFields(reading.live, reading.applied);
  return fields.length === 0 ? [] : [{ urn, kind: "object", name, detail: describe(fields, reading.owners, secret) }];
}
