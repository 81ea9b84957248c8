import { chmod, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheRoot } from "./cache.ts";
import { type SourceContext } from "./context.ts";
import { installDebian } from "./debian.ts";
import { downloadFile, publishedDigest } from "./download.ts";
import { ArtifactError, isMissing, reasonOf } from "./errors.ts";
import { downloadModule } from "./godownload.ts";
import { withLock } from "../local/lock.ts";
import { ownPlatform } from "./platform.ts";
import { formatDuration } from "./progress.ts";
import { run } from "./run.ts";
import { compareVersions } from "./versions.ts";

/** The Go release that is fetched where the machine has none that is new enough. */
export const goVersion = "1.26.8";

/** A Go command that can build our modules. */
export interface Go {
  command: string;
  /** `1.26.8`. */
  version: string;
  /** The value of GOTOOLCHAIN to run it with. */
  toolchain: string;
}

/** The first Go that selects other toolchains by itself. */
const selectsToolchains = "1.21";

/**
 * Finds, or gets, a Go of at least `required` (`1.26`). Throws an ArtifactError that says what was tried.
 * @param usual the commands to look at first.
 */
export async function ensureGo(
  required: string,
  context: SourceContext,
  usual: readonly string[] = ["go", "/usr/local/go/bin/go"],
): Promise<Go> {
  const cached = join(cacheRoot(), "go", goVersion, "bin", "go");
  for (const command of [...usual, cached]) {
    const version = await versionOf(command);
    if (version !== undefined && compareVersions(version, required) >= 0)
      return { command, version, toolchain: "local" };
  }
  const lock = join(cacheRoot(), "go", ".lock");
  return await withLock(
    lock,
    (holder) => {
      context.report(`go ${goVersion}: waiting for ${holder}, which is installing it`);
    },
    () => obtainGo(cached, context),
  );
}

async function obtainGo(cached: string, context: SourceContext): Promise<Go> {
  const tried: string[] = [];
  const steps = [
    () => installedMeanwhile(cached),
    selectToolchain,
    () => downloadGo(cached, context),
    () => toolchainModule(cached, context),
  ];
  for (const step of steps) {
    try {
      const go = await step();
      if (go !== undefined) return go;
    } catch (error) {
      context.signal?.throwIfAborted();
      tried.push(reasonOf(error));
      context.report(`go ${goVersion}: ${reasonOf(error)}`);
    }
  }
  throw new ArtifactError(
    `Go ${goVersion} is needed to build and could not be had: ${tried.join("; ")}. Install Go ${goVersion} or newer and put it on PATH`,
  );
}

/** The version of a Go command itself, whatever toolchain it would select; undefined when it is not there. */
async function versionOf(command: string): Promise<string | undefined> {
  try {
    const output = await run(command, ["env", "GOVERSION"], {
      cwd: "/",
      env: { ...process.env, GOTOOLCHAIN: "local" },
    });
    return /^go(\d+(?:\.\d+)*)/.exec(output)?.[1];
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function installedMeanwhile(cached: string): Promise<Go | undefined> {
  const version = await versionOf(cached);
  return version === undefined ? undefined : { command: cached, version, toolchain: "local" };
}

/** Lets a Go on PATH fetch the newer toolchain itself. */
async function selectToolchain(): Promise<Go | undefined> {
  const version = await versionOf("go");
  if (version === undefined) throw new ArtifactError("there is no go on PATH");
  if (compareVersions(version, selectsToolchains) < 0) throw new ArtifactError(`go ${version} on PATH is too old`);
  if (process.env["GOTOOLCHAIN"] === "local") {
    throw new ArtifactError(
      `go ${version} on PATH is too old and GOTOOLCHAIN=local keeps it from fetching a newer one`,
    );
  }
  const toolchain = `go${goVersion}`;
  await run("go", ["version"], { cwd: "/", env: { ...process.env, GOTOOLCHAIN: toolchain } });
  return { command: "go", version: goVersion, toolchain };
}

async function downloadGo(cached: string, context: SourceContext): Promise<Go> {
  const url = `https://go.dev/dl/go${goVersion}.${ownPlatform()}.tar.gz`;
  const reason = await context.reachability.whyNot(url);
  if (reason !== undefined) throw new ArtifactError(`go.dev is not reachable (${reason})`);
  const began = Date.now();
  context.report(`go ${goVersion}: downloading from go.dev`);
  const digest = await publishedDigest({ url, checksums: `${url}.sha256`, provides: {} }, context.signal);
  const home = goHome(cached);
  const archive = await downloadFile(url, digest, {
    partialDir: join(dirname(home), ".partial"),
    signal: context.signal,
  });
  await inTemporary(home, async (temporary) => {
    await run("tar", ["-xzf", archive, "-C", temporary, "--no-same-owner"], { signal: context.signal });
    await replace(join(temporary, "go"), home);
  });
  await rm(archive, { force: true });
  context.report(`go ${goVersion}: installed in ${formatDuration(Date.now() - began)}`);
  return { command: cached, version: goVersion, toolchain: "local" };
}

/** Takes the toolchain from its Go module by any Go, as newer ones do by themselves. */
async function toolchainModule(cached: string, context: SourceContext): Promise<Go> {
  if ((await versionOf("go")) === undefined)
    await installDebian(
      ["golang-go"],
      `go ${goVersion}: apt-get install golang-go, to fetch the toolchain with`,
      context,
    );
  const began = Date.now();
  context.report(`go ${goVersion}: fetching the toolchain's Go module`);
  const home = goHome(cached);
  await inTemporary(home, async (temporary) => {
    const { folder } = await downloadModule("go", `golang.org/toolchain@v0.0.1-go${goVersion}.${ownPlatform()}`, {
      cwd: temporary,
      env: { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "-modcacherw", GOMODCACHE: join(temporary, "mod") },
      signal: context.signal,
    });
    // Modules carry no exec bits.
    await makeExecutable(join(folder, "bin"));
    await makeExecutable(join(folder, "pkg", "tool"));
    await replace(folder, home);
  });
  context.report(`go ${goVersion}: installed in ${formatDuration(Date.now() - began)}`);
  return { command: cached, version: goVersion, toolchain: "local" };
}

const goHome = (command: string): string => dirname(dirname(command));

async function makeExecutable(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await chmod(join(entry.parentPath, entry.name), 0o755);
  }
}

async function inTemporary(home: string, work: (temporary: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(home), { recursive: true });
  const temporary = await mkdtemp(`${home}.tmp-`);
  try {
    await work(temporary);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function replace(folder: string, home: string): Promise<void> {
  await rm(home, { recursive: true, force: true });
  await rename(folder, home);
}
