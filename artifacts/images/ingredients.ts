import { createHash } from "node:crypto";
import { copyFile, mkdir, open, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type SourceContext } from "../context.ts";
import { apt } from "../debian.ts";
import { ArtifactError, isMissing, reasonOf } from "../errors.ts";
import { ensureGo } from "../go.ts";
import { ensureNative } from "../native.ts";
import { run } from "../run.ts";
import { type Ingredient } from "./definitions.ts";

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
    sources: ["web/go.mod", "web/main.go"],
    make: async (target, _folder, context) => {
      const go = await ensureGo("1.26", context);
      const env = {
        ...process.env,
        CGO_ENABLED: "0",
        GOAMD64: "v1",
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

/** Makes an ingredient in `folder` and returns the path of the static executable. Throws an ArtifactError. */
export async function makeIngredient(ingredient: Ingredient, folder: string, context: SourceContext): Promise<string> {
  const workDir = join(folder, `${ingredient}.work`);
  await mkdir(workDir, { recursive: true });
  const target = join(folder, ingredient);
  try {
    await recipes[ingredient].make(target, workDir, context);
  } catch (error) {
    context.signal?.throwIfAborted();
    throw new ArtifactError(`${ingredient} could not be made: ${reasonOf(error)}`, { cause: error });
  }
  if (!(await isStatic(target))) throw new ArtifactError(`${ingredient} is no static executable for this machine`);
  return target;
}

/** The machine's own busybox where it is static, else the one of Debian's package busybox-static. */
async function makeBusybox(target: string, folder: string, context: SourceContext): Promise<void> {
  for (const own of ["/bin/busybox", "/usr/bin/busybox", "/sbin/busybox"]) {
    if (!(await isStatic(own))) continue;
    await copyFile(own, target);
    return;
  }
  try {
    context.report("image web: apt-get download busybox-static");
    await apt(["download", "busybox-static"], { cwd: folder, signal: context.signal });
  } catch (error) {
    context.signal?.throwIfAborted();
    const hint = "Install busybox-static, or a static busybox as /bin/busybox";
    throw new ArtifactError(`busybox-static could not be downloaded: ${reasonOf(error)}. ${hint}`, { cause: error });
  }
  const [archive] = (await readdir(folder)).filter((name) => name.endsWith(".deb"));
  if (archive === undefined) throw new ArtifactError("apt-get downloaded no package busybox-static");
  await run("dpkg-deb", ["-x", archive, "unpacked"], { cwd: folder, signal: context.signal });
  for (const place of ["bin", "usr/bin"]) {
    try {
      await copyFile(join(folder, "unpacked", place, "busybox"), target);
      return;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  throw new ArtifactError("Debian's package busybox-static has no busybox where one was expected");
}

/** The number of the program header that names the dynamic linker. */
const interpreterHeader = 3;

/** Whether `path` is a 64-bit ELF executable that needs no dynamic linker. */
export async function isStatic(path: string): Promise<boolean> {
  let handle;
  try {
    handle = await open(path);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
    const headers = buffer.subarray(0, bytesRead);
    if (bytesRead < 64 || headers.toString("latin1", 0, 5) !== "\x7fELF\x02") return false;
    const start = Number(headers.readBigUInt64LE(32));
    const size = headers.readUInt16LE(54);
    for (let i = 0; i < headers.readUInt16LE(56); i++) {
      const at = start + i * size;
      if (at + 4 > bytesRead) return false;
      if (headers.readUInt32LE(at) === interpreterHeader) return false;
    }
    return true;
  } finally {
    await handle.close();
  }
}
