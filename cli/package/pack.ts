import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { home } from "../../home.ts";
import { isCopied, packageManifest, type Manifest } from "./manifest.ts";

const run = promisify(execFile);

/**
 * Makes the package of Plinth from the clone: modules as JavaScript with declarations, and everything that they read, laid out as in the clone.
 * What git does not know and does not ignore is packed as well.
 *
 * @param destination folder for the file, which is made where it is not there.
 * @returns the file's path, `…/plinth-VERSION.tgz`.
 * @throws Error when the clone is no git work tree, or a program that packs fails, with what it said.
 */
export async function pack(destination: string): Promise<string> {
  const stage = await mkdtemp(join(tmpdir(), "plinth-package-"));
  try {
    await Promise.all([compile(stage), copy(stage)]);
    const manifest = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as Manifest;
    await writeFile(join(stage, "package.json"), `${JSON.stringify(packageManifest(manifest), undefined, 2)}\n`);
    await mkdir(destination, { recursive: true });
    const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", stage], {
      cwd: stage,
    });
    const [packed] = JSON.parse(stdout) as { filename: string }[];
    if (packed === undefined) throw new Error(`npm pack has named no file: ${stdout}`);
    const target = join(destination, packed.filename);
    // Complete under its name, or not there; `destination` may be on another file system.
    await cp(join(stage, packed.filename), `${target}.part`);
    await rename(`${target}.part`, target);
    return target;
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** The compiler finds modules by what is imported, from the entry points on: tests and what belongs to a clone are not among them. */
async function compile(stage: string): Promise<void> {
  const { exports, bin } = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as Manifest;
  const roots = [...Object.values(exports), ...Object.values(bin)].filter((file) => file.endsWith(".ts"));
  const config = {
    extends: join(home, "tsconfig.json"),
    compilerOptions: {
      // `npm run check` checks; here only text is made.
      ...{ noCheck: true, noEmit: false, declaration: true, rewriteRelativeImportExtensions: true },
      ...{ rootDir: home, outDir: stage, types: ["node"], typeRoots: [join(home, "node_modules", "@types")] },
    },
    files: roots.map((file) => join(home, file)),
    include: [],
  };
  const folder = await mkdtemp(join(tmpdir(), "plinth-tsc-"));
  try {
    const file = join(folder, "tsconfig.json");
    await writeFile(file, JSON.stringify(config));
    await run(process.execPath, [join(home, "node_modules", "typescript", "bin", "tsc"), "--project", file]).catch(
      (error: unknown) => {
        const { stdout } = error as { stdout?: string };
        throw new Error(`The modules cannot be compiled: ${stdout ?? String(error)}`, { cause: error });
      },
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function copy(stage: string): Promise<void> {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { stdout } = await run("git", list, { cwd: home, maxBuffer: 2 ** 26 });
  for (const path of stdout.split("\0").filter(isCopied)) {
    await mkdir(dirname(join(stage, path)), { recursive: true });
    await cp(join(home, path), join(stage, path)).catch((error: unknown) => {
      // Removed, and git still has it.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { destination: { type: "string", default: "." } } });
  console.log(await pack(resolve(values.destination)));
}
