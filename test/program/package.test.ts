import assert from "node:assert/strict";
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { PageServer } from "../../cli/dashboard/server.ts";
import { isCopied } from "../../cli/package/manifest.ts";
import { pack } from "../../cli/package/pack.ts";
import { home } from "../../home.ts";
import { allScripts } from "../../plan/scripts.ts";

const run = promisify(execFile);

describe("a project that has Plinth as a package", function () {
  this.timeout(600_000);
  let folder: string;
  let mine: string;
  let installed: string;

  /** Without what tells this clone's own commands of a project, a colour or npm's settings. */
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|PLINTH_)/i.test(name)));
  const plinth = async (cwd: string, ...args: string[]): Promise<string> =>
    (await run(process.execPath, [join(installed, "cli", "bin.js"), ...args], { cwd, env })).stdout;

  before(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "plinth-package-test-")));
    const file = await pack(join(folder, "packed"));
    mine = join(folder, "mine");
    installed = join(mine, "node_modules", "plinth");
    mkdirSync(mine);
    // Stands in for npm's cache, without its time: npm takes what is there, and removes what nobody needs.
    const packages = join(home, "node_modules");
    if (spawnSync("cp", ["-al", packages, mine], { stdio: "ignore" }).status !== 0) {
      execFileSync("cp", ["-a", packages, mine]);
    }
    await run("npm", ["install", "--ignore-scripts", "--offline", "--no-audit", "--no-fund", file], { cwd: mine, env });
    await run("npx", ["plinth", "init", "--yes"], { cwd: mine, env });
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("runs the command by npx", async () => {
    const { stdout } = await run("npx", ["plinth", "--help"], { cwd: mine, env });
    assert.match(stdout, /^Usage: plinth /);
  });

  it("has the packed file in itself, whatever becomes of the one that it was installed from", () => {
    const { dependencies } = JSON.parse(readFileSync(join(mine, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    assert.match(dependencies["plinth"] ?? "", /^file:vendor\/plinth-\d+\.\d+\.\d+\.tgz$/);
    assert.ok(existsSync(join(mine, (dependencies["plinth"] ?? "").replace("file:", ""))));
  });

  it("has entry points with declarations", () => {
    const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
      exports: Record<string, string | Record<string, string>>;
    };
    const files = Object.values(exports).flatMap((entry) =>
      typeof entry === "string" ? [entry] : Object.values(entry),
    );
    assert.deepEqual(
      files.filter((file) => !existsSync(join(installed, file))),
      [],
    );
    assert.ok(files.includes("./program.d.ts"));
  });

  it("has what modules read beside them, byte for byte, and executable where it is run", () => {
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: home });
    const copied = listed
      .toString()
      .split("\0")
      .filter((path) => isCopied(path) && existsSync(join(home, path)));
    assert.ok(copied.length > 200, "files were found");
    const differing = copied.filter((path) => {
      const [own, theirs] = [join(home, path), join(installed, path)];
      if (!existsSync(theirs) || !readFileSync(own).equals(readFileSync(theirs))) return true;
      return (statSync(own).mode & 0o100) !== (statSync(theirs).mode & 0o100);
    });
    assert.deepEqual(differing, []);
  });

  it("plans the same scripts for hosts as the clone does", async () => {
    const module = pathToFileURL(join(installed, "plan", "scripts.js")).href;
    const { allScripts: theirs } = (await import(module)) as { allScripts: typeof allScripts };
    assert.deepEqual(theirs(), allScripts());
  });

  it("has the page, with everything that it asks for", async () => {
    const module = pathToFileURL(join(installed, "cli", "dashboard", "server.js")).href;
    const { PageServer: Theirs } = (await import(module)) as { PageServer: typeof PageServer };
    const server = new Theirs("demo", { sections: () => new Map(), listen: () => () => undefined });
    const address = await server.listen(0);
    try {
      for (const file of ["", "page.css", "page.js", "live.js", "preact.js"])
        assert.equal((await fetch(`${address}${file}`)).status, 200, file);
    } finally {
      await server.close();
    }
  });

  it("has right types", async () => {
    const compiler = join(home, "node_modules", "typescript", "bin", "tsc");
    await run(process.execPath, [compiler, "--noEmit", "--project", mine], { env }).catch((error: unknown) => {
      assert.fail((error as { stdout?: string }).stdout ?? String(error));
    });
  });

  it("loads its hosts and its configuration, from wherever in it", async () => {
    assert.match(await plinth(join(mine, "hosts"), "inventory"), /^ +cp1 +10\.27\.0\.11 +etcd, control-plane/m);
    assert.match(await plinth(mine, "explain", "w1", "kubeletConfig.address"), /10\.27\.0\.21/);
  });

  it("has a program that the engine takes as it is", async () => {
    const script = `console.log(typeof (await import(${JSON.stringify(pathToFileURL(join(mine, "index.ts")).href)})).default)`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script], { cwd: mine, env });
    assert.equal(stdout.trim(), "function");
  });

  it("says what is missing outside of it, and which commands are for a clone", async () => {
    await assert.rejects(plinth(folder, "inventory"), /There is no project here: neither .* `plinth init`/);
    await assert.rejects(plinth(mine, "test"), /`plinth test` needs Plinth's sources/);
  });

  it("is made in an empty folder, and nowhere else", async () => {
    await assert.rejects(plinth(mine, "init", "--yes"), (error: { code?: number; stderr?: string }) => {
      assert.equal(error.code, 2);
      assert.match(error.stderr ?? "", /"hosts" already, .*"index\.ts" already, /s);
      return true;
    });
    const other = join(folder, "other");
    await plinth(mine, "init", other, "--control-plane", "192.0.2.11", "--worker", "192.0.2.21,192.0.2.22", "--yes");
    assert.match(readFileSync(join(other, "hosts", "prod.ts"), "utf8"), /name: "w2", address: "192\.0\.2\.22"/);
    assert.match(readFileSync(join(other, "package.json"), "utf8"), /"plinth": "file:vendor\//);
  });
});
