import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { recordFile, store } from "../../../artifacts/cache.ts";
import { listScripts, scriptPath, storeScripts } from "../../../artifacts/scripts.ts";
import { parseRange, serveArtifacts, type ArtifactServer } from "../../../artifacts/serve.ts";
import { Cleanup, sha256 } from "./support.ts";

describe("serveArtifacts", () => {
  const cleanup = new Cleanup();
  const data = "kubelet bytes ".repeat(10_000);
  const path = "/kubelet/1.36.3/linux-amd64/kubelet";
  let cacheDir: string;
  let server: ArtifactServer;

  beforeEach(async () => {
    cacheDir = await cleanup.folder();
    await writeFile(join(cacheDir, "new"), data);
    await store(
      cacheDir,
      { name: "kubelet", version: "1.36.3", platform: "linux-amd64" },
      join(cacheDir, "new"),
      "test",
    );
    server = await serveArtifacts({ host: "127.0.0.1", port: 0, cacheDir });
    cleanup.add(() => server.close());
  });

  afterEach(() => cleanup.clean());

  /** Sends the path as it is, which fetch() would normalize. */
  function raw(path: string): Promise<number | undefined> {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve, reject) => {
      httpRequest({ hostname, port, path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .once("error", reject)
        .end();
    });
  }

  it("serves a file with its length and digest", async () => {
    const response = await fetch(server.url + path);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-length"), String(data.length));
    assert.equal(response.headers.get("etag"), `"${sha256(data)}"`);
    assert.equal(await response.text(), data);
  });

  it("serves archives of images whose digest is recorded", async () => {
    await mkdir(join(cacheDir, "images"));
    await writeFile(join(cacheDir, "images", "web.tar"), "an archive");
    await writeFile(join(cacheDir, "images", "secret.tar"), "not recorded");
    await recordFile(join(cacheDir, "images", "web.tar"), "test");
    const response = await fetch(`${server.url}/images/web.tar`);
    assert.equal(response.headers.get("etag"), `"${sha256("an archive")}"`);
    assert.equal(await response.text(), "an archive");
    assert.equal(await raw("/images/secret.tar"), 404);
    assert.equal(await raw("/images/web.tar.json"), 404);
    assert.equal(await raw("/images/..%2fweb.tar"), 404);
    const sums = await (await fetch(`${server.url}/SHA256SUMS`)).text();
    assert.deepEqual(sums.trim().split("\n"), [
      `${sha256(data)}  ${path.slice(1)}`,
      `${sha256("an archive")}  images/web.tar`,
    ]);
    // One that was replaced is not served under the old digest, and not removed either: it is the operator's.
    await writeFile(join(cacheDir, "images", "web.tar"), "another archive");
    assert.equal(await raw("/images/web.tar"), 404);
    assert.equal(await readFile(join(cacheDir, "images", "web.tar"), "utf8"), "another archive");
  });

  it("serves scripts by their digests, and only what is what its name says", async () => {
    const script = { name: "plinth-host", content: "#!/bin/sh\n", sha256: sha256("#!/bin/sh\n") };
    await storeScripts(cacheDir, [script]);
    const at = `/${scriptPath(script)}`;
    assert.equal(await (await fetch(server.url + at)).text(), script.content);
    const sums = await (await fetch(`${server.url}/SHA256SUMS`)).text();
    assert.ok(sums.includes(`${script.sha256}  scripts/plinth-host/${script.sha256}\n`));
    await writeFile(join(cacheDir, scriptPath(script)), "#!/bin/sh\necho other\n");
    assert.equal(await raw(at), 404);
    // What was spoilt is put right by the next run that needs it.
    await storeScripts(cacheDir, [script]);
    assert.equal(await raw(at), 200);
  });

  it("keeps the scripts of so many releases as a review has use for", async () => {
    const scripts = Array.from({ length: 60 }, (_, n) => ({
      content: `echo ${n}`,
      sha256: sha256(`echo ${n}`),
      name: "tool",
    }));
    await storeScripts(cacheDir, scripts);
    const kept = (await listScripts(cacheDir)).map((script) => script.sha256);
    assert.equal(kept.length, 50);
    assert.ok(kept.includes(scripts.at(-1)?.sha256 ?? ""));
  });

  it("answers HEAD without a body", async () => {
    const response = await fetch(server.url + path, { method: "HEAD" });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-length"), String(data.length));
    assert.equal(await response.text(), "");
  });

  it("serves one range, so that hosts can resume", async () => {
    const get = (range: string, more = {}) => fetch(server.url + path, { headers: { range, ...more } });
    const rest = await get("bytes=100-");
    assert.equal(rest.status, 206);
    assert.equal(rest.headers.get("content-range"), `bytes 100-${String(data.length - 1)}/${String(data.length)}`);
    assert.equal(await rest.text(), data.slice(100));
    assert.equal(await (await get("bytes=5-9")).text(), data.slice(5, 10));
    assert.equal(await (await get("bytes=-3")).text(), data.slice(-3));
    assert.equal((await get(`bytes=${String(data.length)}-`)).status, 416);
    assert.equal((await get("bytes=1-2", { "if-range": '"another"' })).status, 200);
  });

  it("lists the digests of what there is", async () => {
    const response = await fetch(`${server.url}/SHA256SUMS`);
    assert.equal(await response.text(), `${sha256(data)}  kubelet/1.36.3/linux-amd64/kubelet\n`);
  });

  it("serves nothing else", async () => {
    await writeFile(join(cacheDir, "secret"), "secret");
    await mkdir(join(cacheDir, "etcd", "3.6.14", "linux-amd64"), { recursive: true });
    await writeFile(join(cacheDir, "etcd", "3.6.14", "linux-amd64", "etcd"), "no record of a digest");
    for (const other of [
      "/",
      "/secret",
      `${path}.json`,
      "/kubelet/1.36.3/linux-amd64/",
      "/kubelet/1.36.3/linux-amd64",
      "/kubelet/../kubelet/linux-amd64/kubelet",
      "/../../etc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "/../1.36.3/linux-amd64/..",
      `/${path}`,
      `${path}/x`,
      "/etcd/3.6.14/linux-amd64/etcd",
    ]) {
      assert.equal(await raw(other), 404, other);
    }
    assert.equal((await fetch(server.url + path, { method: "PUT", body: "x" })).status, 405);
  });

  it("does not serve a file that was changed behind its back", async () => {
    await writeFile(join(cacheDir, path), "flipped");
    assert.equal((await fetch(server.url + path)).status, 404);
  });

  it("says so when the port is taken or the address is not ours", async () => {
    const port = Number(new URL(server.url).port);
    await assert.rejects(serveArtifacts({ host: "127.0.0.1", port, cacheDir }), {
      name: "ArtifactError",
      message: /^Artifacts cannot be served on 127\.0\.0\.1 port \d+: it is taken; is another run serving/,
    });
    await assert.rejects(
      serveArtifacts({ host: "192.0.2.1", port: 0, cacheDir }),
      /this machine has no such address\.$/,
    );
  });

  it("reads Range headers", () => {
    assert.deepEqual(parseRange("bytes=0-0", 10), { first: 0, last: 0 });
    assert.deepEqual(parseRange("bytes=8-99", 10), { first: 8, last: 9 });
    assert.deepEqual(parseRange("bytes=-99", 10), { first: 0, last: 9 });
    assert.equal(parseRange("bytes=10-", 10), "unsatisfiable");
    assert.equal(parseRange("bytes=-0", 10), "unsatisfiable");
    for (const other of [undefined, "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "lines=1-2"]) {
      assert.equal(parseRange(other, 10), undefined);
    }
  });
});
