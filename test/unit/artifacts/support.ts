import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArtifactGroup } from "../../../artifacts/table.ts";

/** Removes what the tests of one suite made, newest first. Call `clean` in afterEach. */
export class Cleanup {
  readonly #steps: (() => Promise<unknown>)[] = [];

  add(step: () => Promise<unknown>): void {
    this.#steps.unshift(step);
  }

  async folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), "plinth-artifacts-"));
    this.add(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  async clean(): Promise<void> {
    for (const step of this.#steps.splice(0)) await step();
  }
}

export const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An "official site" on the loopback address: files by path, and a log of what was asked for. */
export class Site {
  readonly files = new Map<string, Buffer | Handler>();
  /** `GET /path` lines; a ranged request as `GET /path bytes=5-`. */
  readonly log: string[] = [];
  url = "";

  async start(cleanup: Cleanup): Promise<this> {
    const server = createServer((request, response) => {
      const { method = "", url = "" } = request;
      const { range } = request.headers;
      this.log.push(`${method} ${url}${range === undefined ? "" : ` ${range}`}`);
      const file = this.files.get(url);
      if (typeof file === "function") file(request, response);
      else if (file === undefined) response.writeHead(404).end();
      else {
        const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
        response.writeHead(range === undefined ? 200 : 206, { "content-length": file.length - from });
        response.end(file.subarray(from));
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}`;
    cleanup.add(async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    });
    return this;
  }

  /** Puts a file there, with its `.sha256` beside it unless another digest is to be published. */
  publish(path: string, data: string, digest = sha256(data)): void {
    this.files.set(path, Buffer.from(data));
    this.files.set(`${path}.sha256`, Buffer.from(`${digest}\n`));
  }

  /** How often a file was asked for, the first request and the resumed ones. */
  count(path: string): number {
    return this.log.filter((line) => line.startsWith(`GET ${path}`) && !line.startsWith(`GET ${path}.`)).length;
  }
}

/** A script that calls itself the given version, as built artifacts do. */
export const tool = (version: string): string => `#!/bin/sh\necho "tool v${version}"\n`;

/** A group of single files `<site>/<version>/<name>`, built from `moduleDir` where that fails. */
export function testGroup(
  name: string,
  artifacts: readonly string[],
  site: string,
  moduleDir = "/nonexistent",
): ArtifactGroup {
  return {
    name,
    version: "1.2.3",
    moduleDir,
    artifacts: artifacts.map((artifact) => ({
      name: artifact,
      package: `example.com/${name}/cmd/${artifact}/v3`,
      versionArgs: ["--version"],
    })),
    download: (artifact, version) => {
      const url = `${site}/${version}/${artifact}`;
      return { url, checksums: `${url}.sha256`, provides: { [artifact]: null } };
    },
    ldflags: (version) => [`-X main.version=${version}`],
    modules: (version) => ({ [`example.com/${name}`]: `v${version}` }),
  };
}

/** An executable as far as Go's linker describes it: its Go, and the list of its modules. */
export function goExecutable(go: string, list: string): Buffer {
  const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)]);
  const text = (content: Buffer): Buffer => Buffer.concat([Buffer.from(varint(content.length)), content]);
  const header = Buffer.alloc(32);
  header.write("\xff Go buildinf:", "latin1");
  header[15] = 2;
  const marked = Buffer.concat([Buffer.alloc(16, 0x30), Buffer.from(list), Buffer.alloc(16, 0xf9)]);
  return Buffer.concat([Buffer.alloc(32, 0x7f), header, text(Buffer.from(go)), text(marked), Buffer.alloc(40)]);
}
