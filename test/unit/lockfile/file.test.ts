import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import {
  formatLock,
  lockBeyond,
  lockOver,
  ownLockFile,
  parseLock,
  readLock,
  readProjectLock,
  writeLock,
} from "../../../lockfile/file.ts";
import { emptyLock, type Lock } from "../../../lockfile/schema.ts";

const digest = fc.stringMatching(/^[0-9a-f]{64}$/);
const locks: fc.Arbitrary<Lock> = fc.record({
  format: fc.constant(1 as const),
  node: fc.dictionary(fc.stringMatching(/^node-[a-z0-9.-]{1,9}$/), digest),
  go: fc.constant({}),
  artifacts: fc.dictionary(fc.stringMatching(/^[a-z]{1,6}\/1\.2\.3\/linux-amd64$/), fc.record({ site: digest })),
  images: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), digest),
});

describe("the lock file's text", () => {
  it("is read as it was written, and does not depend on the order in which things were added", () => {
    fc.assert(
      fc.property(locks, (lock) => {
        const text = formatLock(lock);
        assert.equal(formatLock(parseLock(text, "x")), text);
        const turned = Object.fromEntries(Object.entries(lock.artifacts).reverse());
        assert.equal(formatLock({ ...lock, artifacts: turned }), text);
      }),
    );
  });

  it("is replaced as a whole, and counts as empty where there is none", async () => {
    const folder = await mkdtemp(join(tmpdir(), "plinth-lock-"));
    try {
      const path = join(folder, "plinth.lock.json");
      assert.deepEqual(readLock(path), emptyLock);
      await writeLock({ ...emptyLock, images: { web: "a".repeat(64) } }, path);
      assert.deepEqual(readLock(path).images, { web: "a".repeat(64) });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("is refused with all that is wrong", () => {
    assert.throws(
      () => parseLock('{"format":1,"node":{"npm-1":"x"},"go":{},"artifacts":{},"images":{"a":1},"more":2}', "the.json"),
      /^Error: the\.json is not valid: node\.npm-1: is no SHA-256.*; images\.a: .*; .*more.*\. Take it from git, or/,
    );
    assert.throws(() => parseLock("{", "the.json"), /^Error: the\.json is no JSON \(.*\)\. Take it from git/);
  });

  it("of the project is formatted as it is written", async () => {
    assert.equal(await readFile(ownLockFile, "utf8"), formatLock(readLock()));
  });
});

describe("the lock file of a project that has Plinth as a package", () => {
  it("holds what differs from Plinth's own, and over that gives the same", () => {
    fc.assert(
      fc.property(locks, locks, (own, over) => {
        const both = lockOver(own, over);
        assert.deepEqual(lockOver(own, lockBeyond(own, both)), both);
        assert.deepEqual(lockBeyond(own, own), emptyLock);
      }),
    );
  });

  it("counts where both have something, and leaves what only Plinth's own has", async () => {
    const folder = await mkdtemp(join(tmpdir(), "plinth-lock-"));
    try {
      const digest = "b".repeat(64);
      const [known = ""] = Object.keys(readLock().images);
      await writeLock({ ...emptyLock, images: { [known]: digest, other: digest } }, join(folder, "plinth.lock.json"));
      const { artifacts, images } = readProjectLock(folder);
      assert.deepEqual(images, { ...readLock().images, [known]: digest, other: digest });
      assert.deepEqual(artifacts, readLock().artifacts);
      assert.deepEqual(readProjectLock(join(folder, "without")), readLock());
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
