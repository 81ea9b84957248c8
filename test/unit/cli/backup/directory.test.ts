import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdir, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { DirectoryStore } from "../../../../cli/backup/directory.ts";
import { bytesOf } from "../../../../cli/backup/seal.ts";
import type { StateSet } from "../../../../plan/backup/set.ts";

const set: StateSet = {
  format: 1,
  kind: "state",
  id: "20261129T210000Z-state-lab",
  time: "2026-11-29T21:00:00Z",
  cluster: "lab",
  clusterId: "0123456789abcdef",
  incarnation: 0,
  reason: "now",
  kubernetes: "1.36.3",
  etcd: "3.6.7",
  keys: { serviceAccounts: "a".repeat(64), encryption: "b".repeat(64) },
  project: "plinth",
  stack: "lab",
  sha256: "c".repeat(64),
};

describe("a directory of sets", () => {
  let folder = "";
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "plinth-sets-")), "sets");
  });
  afterEach(() => {
    rmSync(join(folder, ".."), { recursive: true });
  });

  it("lists and gives back what was written, readable by its owner alone", async () => {
    const store = new DirectoryStore(folder);
    await store.write(set, Readable.from([Buffer.from("sea"), Buffer.from("led")]));
    assert.deepEqual(await store.list(), [{ id: set.id, place: folder, set }]);
    const [copy] = await store.copies(set);
    assert.equal(copy?.place, folder);
    assert.equal((await bytesOf(await copy.read())).toString(), "sealed");
    assert.deepEqual(readdirSync(folder).sort(), [`${set.id}.age`, `${set.id}.json`]);
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  });

  it("has nothing of a set whose writing failed", async () => {
    const store = new DirectoryStore(folder);
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from("half");
        await Promise.resolve();
        throw new Error("the sealing failed");
      })(),
    );
    await assert.rejects(store.write(set, broken), /the sealing failed/);
    assert.deepEqual(await store.list(), []);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("tells of descriptions that cannot be read, and of one that was renamed", async () => {
    const store = new DirectoryStore(folder);
    await store.write(set, Readable.from([Buffer.from("x")]));
    writeFileSync(join(folder, "half.json"), "{");
    writeFileSync(join(folder, "other.json"), JSON.stringify(set));
    const listed = await store.list();
    assert.deepEqual(
      listed.map((one) => ("problem" in one ? one.problem : one.id)),
      [set.id, "the description of the set is not JSON", `it describes the set ${set.id}`],
    );
  });

  it("says what it cannot read", async () => {
    await assert.rejects(new DirectoryStore(folder).list(), /cannot be read \(ENOENT\)/);
    const [copy] = await new DirectoryStore(folder).copies({ id: "nothing" });
    await assert.rejects(async () => copy?.read(), /The set nothing cannot be read.*ENOENT/);
  });

  it("reads no more of a description than one has, and waits for none", async () => {
    const store = new DirectoryStore(folder);
    await store.write(set, Readable.from([Buffer.from("x")]));
    // A file of a gigabyte that takes no room.
    await truncate(join(folder, `${set.id}.json`), 2 ** 30);
    execFileSync("mkfifo", [join(folder, "pipe.json")]);
    const listed = await store.list();
    assert.deepEqual(
      listed.map((one) => ("problem" in one ? one.problem : one.id)),
      ["the description of the set is longer than 8192 characters", "pipe.json is no file"],
    );
  });

  it("waits for no sealed content that is no file", async () => {
    await mkdir(folder);
    execFileSync("mkfifo", [join(folder, "pipe.age")]);
    const [copy] = await new DirectoryStore(folder).copies({ id: "pipe" });
    await assert.rejects(
      async () => copy?.read(),
      /^CliError: The set pipe cannot be read from .*\(pipe\.age is no file\)/,
    );
  });

  it("is refused where it has more sets than can be listed", async () => {
    await mkdir(folder);
    for (const name of ["one", "two", "three"]) writeFileSync(join(folder, `${name}.json`), "");
    assert.equal((await new DirectoryStore(folder, 3).list()).length, 3);
    await assert.rejects(new DirectoryStore(folder, 2).list(), /sets: there are more than 2 sets/);
  });
});
