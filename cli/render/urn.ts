/** The parts of a Pulumi URN: `urn:pulumi:<stack>::<project>::<types>::<name>`. */
export interface Urn {
  stack: string;
  project: string;
  /** From the outermost component to the resource itself, e.g. `["plinth:index:Cluster", "command:remote:Command"]`. */
  types: string[];
  /** The last of `types`. */
  type: string;
  name: string;
}

export function parseUrn(text: string): Urn | undefined {
  const [head, project, chain, ...name] = text.split("::");
  if (!head?.startsWith("urn:pulumi:") || project === undefined || chain === undefined || name.length === 0)
    return undefined;
  const types = chain.split("$");
  return { stack: head.slice("urn:pulumi:".length), project, types, type: types.at(-1) ?? "", name: name.join("::") };
}

/** A URN without stack and project, `types::name`: what `Ordered` calls a resource. */
export function keyOf(urn: string): string {
  return urn.split("::").slice(2).join("::");
}

/** A URN of a resource with that key. It has no stack and no project: those are in nobody's name. */
export function urnOfKey(key: string): string {
  return `urn:pulumi:-::-::${key}`;
}

/** Module of the innermost component of ours: `etcd` for `…plinth:etcd:Member$command:remote:Command`. */
export function componentModule(urn: Urn): string | undefined {
  const own = urn.types.filter((type) => type.startsWith(`${urn.project}:`)).at(-1);
  const module = own?.split(":")[1];
  return module === "index" ? own?.split(":")[2]?.toLowerCase() : module;
}
