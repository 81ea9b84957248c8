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
import { pinnedPrograms, programsDigest, sumDatabase } from "./toolchain.ts";
import { compareVersions } from "./versions.ts";

/** The Go release that builds, where it can be had: builds of one release are the same bytes on all machines. */
export const goVersion = "1.26.8";

/** A Go command that can build our modules. */
export interface Go {
  command: string;
  /** `1.26.8`. */
  version: string;
  /** The value of GOTOOLCHAIN to run it with. */
  toolchain: string;
  /** Whether its programs are those that the lock file has, so that what it builds can be compared. */
  pinned: boolean;
}

/** The first Go that selects other toolchains by itself. */
const selectsToolchains = "1.21";

/**
 * Finds, or gets, the Go that the lock file pins. Where it cannot be had, another one of at least `required` (`1.26`) on
 * this machine does it, and is said. Throws an ArtifactError that says what was tried.
 * @param usual the commands to look at first.
 */
export async function ensureGo(
  required: string,
  context: SourceContext,
  usual: readonly string[] = ["go", "/usr/local/go/bin/go"],
): Promise<Go> {
  const cached = join(cacheRoot(), "go", goVersion, "bin", "go");
  const usable: Go[] = [];
  for (const command of [...usual, cached]) {
    const version = await versionOf(command);
    if (version === undefined || compareVersions(version, required) < 0) continue;
    const go = await withPinned({ command, version, toolchain: "local" }, context);
    if (go.pinned || pinnedPrograms(context.lock, goVersion) === undefined) return go;
    usable.push(go);
  }
  const lock = join(cacheRoot(), "go", ".lock");
  return await withLock(
    lock,
    (holder) => {
      context.report(`go ${goVersion}: waiting for ${holder}, which is installing it`);
    },
    () => obtainGo(cached, usable[0], context),
  );
}

async function withPinned(go: Omit<Go, "pinned">, { lock }: SourceContext): Promise<Go> {
  const wanted = go.version === goVersion ? pinnedPrograms(lock, goVersion) : undefined;
  return { ...go, pinned: wanted !== undefined && (await programsDigest(go.command, go.toolchain)) === wanted };
}

/** @param other what builds where the pinned one cannot be had. */
async function obtainGo(cached: string, other: Go | undefined, context: SourceContext): Promise<Go> {
  const tried: string[] = [];
  const steps = [
    () => installedMeanwhile(cached),
    () => selectToolchain(context),
    () => downloadGo(cached, context),
    () => toolchainModule(cached, context),
  ];
  for (const step of steps) {
    try {
      const found = await step();
      if (found === undefined) continue;
      const go = await withPinned(found, context);
      if (go.pinned || pinnedPrograms(context.lock, goVersion) === undefined) return go;
      if (go.command === cached) await rm(goHome(cached), { recursive: true, force: true });
      tried.push(`the programs of ${go.command} are not those that plinth.lock.json has`);
      context.report(`go ${goVersion}: ${tried.at(-1) ?? ""}`);
    } catch (error) {
      context.signal?.throwIfAborted();
      tried.push(reasonOf(error));
      context.report(`go ${goVersion}: ${reasonOf(error)}`);
    }
  }
  if (other !== undefined) {
    context.report(
      `go ${goVersion}, which plinth.lock.json has, could not be had: building with ${other.command} (${other.version}); ` +
        `the sums of the modules hold, the digests of what is built are not compared`,
    );
    return other;
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

async function installedMeanwhile(cached: string): Promise<Omit<Go, "pinned"> | undefined> {
  const version = await versionOf(cached);
  return version === undefined ? undefined : { command: cached, version, toolchain: "local" };
}

/** Lets a Go on PATH fetch the newer toolchain itself. */
async function selectToolchain(context: SourceContext): Promise<Omit<Go, "pinned">> {
  const version = await versionOf("go");
  if (version === undefined) throw new ArtifactError("there is no go on PATH");
  if (compareVersions(version, selectsToolchains) < 0) throw new ArtifactError(`go ${version} on PATH is too old`);
  if (process.env["GOTOOLCHAIN"] === "local") {
    throw new ArtifactError(
      `go ${version} on PATH is another version, and GOTOOLCHAIN=local keeps it from fetching this one`,
    );
  }
  const toolchain = `go${goVersion}`;
  await requireProxy(context);
  await run("go", ["version"], { cwd: "/", env: { ...process.env, ...sumDatabase(), GOTOOLCHAIN: toolchain } });
  return { command: "go", version: goVersion, toolchain };
}

/** Throws where the proxy of Go's modules does not answer: Go would wait for it much longer. */
async function requireProxy({ reachability }: SourceContext): Promise<void> {
  const env = { ...process.env, GOTOOLCHAIN: "local" };
  const [site = ""] = (await run("go", ["env", "GOPROXY"], { cwd: "/", env })).trim().split(/[,|]/);
  const reason = /^https?:/.test(site) ? await reachability.whyNot(site) : undefined;
  if (reason !== undefined) throw new ArtifactError(`the Go module proxy is not reachable (${reason})`);
}

async function downloadGo(cached: string, context: SourceContext): Promise<Omit<Go, "pinned">> {
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
async function toolchainModule(cached: string, context: SourceContext): Promise<Omit<Go, "pinned">> {
  if ((await versionOf("go")) === undefined)
    await installDebian(
      ["golang-go"],
      `go ${goVersion}: apt-get install golang-go, to fetch the toolchain with`,
      context,
    );
  await requireProxy(context);
  const began = Date.now();
  context.report(`go ${goVersion}: fetching the toolchain's Go module`);
  const home = goHome(cached);
  const expected = context.lock.go[goVersion]?.modules[ownPlatform()];
  await inTemporary(home, async (temporary) => {
    const { folder, sum } = await downloadModule("go", `golang.org/toolchain@v0.0.1-go${goVersion}.${ownPlatform()}`, {
      cwd: temporary,
      env: {
        ...process.env,
        // The sum in the lock file says as much as the checksum database, which not every proxy passes on.
        ...(expected === undefined ? sumDatabase() : { GONOSUMDB: "golang.org/toolchain" }),
        GOTOOLCHAIN: "local",
        GOFLAGS: "-modcacherw",
        GOMODCACHE: join(temporary, "mod"),
      },
      signal: context.signal,
    });
    if (expected !== undefined && sum !== expected)
      throw new ArtifactError(`the toolchain's Go module has the sum ${sum}, and plinth.lock.json has ${expected}`);
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
