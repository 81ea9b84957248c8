import { type Lock } from "../lockfile/schema.ts";
import { isMissing } from "./errors.ts";
import { listDigest } from "./modulesums.ts";
import { ownPlatform, type Platform } from "./platform.ts";
import { run } from "./run.ts";

/** The digest of a tool chain's programs that the lock file has for this machine. */
export function pinnedPrograms(lock: Lock, version: string, platform: Platform = ownPlatform()): string | undefined {
  return lock.go[version]?.programs[platform];
}

/**
 * The digest of the programs that a Go command builds with; undefined where one of them is not there.
 * @param toolchain the value of GOTOOLCHAIN to ask it with.
 */
export async function programsDigest(command: string, toolchain: string): Promise<string | undefined> {
  const env = { ...process.env, GOTOOLCHAIN: toolchain };
  const root = (await run(command, ["env", "GOROOT"], { cwd: "/", env })).trim();
  try {
    return await programsIn(root, ownPlatform());
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * The digest of the programs of a tool chain below `root`: of `go` itself, the assembler, cgo, the compiler and the linker,
 * see `listDigest`. Go's releases are the same bytes wherever they come from, a distribution's own builds are others.
 */
export async function programsIn(root: string, platform: Platform): Promise<string> {
  const tools = `pkg/tool/${platform.replace("-", "_")}`;
  return await listDigest(root, ["bin/go", ...["asm", "cgo", "compile", "link"].map((name) => `${tools}/${name}`)]);
}

/** Go's checksum database, also where a distribution's Go or somebody's settings have none, unless the environment says so. */
export function sumDatabase(environment: NodeJS.ProcessEnv = process.env): { GOSUMDB: string } {
  const own = environment["GOSUMDB"] ?? "";
  return { GOSUMDB: own === "" ? "sum.golang.org" : own };
}
