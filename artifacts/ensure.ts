import { access, constants, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { lockEntry } from "../lockfile/judge.ts";
import { readProjectLock } from "../lockfile/file.ts";
import { type Lock } from "../lockfile/schema.ts";
import { defaultCacheDir, dropCached, findCached, type CacheKey } from "./cache.ts";
import { whyRefused } from "./checked.ts";
import { labelOf, lockFileOf, workDirOf, type SourceContext, type Wanted } from "./context.ts";
import { ArtifactError, reasonOf } from "./errors.ts";
import { buildFromModules } from "./gomodule.ts";
import { Reachability } from "./http.ts";
import { withLock } from "../local/lock.ts";
import { originOf } from "./origin.ts";
import { ownPlatform, type Platform } from "./platform.ts";
import { fetchPublished, mirrorSource, officialSource, whyUnreachable, type PublishedSource } from "./published.ts";
import { run } from "./run.ts";
import { groupOf, groups, type ArtifactGroup } from "./table.ts";
import { compareVersions } from "./versions.ts";

/** One artifact of the table. */
export interface ArtifactRef {
  /** `pulumi`, `etcd`, `etcdctl`, `etcdutl`, `kube-apiserver`, `kubelet`, … */
  name: string;
  /** Without `v`: `1.36.3`. */
  version: string;
  /** What it shall run on. Default: this machine's platform. */
  platform?: Platform;
}

export interface EnsureOptions {
  /** Progress, one line at a time. Nothing is said about artifacts that are there already. */
  onProgress?(line: string): void;
  /** Default: `${XDG_CACHE_HOME:-~/.cache}/plinth/artifacts`. */
  cacheDir?: string;
  /**
   * Base URL of a tree as the artifact server serves it; asked before the official sites.
   * Default: the environment variable PLINTH_ARTIFACT_MIRROR.
   */
  mirror?: string;
  /** What digests have to be. Default: the project's `plinth.lock.json`. */
  lock?: Lock;
  /** Ends downloads and builds. Unfinished downloads are resumed by the next call. */
  signal?: AbortSignal;
}

/** What `createEnsure` works with; tests put their own in place. */
export interface EnsureParts {
  groups: readonly ArtifactGroup[];
  reachability: Reachability;
  build(wanted: Wanted, context: SourceContext): Promise<void>;
}

/** Artifact name → path of its verified, executable file. */
export type ArtifactPaths = Map<string, string>;

/**
 * Makes sure that all `refs` are on this machine: from the cache (for pulumi also from PATH), else from the mirror or
 * the official site, else built from Go modules. Safe to call from several processes at once: one of them works, the
 * others wait. Throws an ArtifactError that lists what was tried.
 */
export type EnsureArtifacts = (refs: readonly ArtifactRef[], options?: EnsureOptions) => Promise<ArtifactPaths>;

export function createEnsure(parts: EnsureParts): EnsureArtifacts {
  return async (refs, options = {}) => {
    const context: SourceContext = {
      cacheDir: options.cacheDir ?? defaultCacheDir(),
      report: (line) => options.onProgress?.(line),
      reachability: parts.reachability,
      lock: options.lock ?? readProjectLock(),
      signal: options.signal,
    };
    const found: ArtifactPaths = new Map();
    const requests = groupRefs(refs, parts.groups);
    const missing = await lookUp(requests, found, parts.groups, context);
    if (missing.length > 0) {
      const mirror = options.mirror ?? process.env["PLINTH_ARTIFACT_MIRROR"] ?? "";
      const sources = [...(mirror === "" ? [] : [mirrorSource(mirror)]), officialSource];
      await obtainAll(missing, sources, parts, context);
      const lost = await lookUp(missing, found, parts.groups, context);
      if (lost[0] !== undefined) {
        throw new ArtifactError(`${describe(lost[0])} vanished from ${context.cacheDir} right after it was stored.`);
      }
    }
    return found;
  };
}

const sharedReachability = new Reachability();

export const ensureArtifacts: EnsureArtifacts = createEnsure({
  groups,
  reachability: sharedReachability,
  build: buildFromModules,
});

/** The refs by group, version and platform, in the table's order. */
function groupRefs(refs: readonly ArtifactRef[], table: readonly ArtifactGroup[]): Wanted[] {
  const versions = new Map<string, string>();
  const wanted = new Map<string, Wanted>();
  for (const { name, version, platform = ownPlatform() } of refs) {
    const group = groupOf(name, table);
    if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)) {
      throw new ArtifactError(`"${version}" is no version of ${name}; write it like ${group.version}.`);
    }
    const key = `${version} ${platform}`;
    const before = versions.get(name);
    if (before !== undefined && before !== key) {
      throw new ArtifactError(`${name} is asked for twice, as ${before} and as ${key}; ask for one at a time.`);
    }
    if (before === key) continue;
    versions.set(name, key);
    const id = `${group.name} ${key}`;
    const request = wanted.get(id) ?? { group, version, platform, names: [] };
    wanted.set(id, { ...request, names: [...request.names, name] });
  }
  return [...wanted.values()].sort((a, b) => table.indexOf(a.group) - table.indexOf(b.group));
}

