import assert from "node:assert/strict";
import { mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { type ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { downloadFile, findDigest, publishedDigest } from "../../../artifacts/download.ts";
import { fetchText, Reachability } from "../../../artifacts/http.ts";
import { Cleanup, sha256, Site, type Handler } from "./support.ts";

describe("downloads", () => {
  const cleanup = new Cleanup();
  const data = "0123456789".repeat(1000);
  let site: Site;
  let partialDir: string;

  beforeEach(async () => {
    site = await new Site().start(cleanup);
    partialDir = join(await cleanup.folder(), "partial");
  });

  afterEach(() => cleanup.clean());

  /** Sends the first `bytes` of what is left and cuts the connection once they are stored, `times` times; then behaves. */
  function flaky(bytes: number, times: number): Handler {
    let left = times;
    return (request, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, { "content-length": data.length - from });
      if (left-- > 0) response.write(data.slice(from, from + bytes), () => void cutWhenStored(response, from + bytes));
      else response.end(data.slice(from));
    };
  }

  /** What the client has not read when the connection breaks is lost to it. */
  async function cutWhenStored(response: ServerResponse, size: number): Promise<void> {
    const stored = async () => (await stat(join(partialDir, sha256(data)))).size;
    while ((await stored().catch(() => 0)) < size) await pause(1);
    response.destroy();
  }

  const fetch = (digest = sha256(data), more = {}): Promise<string> =>
    downloadFile(`${site.url}/file`, digest, { partialDir, retryDelayMs: 1, ...more });

  it("goes on where the connection broke, as often as it gets further", async () => {
    site.files.set("/file", flaky(1000, 7));
    assert.equal(await readFile(await fetch(sha256(data), { retries: 2 }), "utf8"), data);
    assert.equal(site.log[0], "GET /file");
    assert.match(site.log[1] ?? "", /^GET \/file bytes=\d+-$/);
  });

  it("gives up when it gets no further, keeps what came, and a later run resumes it", async () => {
    let cut = true;
    site.files.set("/file", (request, response) => {
      if (cut && request.headers.range !== undefined) response.destroy();
      else flaky(4000, cut ? 1 : 0)(request, response);
    });
    await assert.rejects(fetch(sha256(data), { retries: 2 }), /\/file broke off: /);
    cut = false;
    assert.equal(await readFile(await fetch(), "utf8"), data);
    assert.equal(site.log.at(-1), "GET /file bytes=4000-");
  });

  it("starts over when what an earlier run left is damaged", async () => {
    site.files.set("/file", Buffer.from(data));
    await mkdir(partialDir);
    await writeFile(join(partialDir, sha256(data)), "x".repeat(100));
    assert.equal(await readFile(await fetch(), "utf8"), data);
    assert.deepEqual(site.log, ["GET /file bytes=100-", "GET /file"]);
  });

  it("takes a whole file from a server without ranges, and one that is already complete", async () => {
    site.files.set("/file", (_request, response) => response.end(data));
    await mkdir(partialDir);
    await writeFile(join(partialDir, sha256(data)), data.slice(0, 100));
    assert.equal(await readFile(await fetch(), "utf8"), data);
    site.files.set("/file", (_request, response) => response.writeHead(416).end());
    assert.equal(await readFile(await fetch(), "utf8"), data);
  });

  it("drops a file with a wrong digest", async () => {
    site.files.set("/file", Buffer.from(data));
    await assert.rejects(fetch(sha256("else")), { name: "ArtifactError", message: /is published: dropped$/ });
    assert.deepEqual(await readdir(partialDir), []);
  });

  it("asks once for a file that is not there, and again when the server is in trouble", async () => {
    await assert.rejects(fetch(), /\/file answered 404 Not Found/);
    assert.equal(site.count("/file"), 1);
    let failures = 2;
    site.files.set("/file", (_request, response) => {
      if (failures-- > 0) response.writeHead(503).end();
      else response.end(data);
    });
    await fetch();
    assert.equal(site.count("/file"), 4);
  });

  it("counts a connection without data as lost", async () => {
    let first = true;
    site.files.set("/file", (request, response) => {
      if (!first) {
        flaky(0, 0)(request, response);
        return;
      }
      first = false;
      response.writeHead(200, { "content-length": data.length });
      response.write(data.slice(0, 10));
    });
    await fetch(sha256(data), { stallTimeoutMs: 500 });
    assert.equal(site.log.at(-1), "GET /file bytes=10-");
  });

  it("follows redirects, but not for ever", async () => {
    site.files.set("/text", Buffer.from("there"));
    site.files.set("/here", (_request, response) => response.writeHead(302, { location: "/text" }).end());
    site.files.set("/loop", (_request, response) => response.writeHead(302, { location: "/loop" }).end());
    assert.equal(await fetchText(`${site.url}/here`), "there");
    await assert.rejects(fetchText(`${site.url}/loop`), /redirects more than 5 times/);
  });

  it("reads published digests and names a checksum file without the entry", async () => {
    const [a, b] = [sha256("a"), sha256("b")];
    assert.equal(findDigest(`${a}\n`, "x"), a);
    assert.equal(findDigest(a.toUpperCase(), "x"), a);
    assert.equal(findDigest(`${a}  x.tar.gz\n${b}  x\n`, "x"), b);
    assert.equal(findDigest(`${a} *./x\n`, "x"), a);
    assert.equal(findDigest(`${a}  y\n`, "x"), undefined);
    assert.equal(findDigest("<html>not found</html>", "x"), undefined);
    const assets = [{ name: "x", digest: `sha256:${a}` }, { name: "y", digest: null }, { name: "z" }];
    assert.equal(findDigest(JSON.stringify({ assets }), "x"), a);
    for (const name of ["y", "z", "w"]) assert.equal(findDigest(JSON.stringify({ assets }), name), undefined);
    for (const text of ['{"message": "rate limit"}', '{"assets": [']) assert.equal(findDigest(text, "x"), undefined);
    site.files.set("/SUMS", Buffer.from(`${a}  y\n`));
    await assert.rejects(
      publishedDigest({ url: `${site.url}/x`, checksums: `${site.url}/SUMS`, provides: {} }),
      /\/SUMS has no SHA-256 for x$/,
    );
  });

  it("says why a site cannot be reached, and remembers", async () => {
    const reachability = new Reachability(1000);
    assert.equal(await reachability.whyNot(`${site.url}/a`), undefined);
    assert.equal(await reachability.whyNot(`${site.url}/b`), undefined);
    assert.equal(site.log.length, 1);
    const gone = await new Site().start(cleanup);
    await cleanup.clean();
    assert.match((await reachability.whyNot(gone.url)) ?? "", /ECONNREFUSED/);
    await rm(partialDir, { recursive: true, force: true });
  });
});
