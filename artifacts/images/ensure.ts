import { createHash } from "node:crypto";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { readProjectLock } from "../../lockfile/file.ts";
import { defaultCacheDir, findFile, recordFile, storeFile } from "../cache.ts";
import { type SourceContext } from "../context.ts";
import { ensureArtifacts, type EnsureArtifacts, type EnsureOptions } from "../ensure.ts";
import { ArtifactError, isMissing, reasonOf } from "../errors.ts";
import { Reachability } from "../http.ts";
import { withLock } from "../../local/lock.ts";
import { ownPlatform } from "../platform.ts";
import { formatDuration, formatSize } from "../progress.ts";
import { run } from "../run.ts";
import { defaultVersions } from "../table.ts";
import { writeArchive, type ImageParts } from "./archive.ts";
import { images, type ImageDefinition, type Ingredient } from "./definitions.ts";
import { makeIngredient, recipeDigest, type MadeIngredient } from "./ingredients.ts";

/** `mirror` is where artifacts may come from; archives of images are always put together here. */
export interface EnsureImagesOptions extends EnsureOptions {
  /** Artifact → version, for the artifacts that images contain. Default: the table's versions. */
  versions?: Readonly<Record<string, string>>;
}

/** What `createEnsureImages` works with; tests put their own in place. */
export interface ImageMaking {
  images: readonly ImageDefinition[];
  ensureArtifacts: EnsureArtifacts;
  makeIngredient(ingredient: Ingredient, folder: string, context: SourceContext): Promise<MadeIngredient>;
  /** The commands of a busybox. */
  busyboxCommands(busybox: string): Promise<string[]>;
}

/** Image name → path of its archive. */
export type ImagePaths = Map<string, string>;

/**
 * Makes sure that the archives `images/<name>.tar` are there for the artifact server: puts together the images that
 * Plinth knows, from artifacts and from what is compiled for them here, and takes any other archive that somebody has
 * put into that folder of the cache. Safe to call from several processes at once. Throws an ArtifactError.
 */
export type EnsureImages = (names: readonly string[], options?: EnsureImagesOptions) => Promise<ImagePaths>;

export function createEnsureImages(making: ImageMaking): EnsureImages {
  return async (names, options = {}) => {
    const found: ImagePaths = new Map();
    for (const name of new Set(names)) {
      const definition = making.images.find((image) => image.name === name);
      const path =
        definition === undefined ? await adopt(name, making, options) : await ensureOne(definition, making, options);
      found.set(name, path);
    }
    return found;
  };
}

export const ensureImages: EnsureImages = createEnsureImages({
  images,
  ensureArtifacts,
  makeIngredient,
  busyboxCommands: async (busybox) => (await run(busybox, ["--list"])).split("\n").filter((name) => name !== ""),
});

const pathOf = (name: string, { cacheDir = defaultCacheDir() }: EnsureImagesOptions): string =>
  join(cacheDir, "images", `${name}.tar`);

async function ensureOne(
  definition: ImageDefinition,
  making: ImageMaking,
  options: EnsureImagesOptions,
): Promise<string> {
  const { name } = definition;
  const cacheDir = options.cacheDir ?? defaultCacheDir();
  const path = pathOf(name, options);
  const source = `image ${definition.reference}, recipe ${await recipeOf(definition, options)}`;
  const isThere = async (): Promise<boolean> => {
    const record = await findFile(path);
    return typeof record === "object" && record.source === source;
  };
  if (await isThere()) return path;

  const report = (line: string): void => options.onProgress?.(line);
  const onWait = (holder: string): void => {
    report(`image ${name}: waiting for ${holder}, which is making it`);
  };
  const context = {
    ...{ cacheDir, report, reachability: new Reachability() },
    lock: options.lock ?? readProjectLock(),
    signal: options.signal,
  };
  await withLock(join(cacheDir, ".locks", `image-${name}`), onWait, async () => {
    if (await isThere()) return;
    const folder = join(cacheDir, ".work", `image-${name}`);
    await rm(folder, { recursive: true, force: true });
    await mkdir(join(folder, "archive"), { recursive: true });
    try {
      const { files, libraries } = await partsOf(definition, making, options, context, folder);
      const began = Date.now();
      const busybox = definition.busyboxLinks === undefined ? undefined : files.get("busybox");
      const commands = busybox === undefined ? [] : await making.busyboxCommands(busybox);
      const archive = join(folder, `${name}.tar`);
      await writeArchive(
        definition,
        { platform: ownPlatform(), files, libraries, commands },
        join(folder, "archive"),
        archive,
      );
      const { size } = await storeFile(path, archive, source, 0o644);
      report(`image ${name}: ${formatSize(size)}, put together in ${formatDuration(Date.now() - began)}`);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw new ArtifactError(
        `The image ${name} could not be made: ${reasonOf(error)}. Without it, take it out of plinth:images and name one from a registry.`,
        { cause: error },
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
  return path;
}

async function partsOf(
  { name, artifacts, ingredients }: ImageDefinition,
  making: ImageMaking,
  options: EnsureImagesOptions,
  context: SourceContext,
  folder: string,
): Promise<Pick<ImageParts, "files" | "libraries">> {
  const platform = ownPlatform();
  if (!platform.startsWith("linux-")) throw new ArtifactError(`images are made on linux, and this is ${platform}`);
  const refs = artifacts.map((artifact) => ({ name: artifact, version: versionOf(artifact, options) }));
  const files = await making.ensureArtifacts(refs, options);
  if (ingredients.length > 0) context.report(`image ${name}: making ${ingredients.join(" and ")}`);
  const libraries = new Set<string>();
  for (const ingredient of ingredients) {
    const made = await making.makeIngredient(ingredient, folder, context);
    files.set(ingredient, made.file);
    for (const library of made.libraries) libraries.add(library);
  }
  return { files, libraries: [...libraries].sort() };
}

const versionOf = (artifact: string, { versions = {} }: EnsureImagesOptions): string =>
  versions[artifact] ?? defaultVersions[artifact] ?? "";

/** Bumped when archives are written in another way. */
const format = 2;

/**
 * Names an archive by everything that goes into it. Artifacts count by their version, so that an archive which is there
 * needs none of them.
 */
async function recipeOf(definition: ImageDefinition, options: EnsureImagesOptions): Promise<string> {
  const versions = definition.artifacts.map((artifact) => [artifact, versionOf(artifact, options)]);
  const ingredients = await Promise.all(definition.ingredients.map(recipeDigest));
  return createHash("sha256")
    .update(JSON.stringify([format, ownPlatform(), definition, versions, ingredients]))
    .digest("hex")
    .slice(0, 16);
}

/** An archive that somebody put there: its digest is recorded, so that it is served. */
async function adopt(name: string, { images: known }: ImageMaking, options: EnsureImagesOptions): Promise<string> {
  const path = pathOf(name, options);
  const record = await findFile(path);
  if (typeof record === "object") return path;
  try {
    await stat(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const names = known.map((image) => image.name).join(", ");
    throw new ArtifactError(
      `There is no image "${name}": Plinth makes ${names}; put an archive of your own at ${path}.`,
      { cause: error },
    );
  }
  await recordFile(path, "put there by hand");
  options.onProgress?.(`image ${name}: ${path} is new or has changed, its digest is recorded`);
  return path;
}
