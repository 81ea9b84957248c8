/** A kind of objects as the API server serves it. */
export interface Kind {
  /** Empty for the core group. */
  group: string;
  /** Plural, as in paths: `deployments`. */
  resource: string;
  /** Whether a CustomResourceDefinition has made it. */
  custom: boolean;
}

/** What an API server said of a kind: how many objects, or why it could not tell. */
export type Served = Kind & ({ objects: number } | { error: string });

/** How many of a kind there are: keys in etcd, and objects that the API server serves; undefined where it could not list them. */
export interface KindCount {
  stored: number;
  served: number | undefined;
}

/** Where the API server keeps kinds elsewhere than below their own name: pkg/kubeapiserver/default_storage_factory_builder.go of Kubernetes. */
const elsewhere: Readonly<Record<string, string>> = {
  replicationcontrollers: "controllers",
  endpoints: "services/endpoints",
  nodes: "minions",
  services: "services/specs",
  "ingresses.networking.k8s.io": "ingress",
};
/** The groups of the API server's own parts, which keep their kinds below their group, as those of CustomResourceDefinitions are. */
const belowGroup = ["apiextensions.k8s.io", "apiregistration.k8s.io"];
/** What API servers keep for themselves: allocated addresses and ports, and which of them live. */
const internal = ["ranges", "masterleases", "peerserverleases"];

/** `deployments.apps`, `pods`. */
export function kindName({ group, resource }: Pick<Kind, "group" | "resource">): string {
  return group === "" ? resource : `${resource}.${group}`;
}

/** Where a kind's objects are in etcd, below `/registry/`. */
export function etcdPrefix(kind: Kind): string {
  if (kind.custom || belowGroup.includes(kind.group)) return `${kind.group}/${kind.resource}`;
  return elsewhere[kindName(kind)] ?? kind.resource;
}

/** Of a key: the part in which objects of one kind are. undefined for what is no object. */
export function prefixOf(key: string): string | undefined {
  const [, registry, first = "", second, ...rest] = key.split("/");
  if (registry !== "registry" || first === "" || internal.includes(first)) return undefined;
  const two = first === "services" || first.includes(".");
  if (second === undefined || (two && rest.length === 0)) return undefined;
  return two ? `${first}/${second}` : first;
}

/** How many keys there are of each kind, by prefix. */
export function countKeys(keys: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) {
    const prefix = prefixOf(key);
    if (prefix !== undefined) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  }
  return counts;
}

/** Those of which each has objects of its own: `events` of two groups are the same ones. The first of each stays. */
export function distinctKinds<Known extends Kind>(kinds: readonly Known[]): Known[] {
  const seen = new Set<string>();
  return kinds.filter((kind) => {
    const prefix = etcdPrefix(kind);
    if (seen.has(prefix)) return false;
    seen.add(prefix);
    return true;
  });
}

/**
 * Compares what etcd has with what the API server serves, both at the same revision.
 *
 * @param stored keys by prefix, see {@link countKeys}.
 * @param served distinct kinds.
 * @returns counts by name of those kinds that have any; what differs, as sentences; and what is only worth a remark.
 */
export function compareKinds(
  stored: ReadonlyMap<string, number>,
  served: readonly Served[],
): { kinds: Record<string, KindCount>; problems: string[]; notes: string[] } {
  const problems: string[] = [];
  const notes: string[] = [];
  const kinds = new Map<string, KindCount>();
  const known = new Set<string>();
  for (const kind of served) {
    const prefix = etcdPrefix(kind);
    known.add(prefix);
    const keys = stored.get(prefix) ?? 0;
    const objects = "objects" in kind ? kind.objects : undefined;
    if (keys > 0 || objects !== 0) kinds.set(kindName(kind), { stored: keys, served: objects });
    if ("error" in kind) problems.push(`${kindName(kind)} cannot be listed: ${kind.error}`);
    else if (kind.objects !== keys)
      problems.push(`${kindName(kind)}: etcd has ${keys}, and the API server serves ${kind.objects}`);
  }
  for (const [prefix, keys] of stored) {
    if (known.has(prefix)) continue;
    const [group = "", resource] = prefix.split("/");
    const name = resource === undefined ? prefix : kindName({ group, resource });
    kinds.set(name, { stored: keys, served: 0 });
    if (resource !== undefined) problems.push(`${name}: etcd has ${keys}, and the API server serves no such kind`);
    // What an API of an earlier release has left stays in etcd for ever, and is served by the cluster no more than here.
    else notes.push(`${name}: etcd has ${keys}, of an API that this release of Kubernetes does not serve any more`);
  }
  const sorted = [...kinds].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return { kinds: Object.fromEntries(sorted), problems, notes };
}
