import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { recordFile, store } from "../../../artifacts/cache.ts";
import { goVersion } from "../../../artifacts/go.ts";
import { lockChanges, updatedLock } from "../../../artifacts/lockupdate.ts";
import { moduleSums } from "../../../artifacts/modulesums.ts";
import { ownPlatform } from "../../../artifacts/platform.ts";
import { readLock } from "../../../lockfile/file.ts";
import { defaultVersions, groupOf, groups } from "../../../artifacts/table.ts";
import { lockEntry, type Origin } from "../../../lockfile/judge.ts";
import { emptyLock } from "../../../lockfile/schema.ts";
import { Cleanup, sha256, testGroup } from "./support.ts";

describe("the lock file after an update", () => {
  const cleanup = new Cleanup();
  afterEach(() => cleanup.clean());

  it("has what is in the cache, says what changed, and is the same after another one", async () => {
    const cacheDir = await cleanup.folder();
    const moduleDir = await cleanup.folder();
    await writeFile(join(moduleDir, "go.mod"), "module x\n");
    const group = testGroup("one", ["alpha", "beta", "gamma"], "https://example.com", moduleDir);
    const table = [group, { ...testGroup("two", ["delta"], "https://example.com", moduleDir), c: {} as never }];
    const modules = await moduleSums(moduleDir);
    const put = async (name: string, origin: Origin): Promise<void> => {
      await writeFile(join(cacheDir, "put"), name);
      const key = { name, version: "1.2.3", platform: ownPlatform() };
      await store(cacheDir, key, join(cacheDir, "put"), "somewhere", origin);
    };
    await put("alpha", { kind: "build", go: goVersion, modules });
    await put("beta", { kind: "download", url: "https://example.com/beta.tgz", file: "b".repeat(64) });
    await put("delta", { kind: "build", go: goVersion, modules });
    await mkdir(join(cacheDir, "images"));
    await writeFile(join(cacheDir, "images", "web.tar"), "web");
    await recordFile(join(cacheDir, "images", "web.tar"), "here");
    const refs = ["alpha", "beta", "gamma", "delta"].map((name) => ({ name, version: "1.2.3" }));
    const update = { cacheDir, refs, images: ["web", "other"], site: true };

    const after = await updatedLock(emptyLock, update, table);
    const at = (name: string) => lockEntry(after, { name, version: "1.2.3", platform: ownPlatform() });
    assert.deepEqual(at("alpha"), { build: { modules, go: goVersion, sha256: sha256("alpha") } });
    assert.deepEqual(at("beta"), {
      build: { modules, go: goVersion },
      download: { url: "https://example.com/beta.tgz", file: "b".repeat(64), sha256: sha256("beta") },
    });
    assert.equal(at("gamma"), undefined);
    assert.deepEqual(at("delta"), { build: { modules, go: goVersion }, site: sha256("delta") });
    assert.deepEqual(after.images, { web: sha256("web") });
    assert.deepEqual(await updatedLock(after, update, table), after);

    const release = await updatedLock(emptyLock, { ...update, site: false }, table);
    assert.deepEqual(release.images, {});
    assert.deepEqual(lockChanges(release, after), [`+ images/web.tar`, `~ delta/1.2.3/${ownPlatform()}`]);
    assert.deepEqual(lockChanges(after, after), []);
  });
});

describe("the lock file of this release", () => {
  const lock = readLock();

  for (const group of groups) {
    it(`has the modules and the tool chain of ${group.name}${group.c === undefined ? ", and what they give" : ""}`, async () => {
      const modules = await moduleSums(group.moduleDir);
      for (const { name } of group.artifacts) {
        const entry = lockEntry(lock, { name, version: group.version, platform: "linux-amd64" });
        const { sha256: digest, ...build } = entry?.build ?? {};
        assert.deepEqual(build, { modules, go: goVersion }, `${name}: run ./plinth artifacts --update`);
        assert.equal(digest !== undefined, group.c === undefined, name);
      }
    });
  }

  it("has Go's tool chain for every platform that Plinth runs on", () => {
    const { modules = {}, programs = {} } = lock.go[goVersion] ?? {};
    const platforms = ["darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64"];
    assert.deepEqual([Object.keys(modules).sort(), Object.keys(programs).sort()], [platforms, platforms]);
  });

  it("names nothing that is not in the table", () => {
    for (const name of Object.keys(lock.artifacts)) {
      const [artifact = ""] = name.split("/");
      assert(artifact in defaultVersions, name);
      assert.equal(
        groupOf(artifact).artifacts.some((item) => item.name === artifact),
        true,
      );
    }
  });
});
