import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, mkdir, readFile, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { store } from "../../../artifacts/cache.ts";
import { type SourceContext, type Wanted } from "../../../artifacts/context.ts";
import { createEnsure, type EnsureArtifacts, type EnsureOptions } from "../../../artifacts/ensure.ts";
import { Reachability } from "../../../artifacts/http.ts";
import { ownPlatform } from "../../../artifacts/platform.ts";
import { type ArtifactGroup } from "../../../artifacts/table.ts";
import { emptyLock } from "../../../lockfile/schema.ts";
import { Cleanup, sha256, Site, testGroup, tool } from "./support.ts";

describe("ensureArtifacts", () => {
  const cleanup = new Cleanup();
  let site: Site;
  let cacheDir: string;
  let lines: string[];
  let built: string[];
  let options: EnsureOptions;

  beforeEach(async () => {
    site = await new Site().start(cleanup);
    cacheDir = await cleanup.folder();
    lines = [];
    built = [];
    options = { cacheDir, onProgress: (line) => lines.push(line), mirror: "", lock: emptyLock };
  });

  afterEach(() => cleanup.clean());

  /** Stands in for the Go build: stores scripts and remembers what was asked for. */
  async function build(wanted: Wanted, context: SourceContext): Promise<void> {
    const { names, version, platform, group } = wanted;
    built.push(`${group.name} ${names.join(",")}`);
    for (const name of names) {
      const file = join(context.cacheDir, `${name}.built`);
      await writeFile(file, tool(version));
      await store(context.cacheDir, { name, version, platform }, file, "built");
    }
  }

  /** @param timeoutMs for a site that never answers; those that do may be slow on a busy machine. */
  const ensureWith = (groups: readonly ArtifactGroup[], timeoutMs?: number): EnsureArtifacts =>
    createEnsure({ groups, reachability: new Reachability(timeoutMs), build });

  it("downloads, verifies, makes executable and records the digest", async () => {
    site.publish("/1.2.3/alpha", tool("1.2.3"));
    const paths = await ensureWith([testGroup("one", ["alpha"], site.url)])(
      [{ name: "alpha", version: "1.2.3" }],
      options,
    );
    const path = paths.get("alpha") ?? "";
    assert.match(path, /\/alpha\/1\.2\.3\/linux-(amd64|arm64)\/alpha$/);
    assert.equal((await stat(path)).mode & 0o777, 0o755);
    const record = JSON.parse(await readFile(`${path}.json`, "utf8")) as Record<string, unknown>;
    assert.equal(record["sha256"], sha256(tool("1.2.3")));
    assert.equal(record["source"], `${site.url}/1.2.3/alpha`);
    assert.deepEqual(built, []);
    assert.match(lines[0] ?? "", /^one 1\.2\.3: downloading alpha from the official site \(127\.0\.0\.1:\d+\)$/);
    assert.match(lines[1] ?? "", /^one 1\.2\.3: alpha \(1 KiB\) from the official site in \d+ s, checksum verified$/);
  });

  it("asks nobody and says nothing when the cache has it", async () => {
    site.publish("/1.2.3/alpha", tool("1.2.3"));
    const ensure = ensureWith([testGroup("one", ["alpha"], site.url)]);
    await ensure([{ name: "alpha", version: "1.2.3" }], options);
    const asked = site.log.length;
    lines = [];
    await ensure([{ name: "alpha", version: "1.2.3" }], options);
    assert.equal(site.log.length, asked);
    assert.deepEqual(lines, []);
  });

  it("takes the mirror before the official site, by http:// what is locked", async () => {
    const mirror = await new Site().start(cleanup);
    const groups = [testGroup("one", ["alpha"], site.url)];
    site.publish("/1.2.3/alpha", tool("1.2.3"));
    const platform = ownPlatform();
    const entry = `alpha/1.2.3/${platform}/alpha`;
    mirror.files.set(`/m/${entry}`, Buffer.from(tool("1.2.3")));
    mirror.files.set(
      "/m/SHA256SUMS",
      Buffer.from(`${sha256("x")}  other/1/x/other\n${sha256(tool("1.2.3"))}  ${entry}\n`),
    );
    await ensureWith(groups)([{ name: "alpha", version: "1.2.3" }], {
      ...options,
      mirror: `${mirror.url}/m/`,
      lock: { ...emptyLock, artifacts: { [`alpha/1.2.3/${platform}`]: { site: sha256(tool("1.2.3")) } } },
    });
    assert.equal(mirror.count(`/m/${entry}`), 1);
    assert.equal(site.log.filter((line) => line.startsWith("GET")).length, 0);
  });

  it("builds when the official site has no such file, and says why", async () => {
    await ensureWith([testGroup("one", ["alpha", "beta"], site.url)])(
      [
        { name: "alpha", version: "1.2.3" },
        { name: "beta", version: "1.2.3" },
      ],
      options,
    );
    assert.deepEqual(built, ["one alpha,beta"]);
    assert.match(lines.join("\n"), /alpha\.sha256 answered 404 Not Found, trying the next source/);
  });

  it("leaves nothing of a file with a wrong checksum, and takes the next source", async () => {
    site.publish("/1.2.3/alpha", "tampered", sha256(tool("1.2.3")));
    const paths = await ensureWith([testGroup("one", ["alpha"], site.url)])(
      [{ name: "alpha", version: "1.2.3" }],
      options,
    );
    assert.deepEqual(built, ["one alpha"]);
    assert.equal(await readFile(paths.get("alpha") ?? "", "utf8"), tool("1.2.3"));
    assert.match(lines.join("\n"), /has the SHA-256 [0-9a-f]{64}, but [0-9a-f]{64} is published: dropped/);
    assert.deepEqual(await readdir(join(cacheDir, ".partial")), []);
  });

  it("takes several artifacts out of one archive, downloaded once", async () => {
    const folder = await cleanup.folder();
    await mkdir(join(folder, "rel", "bin"), { recursive: true });
    for (const name of ["alpha", "beta", "gamma"]) await writeFile(join(folder, "rel", "bin", name), tool(name));
    await promisify(execFile)("tar", ["-czf", join(folder, "rel.tar.gz"), "-C", folder, "rel"]);
    const archive = await readFile(join(folder, "rel.tar.gz"));
    site.files.set("/rel.tar.gz", archive);
    site.files.set("/SUMS", Buffer.from(`${sha256("no")}  other.tar.gz\n${sha256(archive)} *rel.tar.gz\n`));
    const group: ArtifactGroup = {
      ...testGroup("one", ["alpha", "beta", "gamma"], site.url),
      download: () => ({
        url: `${site.url}/rel.tar.gz`,
        checksums: `${site.url}/SUMS`,
        provides: { alpha: "rel/bin/alpha", beta: "rel/bin/beta", gamma: "rel/bin/gamma" },
      }),
    };
    const refs = ["alpha", "gamma"].map((name) => ({ name, version: "1.2.3" }));
    const paths = await ensureWith([group])(refs, options);
    assert.deepEqual([...paths.keys()], ["alpha", "gamma"]);
    assert.equal(await readFile(paths.get("gamma") ?? "", "utf8"), tool("gamma"));
    assert.equal(site.count("/rel.tar.gz"), 1);
    assert.deepEqual(await readdir(join(cacheDir, ".partial")), []);
  });

  it("does one download for two calls at the same time; the second says whom it waits for", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    site.publish("/1.2.3/alpha", tool("1.2.3"));
    site.files.set("/1.2.3/alpha", (_request, response) => {
      void gate.then(() => response.end(tool("1.2.3")));
    });
    const groups = [testGroup("one", ["alpha"], site.url)];
    const onProgress = (line: string): void => {
      lines.push(line);
      if (line.includes("waiting for")) release();
    };
    const call = () => ensureWith(groups)([{ name: "alpha", version: "1.2.3" }], { ...options, onProgress });
    const [first, second] = await Promise.all([call(), call()]);
    assert.deepEqual(first, second);
    assert.equal(site.count("/1.2.3/alpha"), 1);
    assert.match(lines.join("\n"), /one 1\.2\.3: waiting for (process \d+|another process), which is getting it/);
  });

  it("pays for a site that does not answer once, not once per artifact", async () => {
    let connections = 0;
    const silent = createServer((socket) => {
      connections++;
      socket.resume();
    });
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    cleanup.add(() => new Promise((resolve) => silent.close(resolve)));
    const address = silent.address();
    assert(address !== null && typeof address === "object");
    const url = `http://127.0.0.1:${address.port.toString()}`;
    const names = ["alpha", "beta", "gamma", "delta"];
    const groups = names.map((name) => testGroup(`g-${name}`, [name], url));
    await ensureWith(groups, 300)(
      names.map((name) => ({ name, version: "1.2.3" })),
      options,
    );
    assert.equal(connections, 1);
    assert.deepEqual(
      built,
      names.map((name) => `g-${name} ${name}`),
      "builds run in the table's order",
    );
    assert.match(
      lines[0] ?? "",
      /^g-alpha 1\.2\.3: 127\.0\.0\.1:\d+ is not reachable \(.*did not answer within 0\.3 s\), trying the next source$/,
    );
  });

  it("fetches a file again that was damaged in the cache", async () => {
    site.publish("/1.2.3/alpha", tool("1.2.3"));
    const ensure = ensureWith([testGroup("one", ["alpha"], site.url)]);
    const ref = { name: "alpha", version: "1.2.3" };
    const path = (await ensure([ref], options)).get("alpha") ?? "";
    await writeFile(path, "flipped");
    await ensure([ref], options);
    assert.equal(await readFile(path, "utf8"), tool("1.2.3"));
    assert.equal(site.count("/1.2.3/alpha"), 2);
    // Touched but not changed: hashed again, not fetched again.
    await utimes(path, new Date(0), new Date(0));
    await ensure([ref], options);
    assert.equal(site.count("/1.2.3/alpha"), 2);
  });

  it("takes an executable on PATH that is new enough, where the group allows it", async () => {
    const bin = await cleanup.folder();
    const before = process.env["PATH"];
    cleanup.add(() => {
      process.env["PATH"] = before;
      return Promise.resolve();
    });
    process.env["PATH"] = `${bin}:${before ?? ""}`;
    await writeFile(join(bin, "alpha"), tool("1.10.0"), { mode: 0o755 });
    site.publish("/1.11.0/alpha", tool("1.11.0"));
    const ensure = ensureWith([{ ...testGroup("one", ["alpha"], site.url), fromPath: true }]);
    assert.equal((await ensure([{ name: "alpha", version: "1.9.9" }], options)).get("alpha"), join(bin, "alpha"));
    assert.deepEqual(site.log, []);
    const newer = (await ensure([{ name: "alpha", version: "1.11.0" }], options)).get("alpha") ?? "";
    assert(newer.startsWith(cacheDir));
  });

  it("lists what was tried when nothing worked", async () => {
    const ensure = createEnsure({
      groups: [testGroup("one", ["alpha"], site.url)],
      reachability: new Reachability(),
      build: () => Promise.reject(new Error("the Go build failed:\n no space left")),
    });
    await assert.rejects(ensure([{ name: "alpha", version: "1.2.3" }], options), {
      name: "ArtifactError",
      message: new RegExp(
        `^alpha 1\\.2\\.3 for linux-(amd64|arm64) could not be had: ${site.url}/1\\.2\\.3/alpha\\.sha256 answered 404 Not Found; the Go build failed:; no space left\\.$`,
      ),
    });
  });

  it("stops at once when told to", async () => {
    const abort = new AbortController();
    site.publish("/1.2.3/alpha", tool("1.2.3"));
    site.files.set("/1.2.3/alpha", () => {
      abort.abort(new Error("interrupted"));
    });
    const call = ensureWith([testGroup("one", ["alpha"], site.url)])([{ name: "alpha", version: "1.2.3" }], {
      ...options,
      signal: abort.signal,
    });
    await assert.rejects(call, /interrupted/);
    assert.deepEqual(built, []);
    await assert.rejects(access(join(cacheDir, "alpha")));
  });

  for (const [title, refs, message] of [
    ["an unknown name", [{ name: "omega", version: "1.2.3" }], /There is no artifact "omega"; known are alpha, beta\./],
    [
      "a version with v",
      [{ name: "alpha", version: "v1.2.3" }],
      /"v1\.2\.3" is no version of alpha; write it like 1\.2\.3\./,
    ],
    ["a path as version", [{ name: "alpha", version: "../1" }], /is no version of alpha/],
    [
      "two versions of one artifact",
      [
        { name: "alpha", version: "1.2.3" },
        { name: "alpha", version: "1.2.4" },
      ],
      /alpha is asked for twice, as 1\.2\.3 \S+ and as 1\.2\.4 \S+; ask for one at a time\./,
    ],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const ensure = ensureWith([testGroup("one", ["alpha", "beta"], site.url)]);
      await assert.rejects(ensure(refs, options), { name: "ArtifactError", message });
    });
  }
});
