import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { defaultVersions, ensureArtifacts } from "../../artifacts/index.ts";
import { eventually } from "./eventually.ts";

/** What runs containers is left out, so that nothing of this machine is touched. */
const disabled = [
  ...["cri.v1.runtime", "grpc.v1.cri", "cri.v1.images", "nri.v1.nri", "internal.v1.restart"],
  ...["tracing.processor.v1.otlp", "internal.v1.tracing"],
].map((name) => `io.containerd.${name}`);

/** A real containerd in a folder of its own, which can pull and run nothing. */
export class TestContainerd {
  readonly folder = mkdtempSync(path.join(tmpdir(), "plinth-containerd-"));
  private process: ChildProcess | undefined;
  private ctr = "";

  async start(): Promise<void> {
    const wanted = ["containerd", "ctr"].map((name) => ({ name, version: defaultVersions[name] ?? "" }));
    const paths = await ensureArtifacts(wanted);
    this.ctr = paths.get("ctr") ?? "";
    const at = (name: string): string => JSON.stringify(path.join(this.folder, name));
    const owner = `uid = ${process.getuid?.() ?? 0}\ngid = ${process.getgid?.() ?? 0}`;
    writeFileSync(
      path.join(this.folder, "config.toml"),
      [
        "version = 3",
        `root = ${at("root")}`,
        `state = ${at("state")}`,
        `disabled_plugins = ${JSON.stringify(disabled)}`,
        `[grpc]\naddress = ${at("socket")}\n${owner}`,
        `[ttrpc]\naddress = ${at("socket.ttrpc")}\n${owner}`,
        "",
      ].join("\n"),
    );
    const log = openSync(path.join(this.folder, "log"), "w");
    this.process = spawn(paths.get("containerd") ?? "", ["--config", path.join(this.folder, "config.toml")], {
      stdio: ["ignore", log, log],
    });
    await eventually(`containerd has a socket, see ${this.folder}/log`, 30, () =>
      Promise.resolve(existsSync(path.join(this.folder, "socket")) || undefined),
    );
  }

  /**
   * Pulls an image with the files of `/etc/containerd/certs.d` as planned: path → content.
   *
   * @returns what it said; that it fails is nothing unusual for a registry that has nothing.
   */
  pull(image: string, files: ReadonlyMap<string, string>): Promise<string> {
    const hosts = mkdtempSync(path.join(this.folder, "certs.d-"));
    for (const [file, content] of files) {
      const place = path.join(hosts, path.relative("/etc/containerd/certs.d", file));
      mkdirSync(path.dirname(place), { recursive: true });
      writeFileSync(place, content.replaceAll("/etc/containerd/certs.d", hosts));
    }
    const args = ["--address", path.join(this.folder, "socket"), "images", "pull", "--hosts-dir", hosts, image];
    return new Promise((resolve) => {
      execFile(this.ctr, args, { timeout: 30_000 }, (_, stdout, stderr) => {
        resolve(stdout + stderr);
      });
    });
  }

  async stop(): Promise<void> {
    if (this.process?.exitCode === null) {
      const ended = once(this.process, "exit");
      this.process.kill();
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
