import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { type SourceContext } from "../../../../artifacts/context.ts";
import { Reachability } from "../../../../artifacts/http.ts";
import { makeIngredient, parseLibraries, recipeDigest } from "../../../../artifacts/images/ingredients.ts";
import { run } from "../../../../artifacts/run.ts";
import { emptyLock } from "../../../../lockfile/schema.ts";
import { Cleanup } from "../support.ts";

describe("the ingredients of images", () => {
  const cleanup = new Cleanup();
  let folder: string;
  let context: SourceContext;

  beforeEach(async () => {
    folder = await cleanup.folder();
    context = { cacheDir: folder, report: () => undefined, reachability: new Reachability(), lock: emptyLock };
  });

  afterEach(() => cleanup.clean());

  async function freePort(): Promise<string> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return port.toString();
  }

  it("have a web server that says who answered whom about what, and ends when asked", async function () {
    this.timeout(120_000);
    const { file: web, libraries } = await makeIngredient("web", folder, context);
    assert.deepEqual(libraries, []);
    const port = await freePort();
    const child = spawn(web, { env: { PORT: port }, stdio: ["ignore", "ignore", "pipe"] });
    cleanup.add(() => Promise.resolve(child.kill("SIGKILL")));
    const [line] = (await once(createInterface({ input: child.stderr }), "line")) as [string];
    const host = / (\S+) listens on port/.exec(line)?.[1] ?? "";
    const ask = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    // It says so right before it listens.
    let answer = "";
    for (let i = 0; i < 100 && answer === ""; i++) {
      answer = await ask("/a/b?c=d").catch(() => "");
      if (answer === "") await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(answer, `host=${host} path=/a/b client=127.0.0.1\n`);
    assert.equal(await ask("/healthz"), "ok\n");
    const client = (path: string) => run(web, ["get", "-timeout", "5s", `http://127.0.0.1:${port}${path}`]);
    assert.equal(await client("/by/client"), `host=${host} path=/by/client client=127.0.0.1\n`);
    await assert.rejects(run(web, ["get", "http://127.0.0.1:1/"]), /exit code 1: .*refused/);
    const ended = once(child, "close");
    child.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
  });

  it("have a wget with a limit of time", async () => {
    await writeFile(join(folder, "timeout"), '#!/bin/sh\nprintf "[%s] " "$1"\nshift\nexec "$@"\n', { mode: 0o755 });
    await writeFile(join(folder, "busybox"), '#!/bin/sh\nprintf "[%s]" "$@"\n', { mode: 0o755 });
    const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
    const script = join(import.meta.dirname, "../../../../artifacts/images/wget.sh");
    const wget = (...args: string[]) => run("sh", [script, ...args], { env });
    const rest = ["--header", "a: 'b\"$c", "http://x/?a=b&c"];
    for (const limit of [["-T", "3"], ["-T3"], ["--timeout=3"], ["--timeout", "3"]]) {
      assert.equal(
        await wget("-qO-", ...limit, ...rest),
        `[3] [wget][-qO-]${rest.map((word) => `[${word}]`).join("")}`,
      );
    }
    assert.equal(await wget("http://x/"), "[900] [wget][http://x/]");
  });

  it("have a pause that waits until it is asked to end", async function () {
    this.timeout(120_000);
    const { file: pause, libraries } = await makeIngredient("pause", folder, context);
    assert.deepEqual(libraries, []);
    const child = spawn(pause, { stdio: "ignore" });
    cleanup.add(() => Promise.resolve(child.kill("SIGKILL")));
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(child.exitCode, null);
    const ended = once(child, "close");
    child.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
  });

  it("are named after their sources", async () => {
    assert.notEqual(await recipeDigest("pause"), await recipeDigest("web"));
    assert.equal(await recipeDigest("web"), await recipeDigest("web"));
  });

  it("bring the libraries that they load", () => {
    const listing = [
      "\tlinux-vdso.so.1 (0x00007ffd2a9f0000)",
      "\tlibresolv.so.2 => /lib/x86_64-linux-gnu/libresolv.so.2 (0x00007f3c1c5b0000)",
      "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f3c1c3cf000)",
      "\t/lib64/ld-linux-x86-64.so.2 (0x00007f3c1c6c6000)",
      "",
    ];
    assert.deepEqual(parseLibraries(listing.join("\n")), [
      "/lib/x86_64-linux-gnu/libc.so.6",
      "/lib/x86_64-linux-gnu/libresolv.so.2",
      "/lib64/ld-linux-x86-64.so.2",
    ]);
    assert.deepEqual(parseLibraries("\tstatically linked\n"), []);
    assert.throws(() => parseLibraries("\tlibx.so.1 => not found\n"), /the library libx\.so\.1 is not there/);
  });
});
