import { join } from "node:path";
import type { Lock } from "../../lockfile/schema.ts";
import type { ArtifactRef } from "../../artifacts/index.ts";
import { allScripts, scriptSource } from "../../plan/scripts.ts";
import type { Terminal } from "../render/terminal.ts";
import type { StackInput } from "../project/inventory.ts";

/** The binaries that hosts fetch from the artifact server. */
export function hostArtifacts({ planned }: Pick<StackInput, "planned">): ArtifactRef[] {
  return planned.artifacts().binaries;
}

/**
 * Makes sure of artifacts, with one dim line per remark.
 * @param lock what digests have to be; by default the project's lock file.
 */
export async function ensure(
  refs: readonly ArtifactRef[],
  terminal: Terminal,
  signal?: AbortSignal,
  lock?: Lock,
): Promise<Map<string, string>> {
  const { ensureArtifacts } = await import("../../artifacts/index.ts");
  return ensureArtifacts([...refs], {
    onProgress: (line) => {
      terminal.note(terminal.paint("dim", `  ${line}`));
    },
    ...(signal === undefined ? {} : { signal }),
    ...(lock === undefined ? {} : { lock }),
  });
}

/**
 * Makes sure of everything that hosts fetch from this machine: binaries, archives of the images that are given to
 * them beforehand, and the scripts of this release. Returns artifact name, `images/<name>.tar` or
 * `scripts/<name>/<digest>`, → path.
 */
export async function ensureForHosts(
  input: Pick<StackInput, "planned">,
  terminal: Terminal,
  signal?: AbortSignal,
  lock?: Lock,
): Promise<Map<string, string>> {
  const { ensureImages } = await import("../../artifacts/index.ts");
  const { binaries: refs } = input.planned.artifacts();
  const binaries = await ensure(refs, terminal, signal, lock);
  const images = await ensureImages(imagesOf(input), {
    onProgress: (line) => {
      terminal.note(terminal.paint("dim", `  ${line}`));
    },
    ...(signal === undefined ? {} : { signal }),
    ...(lock === undefined ? {} : { lock }),
  });
  return new Map([
    ...binaries,
    ...[...images].map(([name, path]): [string, string] => [imageFile(name), path]),
    ...(await ensureScripts()),
  ]);
}

/** Puts the scripts of this release where the artifact server has them. Returns `scripts/<name>/<digest>` → path. */
async function ensureScripts(): Promise<[string, string][]> {
  const { defaultCacheDir, storeScripts } = await import("../../artifacts/index.ts");
  const cacheDir = defaultCacheDir();
  await storeScripts(cacheDir, allScripts());
  return allScripts().map((script) => [scriptSource(script), join(cacheDir, scriptSource(script))]);
}

/** Where the artifact server has an image's archive. */
export function imageFile(name: string): string {
  return `images/${name}.tar`;
}

/** The images whose archives hosts fetch. */
export function imagesOf({ planned }: Pick<StackInput, "planned">): string[] {
  return planned.artifacts().downloads.flatMap((source) => imageOf(source) ?? []);
}

/** The image whose archive a path on the artifact server is, if it is one. */
function imageOf(source: string): string | undefined {
  return /^images\/(.+)\.tar$/.exec(source)?.[1];
}

async function pinned(name: string): Promise<ArtifactRef> {
  const { defaultVersions } = await import("../../artifacts/index.ts");
  const version = defaultVersions[name];
  if (version === undefined) throw new Error(`The artifact table has no version for ${name}.`);
  return { name, version };
}

export async function pulumiRef(): Promise<ArtifactRef> {
  return pinned("pulumi");
}

/** The Pulumi CLI: on PATH when new enough, else downloaded or built. */
export async function findPulumi(terminal: Terminal, signal?: AbortSignal): Promise<string> {
  const ref = await pulumiRef();
  const path = (await ensure([ref], terminal, signal)).get(ref.name);
  if (path === undefined) throw new Error("ensureArtifacts returned no path for the Pulumi CLI.");
  return path;
}

/** What judges rules of alerts, and the configuration of Alertmanager. */
export async function findAlertTools(terminal: Terminal): Promise<{ promtool: string; amtool: string }> {
  const found = await ensure(await Promise.all(["promtool", "amtool"].map(pinned)), terminal);
  const [promtool, amtool] = [found.get("promtool"), found.get("amtool")];
  if (promtool === undefined || amtool === undefined)
    throw new Error("ensureArtifacts returned no path for promtool or amtool.");
  return { promtool, amtool };
}

/** What reads figures. */
export async function findPrometheus(terminal: Terminal): Promise<string> {
  const found = (await ensure([await pinned("prometheus")], terminal)).get("prometheus");
  if (found === undefined) throw new Error("ensureArtifacts returned no path for Prometheus.");
  return found;
}

/** kubectl of the cluster's version. */
export async function findKubectl(version: string, terminal: Terminal): Promise<string> {
  const path = (await ensure([{ name: "kubectl", version }], terminal)).get("kubectl");
  if (path === undefined) throw new Error("ensureArtifacts returned no path for kubectl.");
  return path;
}
