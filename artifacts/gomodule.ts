import { cp, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { lockEntry, type LockKey } from "../lockfile/judge.ts";
import { storeChecked } from "./checked.ts";
import { labelOf, workDirOf, type SourceContext, type Wanted } from "./context.ts";
import { ArtifactError, reasonOf } from "./errors.ts";
import { ensureNative } from "./native.ts";
import { ensureGo, type Go } from "./go.ts";
import { downloadModule } from "./godownload.ts";
import { moduleSums } from "./modulesums.ts";
import { ownPlatform, splitPlatform } from "./platform.ts";
import { formatDuration, formatSize, reporting } from "./progress.ts";
import { run } from "./run.ts";
import { type Artifact, type ArtifactGroup } from "./table.ts";
import { sumDatabase } from "./toolchain.ts";
import { statesVersion } from "./versions.ts";

/** The file name that `go build` gives a main package: its last element that is no major version. */
export function binaryName(packagePath: string): string {
  return basename(packagePath.replace(/\/v\d+$/, ""));
}

// One build at a time uses all cores; a second one beside it only makes both late.
let lastBuild: Promise<unknown> = Promise.resolve();

/** Builds what `wanted` lists from its Go modules, runs it to see its version, and stores it in the cache. */
export function buildFromModules(wanted: Wanted, context: SourceContext): Promise<void> {
  const result = lastBuild.then(() => build(wanted, context));
  lastBuild = result.catch(() => undefined);
  return result;
}

async function build(wanted: Wanted, context: SourceContext): Promise<void> {
  const { group, version, platform, names } = wanted;
  const { cacheDir, report, signal } = context;
  context.signal?.throwIfAborted();
  const label = labelOf(wanted);
  const workDir = workDirOf(cacheDir, wanted);
  if (group.c !== undefined) {
    if (platform !== ownPlatform()) {
      throw new ArtifactError(
        `${label} has parts in C, which are built for ${ownPlatform()} here, not for ${platform}`,
      );
    }
    await ensureNative(group.c, label, context);
  }
  const go = await ensureGo(await requiredGo(group), context);
  const pinned = version === group.version;
  const env = await buildEnvironment(wanted, go, pinned, context);
  const asPublished = pinned ? group.moduleDir : await otherVersion(wanted, go, env, join(workDir, "module"), context);
  const moduleDir = await completed(wanted, asPublished, go, env, join(workDir, "completed"), context);
  // A name of its own: the compiler of a run that was killed may still be writing to that run's folder.
  const outDir = join(workDir, `out-${process.pid.toString()}`);
  await mkdir(outDir, { recursive: true });

  const artifacts = group.artifacts.filter(({ name }) => names.includes(name));
  const began = Date.now();
  report(`${label}: building ${names.join(", ")} from Go modules with go ${go.version}`);
  const seen = { downloads: 0, packages: 0 };
  const flags = ["-v", "-trimpath", "-buildvcs=false", ...groupFlags(group, version), "-o", `${outDir}/`];
  await reporting(
    report,
    (elapsed) => {
      const { downloads, packages } = seen;
      return `${label}: still building, ${elapsed}, ${downloads.toString()} modules fetched, ${packages.toString()} packages compiled`;
    },
    async () => {
      try {
        await run(go.command, ["build", ...flags, ...artifacts.map((artifact) => artifact.package)], {
          cwd: moduleDir,
          env,
          signal,
          onErrorLine: (line) => {
            if (line.startsWith("go: downloading ")) seen.downloads++;
            else if (isPackageLine(line)) seen.packages++;
          },
          isNoise: (line) => line.startsWith("go: downloading ") || isPackageLine(line),
        });
      } catch (error) {
        signal?.throwIfAborted();
        throw new ArtifactError(
          `the Go build failed${pinned ? "" : ` for ${version}, which is not the pinned ${group.version}`}: ${withoutCommand(error)}`,
          { cause: error },
        );
      }
    },
  );

  // Without what a copy of them was given besides.
  const modules = await moduleSums(asPublished);
  const origin = { kind: "build" as const, go: go.pinned ? go.version : undefined, modules };
  const stored: string[] = [];
  for (const artifact of artifacts) {
    const file = join(outDir, binaryName(artifact.package));
    if (platform === ownPlatform()) await verifyVersion(artifact, file, version);
    const key = { name: artifact.name, version, platform };
    if (!pinned) refuseOtherModules(key, modules, context);
    const source = `Go package ${artifact.package}, version ${version}, built with go ${go.version}`;
    const target = join(workDir, artifact.name);
    await rename(file, target);
    const { record } = await storeChecked(context, key, target, source, origin);
    stored.push(`${artifact.name} (${formatSize(record.size)})`);
  }
  report(`${label}: built ${stored.join(", ")} in ${formatDuration(Date.now() - began)}`);
}

/** The modules of another version than the pinned one are found anew for each build: they have to be those of the first. */
function refuseOtherModules(key: LockKey, modules: string, { lock }: SourceContext): void {
  const locked = lockEntry(lock, key)?.build?.modules;
  if (locked === undefined || locked === modules) return;
  throw new ArtifactError(
    `the modules of ${key.name} ${key.version} are others than those that plinth.lock.json has (${modules} instead of ${locked}): ` +
      `run ./plinth artifacts --update, look at what changed, and commit plinth.lock.json`,
  );
}

function groupFlags(group: ArtifactGroup, version: string): string[] {
  const { c, tags = [] } = group;
  const flags = ["-s", "-w", ...group.ldflags(version)];
  if (c !== undefined) flags.push("-linkmode external", `-extldflags ${c.pie === true ? "-static-pie" : "-static"}`);
  return [
    ...(tags.length === 0 ? [] : ["-tags", tags.join(",")]),
    ...(c?.pie === true ? ["-buildmode=pie"] : []),
    "-ldflags",
    flags.join(" "),
  ];
}

/** Whether a line of `go build -v` names a compiled package. */
const isPackageLine = (line: string): boolean => /^[\w.~/-]+$/.test(line);

/** The reason of a failed `go`, without the long command line. */
const withoutCommand = (error: unknown): string => reasonOf(error).replace(/^`[^`]*` ended with /, "go ended with ");

async function requiredGo(group: ArtifactGroup): Promise<string> {
  const text = await readFile(join(group.moduleDir, "go.mod"), "utf8");
  const version = /^go (\S+)$/m.exec(text)?.[1];
  if (version === undefined) throw new ArtifactError(`${group.moduleDir}/go.mod has no go line`);
  return version;
}

async function buildEnvironment(
  { group, platform }: Wanted,
  go: Go,
  pinned: boolean,
  context: SourceContext,
): Promise<NodeJS.ProcessEnv> {
  const { os, arch } = splitPlatform(platform);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    CGO_ENABLED: group.c === undefined ? "0" : "1",
    GO111MODULE: "on",
    // Binaries must run on the oldest CPU of the platform, whatever the operator's own settings are.
    GOAMD64: "v1",
    GOARCH: arch,
    GOARM64: "v8.0",
    GOEXPERIMENT: "",
    GOFIPS140: "off",
    // The pinned version is built from committed sums and nothing may change them.
    GOFLAGS: pinned ? "-mod=readonly" : "-mod=mod",
    GOOS: os,
    ...sumDatabase(),
    GOTOOLCHAIN: go.toolchain,
    GOWORK: "off",
  };
  const proxy = (await run(go.command, ["env", "GOPROXY"], { cwd: "/", env })).trim().split(/[,|]/)[0] ?? "";
  const reason = /^https?:/.test(proxy) ? await context.reachability.whyNot(proxy) : undefined;
  // Go would wait for each module in turn. Without the proxy, modules that are on this machine already still build.
  if (reason !== undefined) {
    context.report(
      `The Go module proxy is not reachable (${reason}): only modules that are on this machine can be built`,
    );
    env["GOPROXY"] = "off";
  }
  return env;
}

/**
 * Makes a module for a version other than the pinned one: the tool lines stay, the requirements start from nothing, so
 * that the wanted version's own pins count, also when it is older.
 */
async function otherVersion(
  { group, version }: Wanted,
  go: Go,
  env: NodeJS.ProcessEnv,
  folder: string,
  { signal }: SourceContext,
): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  // With modules of its own beside it, which its go.mod may put in the place of others.
  await cp(group.moduleDir, folder, { recursive: true, filter: (source) => basename(source) !== "go.sum" });
  const pinned = await readFile(join(folder, "go.mod"), "utf8");
  await rm(join(folder, "go.mod"));
  const head = /^[\s\S]*?(?=^require\b)/m.exec(pinned)?.[0] ?? "";
  const requirements = Object.entries(group.modules(version));
  try {
    if (group.stagingVersion !== undefined) {
      const [main, mainVersion] = requirements[0] ?? ["", ""];
      const { goMod } = await downloadModule(go.command, `${main}@${mainVersion}`, {
        cwd: folder,
        env: { ...env, GOFLAGS: "" },
        signal,
      });
      const staging = stagingModules(await readFile(goMod, "utf8"));
      const stagingVersion = group.stagingVersion(version);
      for (const module of staging) requirements.push([module, stagingVersion]);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw new ArtifactError(`Go modules do not have version ${version}: ${withoutCommand(error)}`, { cause: error });
  }
  const lines = requirements.map(([module, moduleVersion]) => `\t${module} ${moduleVersion}\n`).join("");
  await writeFile(join(folder, "go.mod"), `${head}require (\n${lines})\n`);
  return folder;
}

/** A module in which another one, that lacks files as it is published, is a copy of it that has them. */
async function completed(
  { group, version }: Wanted,
  moduleDir: string,
  go: Go,
  env: NodeJS.ProcessEnv,
  folder: string,
  { signal }: SourceContext,
): Promise<string> {
  if (group.lacking === undefined) return moduleDir;
  const { module, files } = group.lacking;
  const options = { cwd: moduleDir, env: { ...env, GOFLAGS: "" }, signal };
  const { folder: published } = await downloadModule(
    go.command,
    `${module}@${group.modules(version)[module] ?? ""}`,
    options,
  );
  await rm(folder, { recursive: true, force: true });
  await cp(moduleDir, folder, { recursive: true });
  const copy = join(folder, "copy");
  // What Go's cache has may not be written to.
  await run("cp", ["-r", "--no-preserve=mode", published, copy], { signal });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(copy, path)), { recursive: true });
    await writeFile(join(copy, path), text);
  }
  await run(go.command, ["mod", "edit", `-replace=${module}=./copy`], { ...options, cwd: folder });
  return folder;
}

/** The modules that a go.mod requires at v0.0.0 and replaces by folders of its own repository. */
export function stagingModules(goMod: string): string[] {
  return [...goMod.matchAll(/^\s*(?:require )?(\S+) v0\.0\.0(?:\s|$)/gm)].flatMap(([, module]) => module ?? []);
}

async function verifyVersion({ name, versionArgs }: Artifact, file: string, version: string): Promise<void> {
  const { size } = await stat(file);
  if (size === 0) throw new ArtifactError(`the built ${name} is empty`);
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const output = await run(file, versionArgs, { env, timeoutMs: 30_000, withErrors: true });
  if (!statesVersion(output, version)) {
    throw new ArtifactError(`the built ${name} calls itself "${output.trim().split("\n")[0] ?? ""}", not ${version}`);
  }
}
