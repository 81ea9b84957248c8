import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import {
  defaultCacheDir,
  findCached,
  findImage,
  listCached,
  listImages,
  relativePath,
  type CacheRecord,
} from "./cache.ts";
import { ArtifactError, reasonOf } from "./errors.ts";
import { type Platform } from "./platform.ts";
import { listScripts, readScript, scriptPath } from "./scripts.ts";

/** How much of a file is in memory for a host at a time. A quarter of that, Node.js's default, costs half as much processor time again. */
const chunkBytes = 256 * 1024;

export interface ServeOptions {
  /** The address to listen on, one that the hosts reach. */
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Default: `${XDG_CACHE_HOME:-~/.cache}/plinth/artifacts`. */
  cacheDir?: string;
}

export interface ArtifactServer {
  /** `http://10.27.0.1:8410`, without a slash at the end. */
  url: string;
  /** Stops listening and ends the connections that are open. */
  close(): Promise<void>;
}

/**
 * Serves the verified files of the cache by HTTP: `GET /<name>/<version>/<platform>/<name>` (HEAD and single ranges
 * too), archives of images as `GET /images/<name>.tar`, scripts as `GET /scripts/<name>/<sha256>`, and
 * `GET /SHA256SUMS`, lines `<sha256>  <path>`. Nothing else is
 * reachable. Whoever downloads compares the digest with the one that came by another way (the bundle), so plain HTTP is
 * enough.
 */
export async function serveArtifacts(options: ServeOptions): Promise<ArtifactServer> {
  const cacheDir = options.cacheDir ?? defaultCacheDir();
  const server = createServer((request, response) => {
    answer(cacheDir, request, response).catch((error: unknown) => {
      // The client went away, or the file did: with headers out there is nothing left to say but to cut the line.
      if (response.headersSent) response.destroy();
      else sendText(request, response, 500, `${reasonOf(error)}\n`);
    });
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port.toString()}`,
    close: async () => {
      const closed = new Promise<void>((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, { host, port }: ServeOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const where = `${host} port ${port.toString()}`;
      const why =
        error.code === "EADDRINUSE"
          ? `it is taken; is another run serving artifacts there? Wait for it or choose another port`
          : error.code === "EADDRNOTAVAIL"
            ? `this machine has no such address`
            : error.message;
      reject(new ArtifactError(`Artifacts cannot be served on ${where}: ${why}.`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

async function answer(cacheDir: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    sendText(request, response, 405, "Only GET and HEAD are served.\n");
    return;
  }
  const path = (request.url ?? "").split("?")[0] ?? "";
  if (path === "/SHA256SUMS") {
    const artifacts = (await listCached(cacheDir)).map((file) => `${file.record.sha256}  ${relativePath(file)}\n`);
    const images = (await listImages(cacheDir)).map(({ name, record }) => `${record.sha256}  images/${name}.tar\n`);
    const scripts = (await listScripts(cacheDir)).map((script) => `${script.sha256}  ${scriptPath(script)}\n`);
    sendText(request, response, 200, [...artifacts, ...images, ...scripts].join(""));
    return;
  }
  const [, name, sha256] = /^\/scripts\/([a-z0-9-]+)\/([0-9a-f]{64})$/.exec(path) ?? [];
  if (name !== undefined && sha256 !== undefined) {
    const script = await readScript(cacheDir, { name, sha256 });
    sendText(request, response, script === undefined ? 404 : 200, script ?? "There is no such script.\n");
    return;
  }
  const artifact = await find(cacheDir, path);
  if (artifact === undefined)
    sendText(request, response, 404, "There is no such artifact; /SHA256SUMS lists what there is.\n");
  else await sendFile(artifact, request, response);
}

/** One element of a path that can only name something below its parent. */
const safeElement = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;

/** A file with the digest that was recorded. */
interface Served {
  path: string;
  record: CacheRecord;
}

async function find(cacheDir: string, path: string): Promise<Served | undefined> {
  const image = /^\/images\/([^/]+)\.tar$/.exec(path)?.[1];
  if (image !== undefined) return safeElement.test(image) ? await findImage(cacheDir, image) : undefined;
  const [root, name = "", version = "", platform = "", file, ...rest] = path.split("/");
  if (root !== "" || file !== name || rest.length > 0) return undefined;
  if (![name, version, platform].every((element) => safeElement.test(element))) return undefined;
  return await findCached(cacheDir, { name, version, platform: platform as Platform });
}

async function sendFile({ path, record }: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const etag = `"${record.sha256}"`;
  response.setHeader("accept-ranges", "bytes");
  response.setHeader("content-type", "application/octet-stream");
  response.setHeader("etag", etag);
  const condition = request.headers["if-range"];
  const range =
    condition === undefined || condition === etag ? parseRange(request.headers.range, record.size) : undefined;
  if (range === "unsatisfiable") {
    response.writeHead(416, { "content-range": `bytes */${record.size.toString()}`, "content-length": "0" }).end();
    return;
  }
  const { first, last } = range ?? { first: 0, last: record.size - 1 };
  response.statusCode = range === undefined ? 200 : 206;
  response.setHeader("content-length", last - first + 1);
  if (range !== undefined) {
    response.setHeader("content-range", `bytes ${first.toString()}-${last.toString()}/${record.size.toString()}`);
  }
  if (request.method === "HEAD") response.end();
  else await pipeline(createReadStream(path, { start: first, end: last, highWaterMark: chunkBytes }), response);
}

/** The one range of a Range header; undefined when the whole file is to be sent (no range, or one we do not know). */
export function parseRange(
  header: string | undefined,
  size: number,
): { first: number; last: number } | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null) return undefined;
  const [, from = "", to = ""] = match;
  if (from === "" && to === "") return undefined;
  const first = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== "" && to !== "" && Number(to) < first) return undefined;
  return first > last ? "unsatisfiable" : { first, last };
}

function sendText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(request.method === "HEAD" ? undefined : text);
}
