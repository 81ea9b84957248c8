import { isMap, type PropertyMap, type PropertyValue } from "../provider/values.ts";
import type { PathSegment } from "./forceNew.ts";
import { at, listAt, textAt, withoutValue, withValue, type KubeObject } from "../../kube/object.ts";
import { parsePath } from "./paths.ts";

/** Under this name objects are created; the first update moves its fields to the resource's own manager. */
export const CREATOR = "pulumi-kubernetes";

/** Managers that resources apply with. */
const APPLIER = new RegExp(`^${CREATOR}-[0-9a-f]{8}$`);

interface Predecessor {
  /** Start of the manager's name. */
  name: string;
  operation: "Apply" | "Update";
}

/** Managers whose fields become the resource's at its first update. */
const PREDECESSORS: readonly Predecessor[] = [
  { name: "kubectl", operation: "Apply" },
  { name: "kubectl", operation: "Update" },
  { name: "before-first-apply", operation: "Update" },
  { name: CREATOR, operation: "Update" },
  { name: "pulumi-resource-kubernetes", operation: "Update" },
];

const entriesOf = (live: KubeObject): PropertyMap[] => listAt(live, "metadata", "managedFields");

const isWhole = (entry: PropertyMap): boolean => textAt(entry, "subresource") === "";

function isPredecessor(entry: PropertyMap): boolean {
  return PREDECESSORS.some(
    ({ name, operation }) => textAt(entry, "manager").startsWith(name) && entry["operation"] === operation,
  );
}

const isCreators = (entry: PropertyMap): boolean =>
  entry["operation"] === "Update" && textAt(entry, "manager").startsWith(CREATOR);

const isAppliers = (entry: PropertyMap): boolean =>
  entry["operation"] === "Apply" && APPLIER.test(textAt(entry, "manager"));

const isManagers = (entry: PropertyMap, manager: string): boolean =>
  entry["manager"] === manager && entry["operation"] === "Apply" && isWhole(entry);

/** Whether the object was created by a provider and never applied since. */
export const isCreated = (live: KubeObject): boolean => entriesOf(live).some(isCreators);

/** Whether another resource adopted the object of the resource that applies as `manager`. */
export function isAdoptedFrom(live: KubeObject, manager: string): boolean {
  const entries = entriesOf(live);
  return !isCreated(live) && !entries.some((entry) => isManagers(entry, manager)) && entries.some(isAppliers);
}

/** A JSON patch that gives `manager` its predecessors' fields at an update; undefined when there is nothing to give. */
export function takeOver(live: KubeObject, manager: string): PropertyMap[] | undefined {
  return give(live, manager, entriesOf(live).filter(isPredecessor));
}

/**
 * The same at an adoption: the fields of the resource that owned the object before, be its state lost or its name another.
 * That is who created the object, else the provider's manager with the most fields; others with fewer are patches.
 */
export function adopt(live: KubeObject, manager: string): PropertyMap[] | undefined {
  const entries = entriesOf(live).filter(isWhole);
  const created = entries.filter(isCreators);
  if (created.length > 0 || entries.some((entry) => isManagers(entry, manager))) {
    return give(live, manager, created);
  }
  const [owner] = entries.filter(isAppliers).sort((left, right) => extent(right) - extent(left));
  return give(live, manager, owner === undefined ? [] : [owner]);
}

/** How much an entry owns. */
const extent = (entry: PropertyMap): number => JSON.stringify(fieldsOf(entry)).length;

function give(live: KubeObject, manager: string, givers: readonly PropertyMap[]): PropertyMap[] | undefined {
  const entries = entriesOf(live);
  const isOwn = (entry: PropertyMap): boolean => isManagers(entry, manager);
  const taken = givers.filter((entry) => !isOwn(entry) && isWhole(entry));
  const [first] = taken;
  if (first === undefined) {
    return undefined;
  }
  const own = entries.find(isOwn);
  const fields = [...(own === undefined ? [] : [own]), ...taken].map((entry) => fieldsOf(entry));
  const merged = { ...(own ?? first), manager, operation: "Apply", fieldsV1: fields.reduce(mergeFields, {}) };
  const rest = entries.filter((entry) => entry !== own && !taken.includes(entry));
  return [
    { op: "replace", path: "/metadata/managedFields", value: [...rest, merged] },
    { op: "replace", path: "/metadata/resourceVersion", value: at(live, "metadata", "resourceVersion") ?? "" },
  ];
}

function fieldsOf(entry: PropertyMap): PropertyMap {
  const { fieldsV1 } = entry;
  return isMap(fieldsV1) ? fieldsV1 : {};
}

function mergeFields(left: PropertyMap, right: PropertyMap): PropertyMap {
  const merged = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const other = merged[key];
    merged[key] = isMap(other) && isMap(value) ? mergeFields(other, value) : value;
  }
  return merged;
}

/** Who owns the field at a path of keys, or something below it. */
function owners(live: KubeObject, path: readonly string[]): string[] {
  const fields = path.map((key) => `f:${key}`);
  return entriesOf(live)
    .filter((entry) => at(fieldsOf(entry), ...fields) !== undefined)
    .map((entry) => textAt(entry, "manager"));
}

/**
 * What to apply when changes of some paths do not count: a field that others alone own is left out, so that it stays
 * theirs; any other has the value that is there now. Paths into lists stay as declared.
 */
export function withIgnored(
  inputs: KubeObject,
  live: KubeObject,
  ignoreChanges: readonly string[],
  manager: string,
): KubeObject {
  return ignoreChanges.map(parsePath).reduce((result, path) => {
    if (!path.every(isKey)) {
      return result;
    }
    const managers = owners(live, path);
    if (managers.length > 0 && !managers.includes(manager)) {
      return withoutValue(result, path);
    }
    const value: PropertyValue | undefined = at(live, ...path);
    return value === undefined ? result : withValue(result, path, value);
  }, inputs);
}

const isKey = (segment: PathSegment): segment is string => typeof segment === "string" && segment !== "*";
