import { findCached, findImage, relativePath } from "./cache.ts";
import { readBuildInfo } from "./buildinfo.ts";
import { type ArtifactRef } from "./ensure.ts";
import { ArtifactError } from "./errors.ts";
import { imageArtifacts } from "./images/definitions.ts";
import { originOf } from "./origin.ts";
import { ownPlatform } from "./platform.ts";
import { genericPurl, golangPurl, type SbomItem } from "./sbom.ts";
import { scriptPath, type ScriptFile } from "./scripts.ts";
import { defaultVersions, groupOf } from "./table.ts";

/** What hosts fetch, all of it in the cache. */
export interface HostSupply {
  refs: readonly ArtifactRef[];
  images: readonly string[];
  scripts: readonly ScriptFile[];
}

/**
 * Names all that hosts fetch, with digests and origins, and what their images contain. @throws ArtifactError when something
 * is not in the cache.
 */
export async function listSupply(cacheDir: string, { refs, images, scripts }: HostSupply): Promise<SbomItem[]> {
  const items = new Map<string, SbomItem>();
  for (const ref of refs) {
    const item = await executableItem(cacheDir, ref);
    if (item === undefined) throw new ArtifactError(`${ref.name} ${ref.version} is not in ${cacheDir}.`);
    items.set(item.path, item);
  }
  for (const name of images) {
    const image = await findImage(cacheDir, name);
    if (image === undefined) throw new ArtifactError(`The image ${name} is not in ${cacheDir}.`);
    const contains: string[] = [];
    for (const part of imageArtifacts([name])) {
      // An archive that was made before stays when its parts are gone: then it is named alone.
      const item = await executableItem(cacheDir, { name: part, version: defaultVersions[part] ?? "" });
      if (item === undefined) continue;
      items.set(item.path, item);
      contains.push(item.path);
    }
    const { sha256, source } = image.record;
    const path = `images/${name}.tar`;
    items.set(path, { path, name, kind: "image", sha256, source, contains });
  }
  for (const script of scripts) {
    const { name, sha256 } = script;
    const path = scriptPath(script);
    items.set(path, { path, name, kind: "script", sha256, source: "this release of Plinth" });
  }
  return [...items.values()];
}

async function executableItem(cacheDir: string, ref: ArtifactRef): Promise<SbomItem | undefined> {
  const { name, version, platform = ownPlatform() } = ref;
  const cached = await findCached(cacheDir, { name, version, platform });
  if (cached === undefined) return undefined;
  const { sha256, source } = cached.record;
  const origin = originOf(cached.record, cached);
  const purl = origin.kind === "build" ? builtPurl(name, version) : genericPurl(name, version, origin.url);
  const build = await readBuildInfo(cached.path);
  return { path: relativePath(cached), name, version, kind: "executable", sha256, source, purl, build };
}

/** The module that an artifact's main package is of, and where in it that is. */
function builtPurl(name: string, version: string): string {
  const group = groupOf(name);
  const main = group.artifacts.find((artifact) => artifact.name === name)?.package ?? name;
  const modules = Object.entries(group.modules(version));
  const [module, moduleVersion] = modules.find(([path]) => main === path || main.startsWith(`${path}/`)) ?? [
    main,
    `v${version}`,
  ];
  return golangPurl(module, moduleVersion, main.slice(module.length + 1));
}
