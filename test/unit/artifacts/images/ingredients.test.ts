import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { type SourceContext } from "../../../../artifacts/context.ts";
import { Reachability } from "../../../../artifacts/http.ts";
import { isStatic, makeIngredient, recipeDigest } from "../../../../artifacts/images/ingredients.ts";
import { Cleanup } from "../support.ts";

describe("the ingredients of images", () => {
  const cleanup = new Cleanup();
  let folder: string;
  let context: SourceContext;

  beforeEach(async () => {
    folder = await cleanup.folder();
    context = { cacheDir: folder, report: () => undefined, reachability: new Reachability() };
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
    const web = await makeIngredient("web", folder, context);
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
    const ended = once(child, "close");
    child.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
  });

  it("have a pause that waits until it is asked to end", async function () {
    this.timeout(120_000);
    const pause = await makeIngredient("pause", folder, context);
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

  it("are static executables", async () => {
    const header = (type: number): Buffer => {
      const data = Buffer.alloc(128);
      data.write("\x7fELF\x02", "latin1");
      data.writeBigUInt64LE(64n, 32);
      data.writeUInt16LE(56, 54);
      data.writeUInt16LE(1, 56);
      data.writeUInt32LE(type, 64);
      return data;
    };
    const judge = async (name: string, data: Buffer | string): Promise<boolean> => {
      await writeFile(join(folder, name), data);
      return isStatic(join(folder, name));
    };
    assert.equal(await judge("static", header(1)), true);
    assert.equal(await judge("dynamic", header(3)), false);
    assert.equal(await judge("script", "#!/bin/sh\n"), false);
    assert.equal(await judge("short", "\x7fELF"), false);
    assert.equal(await isStatic(join(folder, "missing")), false);
  });
});
