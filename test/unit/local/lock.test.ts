import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../../../local/lock.ts";
import { Cleanup } from "../artifacts/support.ts";

describe("a lock between processes", () => {
  const cleanup = new Cleanup();

  afterEach(() => cleanup.clean());

  it("lets one in at a time and returns what the work returns", async () => {
    const file = join(await cleanup.folder(), "deep", "lock");
    let inside = 0;
    const enter = (value: number): Promise<number> =>
      withLock(
        file,
        () => undefined,
        async () => {
          assert.equal(++inside, 1);
          await new Promise(setImmediate);
          inside--;
          return value;
        },
      );
    assert.deepEqual(await Promise.all([enter(1), enter(2), enter(3)]), [1, 2, 3]);
  });

  it("is free again after the work failed", async () => {
    const file = join(await cleanup.folder(), "lock");
    const waits: string[] = [];
    const wait = (holder: string): void => void waits.push(holder);
    await assert.rejects(
      withLock(file, wait, () => Promise.reject(new Error("no luck"))),
      /no luck/,
    );
    await withLock(file, wait, () => Promise.resolve());
    assert.deepEqual(waits, []);
  });

  it("names the process that holds it, and takes it over when that one is killed", async () => {
    const file = join(await cleanup.folder(), "lock");
    const module = join(import.meta.dirname, "../../../local/lock.ts");
    const code = `import { withLock } from ${JSON.stringify(module)};
      await withLock(${JSON.stringify(file)}, () => {}, () => new Promise(() => { console.log("held"); setInterval(() => {}, 1000); }));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    let waitedFor = "";
    const result = await withLock(
      file,
      (holder) => {
        waitedFor = holder;
        child.kill("SIGKILL");
      },
      () => Promise.resolve("mine"),
    );
    assert.equal(result, "mine");
    assert.equal(waitedFor, `process ${String(child.pid)}`);
  });

  it("is for this user alone, also where an earlier release has made it for all to read: who reads it could hold it", async () => {
    const file = join(await cleanup.folder(), "lock");
    await writeFile(file, "", { mode: 0o644 });
    await chmod(file, 0o644);
    const mode = await withLock(
      file,
      () => undefined,
      async () => (await stat(file)).mode & 0o777,
    );
    assert.equal(mode, 0o600);
  });

  it("is given up after a while, with who holds it", async () => {
    const file = join(await cleanup.folder(), "lock");
    const inner = (): Promise<void> =>
      withLock(
        file,
        () => undefined,
        () => Promise.resolve(),
        1,
      );
    await assert.rejects(
      withLock(file, () => undefined, inner),
      new RegExp(`^Error: process ${process.pid} has held .* for more than 1 s; end it`),
    );
  });
});
