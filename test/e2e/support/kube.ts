import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { defaultVersions, ensureArtifacts } from "../../../artifacts/index.ts";
import { instanceName } from "../../../lab/paths.ts";
import { finish, type Project, type Run } from "./project.ts";

/** kubectl inside the lab's network namespace, as another client of the cluster: the tests of workloads ask often. */
export class Kube {
  private readonly command: readonly string[];
  private readonly dir: string;

  private constructor(command: readonly string[], dir: string) {
    this.command = command;
    this.dir = dir;
  }

  /** @param credentials a kubeconfig; default: the administrator's. */
  static async open(project: Project, credentials?: string): Promise<Kube> {
    const name = "kubectl";
    const binary = (await ensureArtifacts([{ name, version: defaultVersions[name] ?? "" }])).get(name) ?? name;
    const dir = mkdtempSync(path.join(tmpdir(), "plinth-kube-"));
    const kubeconfig = path.join(dir, "kubeconfig");
    writeFileSync(kubeconfig, credentials ?? (await project.kubeconfig()), { mode: 0o600 });
    return new Kube(["ip", "netns", "exec", instanceName(project.dir), binary, "--kubeconfig", kubeconfig], dir);
  }

  /** Starts `kubectl …`. */
  start(...args: string[]): ChildProcess {
    const [program = "", ...rest] = [...this.command, ...args];
    return spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Runs `kubectl …` to its end, whatever its exit code. */
  async run(...args: string[]): Promise<Run> {
    return finish(this.start(...args));
  }

  /** Standard output of `kubectl …`; fails when the command fails. */
  async ask(...args: string[]): Promise<string> {
    const run = await this.run(...args);
    if (run.code !== 0) throw new Error(`kubectl ${args.join(" ")} exited with ${run.code}:\n${run.text}`);
    return run.stdout.trim();
  }

  /** Lines that a template of jsonpath gives, without empty ones. */
  async list(kind: string, jsonpath: string, ...args: string[]): Promise<string[]> {
    const text = await this.ask("get", kind, ...args, "-o", `jsonpath=${jsonpath}`);
    return text.split("\n").filter((line) => line !== "");
  }

  /** Waits for a rollout. */
  async rolledOut(object: string, seconds = 120): Promise<void> {
    await this.ask("rollout", "status", "-n", "work", object, `--timeout=${seconds}s`);
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