/** Puts what is there into `found` and returns the rest. */
async function lookUp(
  requests: readonly Wanted[],
  found: ArtifactPaths,
  table: readonly ArtifactGroup[],
  context: SourceContext,
): Promise<Wanted[]> {
  const missing: Wanted[] = [];
  for (const request of requests) {
    const { group, version, platform } = request;
    const names: string[] = [];
    const refusedBuilds: string[] = [];
    for (const name of request.names) {
      const cached = await findAllowed({ name, version, platform }, table, context);
      if (cached?.refusedBuild !== undefined) refusedBuilds.push(cached.refusedBuild);
      const path =
        cached?.path ??
        (group.fromPath === true && platform === ownPlatform() ? await findOnPath(group, name, version) : undefined);
      if (path === undefined) names.push(name);
      else found.set(name, path);
    }
    const refused = refusedBuilds.length === 0 ? {} : { refusedBuild: refusedBuilds.join("; ") };
    if (names.length > 0) missing.push({ group, version, platform, names, ...refused });
  }
  return missing;
}

/**
 * The file in the cache that the lock file allows. Another one is dropped, but for a site's own build: built again it would
 * come out the same, and minutes later.
 */
async function findAllowed(
  key: CacheKey,
  table: readonly ArtifactGroup[],
  { cacheDir, lock, report }: SourceContext,
): Promise<{ path?: string; refusedBuild?: string } | undefined> {
  const cached = await findCached(cacheDir, key);
  if (cached === undefined) return undefined;
  const origin = originOf(cached.record, key, table);
  const refused = whyRefused(lock, key, cached.record.sha256, origin);
  if (refused === undefined) return cached;
  if (origin.kind === "build" && lockEntry(lock, key)?.site !== undefined) return { refusedBuild: refused };
  report(`${refused}; it was dropped from the cache`);
  await dropCached(cacheDir, key);
  return undefined;
}

/** An executable `name` on PATH that is at least `version`, or undefined. */
async function findOnPath(group: ArtifactGroup, name: string, version: string): Promise<string | undefined> {
  const versionArgs = group.artifacts.find((artifact) => artifact.name === name)?.versionArgs ?? [];
  for (const folder of (process.env["PATH"] ?? "").split(delimiter).filter((entry) => entry !== "")) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
      const output = await run(path, versionArgs, { env, timeoutMs: 10_000 });
      return compareVersions(output, version) >= 0 ? path : undefined;
    } catch {
      // Not there, or it does not run: it is no source, and another one will do.
      continue;
    }
  }
  return undefined;
}

async function obtainAll(
  missing: readonly Wanted[],
  sources: readonly PublishedSource[],
  parts: EnsureParts,
  context: SourceContext,
): Promise<void> {
  // All sites are asked at once, before anything else, so that builds start in the table's order.
  const plans = await Promise.all(missing.map((wanted) => planFor(wanted, sources, context)));
  const toBuild = plans.filter(({ reachable }) => reachable.length === 0);
  const toFetch = plans.filter(({ reachable }) => reachable.length > 0);
  const builds = async (): Promise<void> => {
    for (const plan of toBuild) await obtain(plan, parts, context);
  };
  const outcomes = await Promise.allSettled([builds(), ...toFetch.map((plan) => obtain(plan, parts, context))]);
  const failures = outcomes.filter((outcome) => outcome.status === "rejected").map(({ reason }) => reason as unknown);
  context.signal?.throwIfAborted();
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1)
    throw new ArtifactError(failures.map((failure) => `${reasonOf(failure)}.`).join(" "), { cause: failures });
}

interface Plan {
  wanted: Wanted;
  reachable: readonly PublishedSource[];
  /** Why the other sources are out. */
  tried: readonly string[];
}

async function planFor(wanted: Wanted, sources: readonly PublishedSource[], context: SourceContext): Promise<Plan> {
  const reasons = await Promise.all(sources.map((source) => whyUnreachable(source, wanted, context)));
  return {
    wanted,
    reachable: sources.filter((_, i) => reasons[i] === undefined),
    tried: reasons.flatMap((reason) => reason ?? []),
  };
}

async function obtain(plan: Plan, parts: EnsureParts, context: SourceContext): Promise<void> {
  const { wanted } = plan;
  const onWait = (holder: string): void => {
    context.report(`${labelOf(wanted)}: waiting for ${holder}, which is getting it`);
  };
  await withLock(lockFileOf(context.cacheDir, wanted), onWait, async () => {
    // Whoever held the lock before may have done the work.
    const [rest] = await lookUp([wanted], new Map(), parts.groups, context);
    if (rest === undefined) return;
    const workDir = workDirOf(context.cacheDir, wanted);
    await rm(workDir, { recursive: true, force: true });
    try {
      await fromFirstSource({ ...plan, wanted: rest }, parts, context);
    } finally {
      await rm(workDir, { recursive: true, force: true });
    }
  });
}

async function fromFirstSource(
  { wanted, reachable, tried }: Plan,
  parts: EnsureParts,
  context: SourceContext,
): Promise<void> {
  const reasons = [...tried];
  for (const reason of tried) context.report(`${labelOf(wanted)}: ${reason}, trying the next source`);
  const attempts = [
    ...reachable.map((source) => () => fetchPublished(source, wanted, context)),
    () =>
      wanted.refusedBuild === undefined
        ? parts.build(wanted, context)
        : Promise.reject(new ArtifactError(wanted.refusedBuild)),
  ];
  for (const attempt of attempts) {
    try {
      await attempt();
      return;
    } catch (error) {
      context.signal?.throwIfAborted();
      reasons.push(reasonOf(error));
      if (attempt !== attempts.at(-1)) context.report(`${labelOf(wanted)}: ${reasonOf(error)}, trying the next source`);
    }
  }
  throw new ArtifactError(`${describe(wanted)} could not be had: ${reasons.join("; ")}.`);
}

const describe = ({ names, version, platform }: Wanted): string => `${names.join(", ")} ${version} for ${platform}`;
