import { join } from "node:path";
import { type Lock } from "../lockfile/schema.ts";
import { type Reachability } from "./http.ts";
import { type Platform } from "./platform.ts";
import { type Report } from "./progress.ts";
import { type ArtifactGroup } from "./table.ts";

/** Some artifacts of one group that are not in the cache yet. */
export interface Wanted {
  group: ArtifactGroup;
  version: string;
  platform: Platform;
  /** Artifact names, all of the group. */
  names: readonly string[];
  /** Why what was built here, from C too, is not used although it is in the cache: it would be built the same again. */
  refusedBuild?: string;
}

/** What every source needs to do its work. */
export interface SourceContext {
  cacheDir: string;
  report: Report;
  reachability: Reachability;
  /** What digests have to be. */
  lock: Lock;
  signal?: AbortSignal | undefined;
}

/** `kubernetes 1.36.3`: how progress and errors name a group. */
export function labelOf({ group, version }: Pick<Wanted, "group" | "version">): string {
  return `${group.name} ${version}`;
}

/** A folder for unfinished work; whoever holds the group's lock owns it. On the cache's file system, for rename. */
export function workDirOf(cacheDir: string, { group, version, platform }: Wanted): string {
  return join(cacheDir, ".work", `${group.name}-${version}-${platform}`);
}

/** The lock that whoever fetches or builds the group holds. */
export function lockFileOf(cacheDir: string, { group, version, platform }: Wanted): string {
  return join(cacheDir, ".locks", `${group.name}-${version}-${platform}`);
}

/** Where unfinished downloads wait to be resumed. */
export function partialDirOf(cacheDir: string): string {
  return join(cacheDir, ".partial");
}
