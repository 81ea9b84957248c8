import { createHash } from "node:crypto";
import { access, constants, copyFile, mkdir, readFile, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type SourceContext } from "../context.ts";
import { apt } from "../debian.ts";
import { ArtifactError, reasonOf } from "../errors.ts";
import { ensureGo } from "../go.ts";
import { ensureNative } from "../native.ts";
import { run } from "../run.ts";
import { type Ingredient } from "./definitions.ts";

/** An executable for an image. */
export interface MadeIngredient {
  file: string;
  /** Libraries of this machine that it needs at the same paths; none where it is static. */
  libraries: readonly string[];
}

/** How one ingredient is made. */
interface Recipe {
  /** The files that it is made from; a change to them makes the image anew. */
  sources: readonly string[];
  /** Makes the executable `target`; `folder` is empty and may be filled. */
  make(target: string, folder: string, context: SourceContext): Promise<void>;
}

const here = import.meta.dirname;

const recipes: Readonly<Record<Ingredient, Recipe>> = {
  pause: {
    sources: ["pause.c"],
    make: async (target, _folder, context) => {
      const needs = { commands: ["gcc"], libraries: [], packages: ["gcc", "libc6-dev"] };
      await ensureNative(needs, "image pause", context);
      const flags = ["-static", "-Os", "-s", "-Wall", "-Wextra", "-Werror"];
      await run("gcc", [...flags, "-o", target, join(here, "pause.c")], { signal: context.signal });
    },
  },
  web: {
    sources: ["web/go.mod", "web/get.go", "web/main.go"],
    make: async (target, _folder, context) => {
      const go = await ensureGo("1.26", context);
      const env = {
        ...process.env,
        CGO_ENABLED: "0",
        GOAMD64: "v1",
        GOARM64: "v8.0",
        GOFIPS140: "off",
        GOFLAGS: "",
        GOTOOLCHAIN: go.toolchain,
        GOWORK: "off",
      };
      const flags = ["-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];
      await run(go.command, ["build", ...flags, "-o", target, "."], {
        cwd: join(here, "web"),
        env,
        signal: context.signal,
      });
    },
  },
  busybox: { sources: [], make: makeBusybox },
};

/** A digest of what an ingredient is made from. */
export async function recipeDigest(ingredient: Ingredient): Promise<string> {
  const hash = createHash("sha256");
  for (const source of recipes[ingredient].sources) hash.update(await readFile(join(here, source))).update("\0");
  return hash.digest("hex");
}

/** Makes an ingredient in `folder`. Throws an ArtifactError. */
export async function makeIngredient(
  ingredient: Ingredient,
  folder: string,
  context: SourceContext,
): Promise<MadeIngredient> {
  const workDir = join(folder, `${ingredient}.work`);
  await mkdir(workDir, { recursive: true });
  const file = join(folder, ingredient);
  try {
    await recipes[ingredient].make(file, workDir, context);
    return { file, libraries: await librariesOf(file) };
  } catch (error) {
    context.signal?.throwIfAborted();
    throw new ArtifactError(`${ingredient} could not be made: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * The busybox of Debian's package, else the machine's own. Not that of busybox-static: its shell prefers its own commands
 * to what stands on PATH, and of these wget dies of `-T`.
 */
async function makeBusybox(target: string, folder: string, context: SourceContext): Promise<void> {
  try {
    context.report("image web: apt-get download busybox");
    await copyFile(await debianBusybox(folder, context), target);
  } catch (error) {
    context.signal?.throwIfAborted();
    context.report(`image web: ${reasonOf(error)}, trying a busybox on PATH`);
    const own = await onPath("busybox");
    if (own === undefined) throw new ArtifactError(`${reasonOf(error)}, and there is none on PATH`, { cause: error });
    await copyFile(own, target);
  }
}

async function debianBusybox(folder: string, { signal }: SourceContext): Promise<string> {
  await apt(["download", "busybox"], { cwd: folder, signal });
  const [archive] = (await readdir(folder)).filter((name) => name.endsWith(".deb"));
  if (archive === undefined) throw new ArtifactError("apt-get downloaded no package busybox");
  const unpacked = join(folder, "unpacked");
  await run("dpkg-deb", ["-x", archive, unpacked], { cwd: folder, signal });
  const busybox = await firstExecutable(["bin", "usr/bin"].map((place) => join(unpacked, place, "busybox")));
  if (busybox === undefined) throw new ArtifactError("Debian's package busybox has no busybox where one was expected");
  return busybox;
}

const onPath = (command: string): Promise<string | undefined> =>
  firstExecutable((process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, command)));

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not there: perhaps at the next place.
      continue;
    }
  }
  return undefined;
}

/** The libraries that the dynamic linker would load, itself included; none for a static executable. */
async function librariesOf(executable: string): Promise<string[]> {
  let listing;
  try {
    listing = await run("ldd", [executable]);
  } catch (error) {
    if (/not a (valid )?dynamic/i.test(reasonOf(error))) return [];
    throw error;
  }
  return parseLibraries(listing);
}

/** The paths in what `ldd` says, sorted. Throws an ArtifactError when a library is not there. */
export function parseLibraries(listing: string): string[] {
  const paths = listing.split("\n").flatMap((line) => {
    const missing = /^\s*(\S+) => not found/.exec(line)?.[1];
    if (missing !== undefined) throw new ArtifactError(`the library ${missing} is not there`);
    return /^\s*(?:\S+ => )?(\/\S+)(?: \(0x[0-9a-f]+\))?$/.exec(line)?.[1] ?? [];
  });
  return [...new Set(paths)].sort();
}
