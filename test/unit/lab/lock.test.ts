import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "../../../lab/lock.ts";

describe("lab: lock", () => {
  let directory: string;
  let file: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "plinth-lock-"));
    file = join(directory, "sub", "lab.lock");
  });
  after(() => rm(directory, { recursive: true }));

  it("lets one in at a time and passes results and errors on", async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<number> => {
      most = Math.max(most, ++inside);
      await new Promise((done) => setImmediate(done));
      return inside--;
    };
    assert.deepEqual(await Promise.all([withLock(file, work), withLock(file, work), withLock(file, work)]), [1, 1, 1]);
    assert.equal(most, 1);
    await assert.rejects(
      withLock(file, () => Promise.reject(new Error("inside"))),
      /inside/,
    );
    assert.equal(await withLock(file, () => Promise.resolve("free again")), "free again");
  });

  it("is free again after its holder was killed, and says meanwhile whom it waits for", async () => {
    const module = join(import.meta.dirname, "../../../lab/lock.ts");
    const script = `import { withLock } from ${JSON.stringify(module)};
      await withLock(${JSON.stringify(file)}, async () => { console.log("held"); await new Promise((done) => setTimeout(done, 1e6)); });`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(holder.stdout, "data");
    const told: string[] = [];
    const got = withLock(
      file,
      () => Promise.resolve("mine"),
      (line) => {
        told.push(line);
        holder.kill("SIGKILL");
      },
    );
    assert.equal(await got, "mine");
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", new RegExp(`process ${holder.pid ?? 0}\\b`));
  }).timeout(20_000);
});
