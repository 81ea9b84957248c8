import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { store } from "../../../artifacts/cache.ts";
import { storeChecked } from "../../../artifacts/checked.ts";
import { createEnsure, type EnsureArtifacts, type EnsureOptions } from "../../../artifacts/ensure.ts";
import { Reachability } from "../../../artifacts/http.ts";
import { ownPlatform } from "../../../artifacts/platform.ts";
import { type ArtifactGroup } from "../../../artifacts/table.ts";
import { type Origin } from "../../../lockfile/judge.ts";
import { emptyLock, type Lock, type LockEntry } from "../../../lockfile/schema.ts";
import { Cleanup, sha256, Site, testGroup, tool } from "./support.ts";

const genuine = tool("1.2.3");
const other = `${genuine}# and something else\n`;
const modules = "c".repeat(64);
const ref = { name: "alpha", version: "1.2.3" };
const key = { ...ref, platform: ownPlatform() };
const path = `alpha/1.2.3/${ownPlatform()}/alpha`;

const locking = (entry: LockEntry): Lock => ({
  ...emptyLock,
  artifacts: { [`alpha/1.2.3/${ownPlatform()}`]: entry },
});

describe("the lock file", () => {
  const cleanup = new Cleanup();
  let official: Site;
  let mirror: Site;
  let cacheDir: string;
  let lines: string[];
  /** What builds make, and whether one was made. */
  let product: string;
  let builds: number;

  beforeEach(async () => {
    official = await new Site().start(cleanup);
    mirror = await new Site().start(cleanup);
    cacheDir = await cleanup.folder();
    lines = [];
    product = genuine;
    builds = 0;
  });

  afterEach(() => cleanup.clean());

  const ensureWith = (group: ArtifactGroup, origin: Origin): EnsureArtifacts =>
    createEnsure({
      groups: [group],
      reachability: new Reachability(),
      build: async (_wanted, context) => {
        builds++;
        const file = join(context.cacheDir, "built");
        await writeFile(file, product);
        await storeChecked(context, key, file, "a build", origin);
      },
    });

  const get = async (
    lock: Lock,
    options: EnsureOptions = {},
    origin: Origin = { kind: "build", go: "1.26.8", modules },
  ) =>
    (
      await ensureWith(testGroup("one", ["alpha"], official.url), origin)([ref], {
        ...{ cacheDir, lock, mirror: "", onProgress: (line) => lines.push(line) },
        ...options,
      })
    ).get("alpha") ?? "";

  const serve = (content: string): void => {
    mirror.files.set(`/${path}`, Buffer.from(content));
    mirror.files.set("/SHA256SUMS", Buffer.from(`${sha256(content)}  ${path}\n`));
  };

  const nothingIsCached = () => assert.rejects(access(join(cacheDir, path)));

  it("refuses another binary of a mirror whose sums match it, before anything is fetched", async () => {
    serve(other);
    const lock = locking({ build: { modules, go: "1.26.8", sha256: sha256(genuine) } });
    const found = await get(lock, { mirror: mirror.url });
    assert.equal(await readFile(found, "utf8"), genuine);
    assert.equal(builds, 1);
    assert.equal(mirror.count(`/${path}`), 0);
    assert(
      lines.some((line) =>
        line.includes(
          `alpha 1.2.3: ${mirror.url}/${path} has the SHA-256 ${sha256(other)} there, and plinth.lock.json has ${sha256(genuine)}: ` +
            "find out which one is right, and if it is the new one, run ./plinth artifacts --update",
        ),
      ),
      lines.join("\n"),
    );
  });

  it("refuses it too where nothing else works, and keeps nothing", async () => {
    serve(other);
    product = other;
    const lock = locking({ build: { modules, go: "1.26.8", sha256: sha256(genuine) } });
    await assert.rejects(get(lock, { mirror: mirror.url }), {
      name: "ArtifactError",
      message: /could not be had: .* there, and plinth\.lock\.json has .*; .* nothing of it was kept\.$/,
    });
    await nothingIsCached();
    assert.deepEqual(await readdir(join(cacheDir, ".partial")).catch(() => []), []);
  });

  for (const [title, entry] of [
    ["build", { build: { modules, go: "1.26.8", sha256: sha256(genuine) } }],
    ["download", { download: { url: "https://example.com/alpha", sha256: sha256(genuine) } }],
    ["site's own", { site: sha256(genuine) }],
  ] as const) {
    it(`takes the digest of the ${title} from a mirror by http://`, async () => {
      serve(genuine);
      await get(locking(entry), { mirror: mirror.url });
      assert.equal(mirror.count(`/${path}`), 1);
      assert.equal(builds, 0);
    });
  }

  it("asks a mirror by http:// for nothing that is not locked", async () => {
    serve(genuine);
    const build = { modules, go: "1.26.8" };
    for (const lock of [emptyLock, locking({ build })]) {
      await get(lock, { mirror: mirror.url, cacheDir: await cleanup.folder() });
    }
    assert.equal(builds, 2);
    assert.equal(mirror.log.filter((line) => line.startsWith("GET")).length, 0);
    assert.match(
      lines.join("\n"),
      /nothing protects http:\/\/ and plinth\.lock\.json has no digest of it: use https:\/\//,
    );
  });

  it("refuses another file of the official site, although its checksum is published there", async () => {
    official.publish("/1.2.3/alpha", other);
    await get(locking({ download: { url: `${official.url}/1.2.3/alpha`, sha256: sha256(genuine) } }));
    assert.equal(builds, 1);
    assert.equal(official.count("/1.2.3/alpha"), 0);
  });

  it("does not refuse a download because a build is locked: the first one is trusted", async () => {
    official.publish("/1.2.3/alpha", other);
    const found = await get(locking({ build: { modules, go: "1.26.8", sha256: sha256(genuine) } }));
    assert.equal(await readFile(found, "utf8"), other);
  });

  it("knows an archive by its own digest, and by what is in it", async () => {
    const folder = await cleanup.folder();
    const archiveOf = async (content: string): Promise<Buffer> => {
      await mkdir(join(folder, "rel"), { recursive: true });
      await writeFile(join(folder, "rel", "alpha"), content);
      await promisify(execFile)("tar", ["-czf", join(folder, "rel.tar.gz"), "-C", folder, "rel"]);
      return await readFile(join(folder, "rel.tar.gz"));
    };
    const publish = (archive: Buffer): void => {
      official.files.set("/rel.tar.gz", archive);
      official.files.set("/SUMS", Buffer.from(`${sha256(archive)}  rel.tar.gz\n`));
    };
    const url = `${official.url}/rel.tar.gz`;
    const group: ArtifactGroup = {
      ...testGroup("one", ["alpha"], official.url),
      download: () => ({ url, checksums: `${official.url}/SUMS`, provides: { alpha: "rel/alpha" } }),
    };
    const ensure = ensureWith(group, { kind: "build" });
    const options = async (lock: Lock) => ({ lock, mirror: "", cacheDir: await cleanup.folder() });
    const right = await archiveOf(genuine);
    publish(right);
    const file = sha256(right);
    const paths = await ensure([ref], await options(locking({ download: { url, file, sha256: sha256(genuine) } })));
    const record = JSON.parse(await readFile(`${paths.get("alpha") ?? ""}.json`, "utf8")) as { origin: unknown };
    assert.deepEqual(record.origin, { kind: "download", url, file });
    publish(await archiveOf(other));
    await ensure([ref], await options(locking({ download: { url, file, sha256: sha256(genuine) } })));
    await ensure([ref], await options(locking({ download: { url, sha256: sha256(genuine) } })));
    assert.equal(builds, 2);
  });

  it("compares a build only with the same build: another tool chain or other modules may give other bytes", async () => {
    product = other;
    const lock = locking({ build: { modules, go: "1.26.8", sha256: sha256(genuine) } });
    for (const origin of [
      { kind: "build", modules },
      { kind: "build", go: "1.26.8", modules: "d".repeat(64) },
    ] as const) {
      const found = await get(lock, { cacheDir: await cleanup.folder() }, origin);
      assert.equal(await readFile(found, "utf8"), other);
    }
    await assert.rejects(get(lock), /alpha 1\.2\.3 for \S+, built here of the locked modules, has the SHA-256/);
    await nothingIsCached();
  });

  it("lets any machine build what has parts in C, until a site has locked its own", async () => {
    product = other;
    const build = { modules, go: "1.26.8" };
    await get(locking({ build }));
    const site = locking({ build, site: sha256(genuine) });
    await assert.rejects(get(site), /alpha 1\.2\.3 for \S+, built here, .* which all hosts of this site get: take it/);
    assert.equal(builds, 1, "it would be built the same again");
    serve(genuine);
    assert.equal(await readFile(await get(site, { mirror: mirror.url }), "utf8"), genuine);
  });

  it("drops from the cache what the lock file refuses, and gets it anew", async () => {
    const put = async (content: string, source: string): Promise<void> => {
      await writeFile(join(cacheDir, "put"), content);
      await store(cacheDir, key, join(cacheDir, "put"), source);
    };
    const lock = locking({ build: { modules, go: "1.26.8", sha256: sha256(genuine) } });
    await put(other, `http://mirror.example.com/${path}`);
    assert.equal(await readFile(await get(lock), "utf8"), genuine);
    assert.match(lines.join("\n"), /alpha 1\.2\.3 for \S+ from http:\/\/mirror.* it was dropped from the cache$/m);
    await put(other, "Go package example.com/one, version 1.2.3, built with go 1.26.8");
    assert.equal(await readFile(await get(lock), "utf8"), other, "what earlier releases built goes on being used");
    await put(other, `${official.url}/1.2.3/alpha`);
    assert.equal(await readFile(await get(lock), "utf8"), other, "and so does what they downloaded");
    assert.equal(builds, 1);
  });
});
