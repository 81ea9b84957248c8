import type { Bundle, BundleDirectory } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import { resourceClaims } from "../resources.ts";
import { configFor } from "../settings/layers.ts";
import type { PartContent } from "./content.ts";
import { directoriesOfPart, type BundlePart, type Placement, type Socket } from "./part.ts";

/** Something on a host that has one owner: a part within its bundle, and a bundle among those of a host. */
interface Claim {
  /** As it is called in messages. */
  what: string;
  /** Owners that say the same share it; undefined: it is never shared. */
  shared: string | undefined;
}

/** What is owned. */
type Owned = Pick<PartContent, "binaries" | "downloads" | "files" | "links" | "resources" | "secrets" | "units"> &
  Pick<BundlePart, "users"> & { directories?: readonly BundleDirectory[] };

function claimsOf(owned: Owned): Claim[] {
  const services = new Set((owned.resources ?? []).flatMap(({ kind, key }) => (kind === "service" ? [key] : [])));
  const files = [...(owned.files ?? []), ...(owned.secrets ?? []), ...(owned.downloads ?? []), ...(owned.links ?? [])];
  return [
    ...files.map(({ path }): Claim => ({ what: `the file ${path}`, shared: undefined })),
    ...(owned.binaries ?? []).map(({ name }): Claim => ({ what: `the binary ${name}`, shared: undefined })),
    ...(owned.resources ?? []).flatMap(resourceClaims),
    // Several may have a unit of somebody else run.
    ...(owned.units ?? []).map((unit): Claim => ({
      what: `the unit ${unit}`,
      shared: services.has(unit) ? "a unit of somebody else" : undefined,
    })),
    // It is made once for the host, whoever has a file of it.
    ...(owned.secrets ?? []).flatMap(({ source }): Claim[] =>
      source.kind === "leaf"
        ? [{ what: `the certificate ${source.leaf.name}`, shared: JSON.stringify(source.leaf) }]
        : [],
    ),
    ...(owned.users ?? []).map(({ name, home }): Claim => ({ what: `the user ${name}`, shared: home })),
    ...(owned.directories ?? []).map(({ path, mode, owner, atRelease }): Claim => ({
      what: `the directory ${path}`,
      shared: `${mode} ${owner} ${atRelease ?? ""}`,
    })),
  ];
}

/** Two sockets of which only one can be opened. */
function collide(one: Socket, other: Socket): boolean {
  return (
    one.protocol === other.protocol &&
    one.port === other.port &&
    (one.address === other.address || one.address === "*" || other.address === "*")
  );
}

/** Who owns what. */
export interface Owner extends Owned {
  /** As it is called in messages. */
  name: string;
  sockets: readonly Socket[];
}

/** A sentence for everything that two of them own, and that cannot be shared. */
export function conflictsBetween(owners: readonly Owner[]): string[] {
  const conflicts: string[] = [];
  const claimed = new Map<string, { name: string; shared: string | undefined }>();
  const opened: { name: string; socket: Socket }[] = [];
  for (const owner of owners) {
    for (const { what, shared } of claimsOf(owner)) {
      const other = claimed.get(what);
      if (other === undefined) claimed.set(what, { name: owner.name, shared });
      else if (shared === undefined) conflicts.push(`${other.name} and ${owner.name} both own ${what}`);
      else if (shared !== other.shared) conflicts.push(`${other.name} and ${owner.name} want ${what} differently`);
    }
    for (const socket of owner.sockets) {
      const other = opened.find((candidate) => collide(candidate.socket, socket));
      if (other === undefined) opened.push({ name: owner.name, socket });
      else {
        const { protocol, address, port } = socket;
        conflicts.push(`${other.name} and ${owner.name} both listen on ${protocol} ${address}:${port}`);
      }
    }
  }
  return conflicts;
}

/** @throws Error with all conflicts. */
export function refuseConflicts(where: string, owners: readonly Owner[]): void {
  const conflicts = conflictsBetween(owners);
  if (conflicts.length > 0) throw new Error(`${where}: ${conflicts.join("; ")}`);
}

/** The parts that a host of their bundle gets. */
function partsFor(parts: readonly BundlePart[], host: Host, config: ClusterConfig): BundlePart[] {
  return parts.filter(({ appliesTo }) => appliesTo?.(host, config) ?? true);
}

/** The ports that parts listen on. */
export function socketsOf(parts: readonly BundlePart[], host: Host, given: ClusterConfig): Socket[] {
  const config = configFor(host, given);
  return partsFor(parts, host, config).flatMap((part) => part.listens?.(host, config) ?? []);
}

/** The parts in the order in which their units start: the one given, but for what `startsAfter` says. */
function startOrder<T extends { part: BundlePart }>(bundle: string, planned: readonly T[]): T[] {
  const ordered: T[] = [];
  let waiting = [...planned];
  while (waiting.length > 0) {
    const names = waiting.map(({ part }) => part.name);
    const next = waiting.find(({ part }) => !(part.startsAfter ?? []).some((name) => names.includes(name)));
    if (next === undefined) throw new Error(`the bundle ${bundle}: ${names.join(", ")} start after one another`);
    ordered.push(next);
    waiting = waiting.filter((candidate) => candidate !== next);
  }
  return ordered;
}

/** Equal ones once, where the first of them stands. */
function once<T>(items: readonly T[]): T[] {
  const known = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...known.values()];
}

/**
 * A bundle of parts. Files and the like stand in the order of the parts; units and checks in the order in which parts start.
 *
 * @throws Error when two parts own one file, binary, unit or port, or one user or directory differently.
 */
export function compose(name: string, parts: readonly BundlePart[], given: Placement): Bundle {
  const { host } = given;
  const config = configFor(host, given.config);
  const placement = { ...given, config };
  const planned = partsFor(parts, host, config).map((part) => {
    const content = part.plan(placement);
    return { part, directories: [...directoriesOfPart(part, config), ...(content.directories ?? [])], content };
  });
  refuseConflicts(
    `the bundle ${name} of ${host.name}`,
    planned.map(({ part, directories, content }) => ({
      ...part,
      ...content,
      directories,
      sockets: socketsOf([part], host, config),
    })),
  );
  const started = startOrder(name, planned);
  // What is taken back may cut a host off as well.
  const confirm = parts.flatMap((part) => part.confirm ?? []);
  return {
    name,
    ...(confirm.length === 0 ? {} : { confirm: Math.max(...confirm) }),
    users: once(planned.flatMap(({ part }) => part.users ?? [])),
    packages: once(planned.flatMap(({ content }) => content.packages ?? [])),
    directories: once(planned.flatMap(({ directories }) => directories)),
    binaries: planned.flatMap(({ content }) => content.binaries ?? []),
    downloads: planned.flatMap(({ content }) => content.downloads ?? []),
    files: planned.flatMap(({ content }) => content.files ?? []),
    secrets: planned.flatMap(({ content }) => content.secrets ?? []),
    links: planned.flatMap(({ content }) => content.links ?? []),
    resources: planned.flatMap(({ content }) => content.resources ?? []),
    units: started.flatMap(({ content }) => content.units ?? []),
    judges: started.flatMap(({ content }) => content.judges ?? []),
    requires: started.flatMap(({ content }) => content.requires ?? []),
    prepares: started.flatMap(({ content }) => content.prepares ?? []),
    checks: started.flatMap(({ content }) => content.checks ?? []),
  };
}
