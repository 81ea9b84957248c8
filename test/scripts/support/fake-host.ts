/** A host in a directory: the real scripts under PLINTH_ROOT, with a systemd and user database made of files. */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { hostScript } from "../../../components/host/script.ts";

const fakes = join(import.meta.dirname, "fakes");

/** Memory where there is some: every change of the scripts waits for the disk, which a busy machine makes slow. */
const scratch = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Commands at which a run can be killed: those that change something on disk. */
const killPoints = ["mv", "sync", "install", "ln", "rm", "rmdir", "mkdir", "cp", "chmod", "chown", "cat"];

export const shells = ["dash", "bash"] as const;
export type Shell = (typeof shells)[number];

export interface Result {
  /** null when the run was killed. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What `apply` prints. */
export interface Applied {
  bundle: string;
  host: string;
  generation: number;
  changed: string[];
  removed: string[];
  restarted: string[];
  reloaded: string[];
  started: string[];
  versions: Record<string, string>;
}

export class FakeHost {
  readonly directory = mkdtempSync(join(scratch, "plinth-scripts-"));
  readonly root = join(this.directory, "root");
  readonly fakes = join(this.directory, "fakes");
  readonly script = join(this.root, "usr/local/lib/plinth/plinth-host");
  shell: Shell;
  /** More environment for the scripts. */
  env: Record<string, string> = { PLINTH_SETTLE_SECONDS: "0", PLINTH_LOCK_SECONDS: "10" };

  constructor(shell: Shell = "dash", original?: FakeHost) {
    this.shell = shell;
    if (original !== undefined) {
      execFileSync("cp", ["-a", original.root, original.fakes, this.directory]);
      return;
    }
    for (const path of ["etc/systemd/system", "run/lock", "var/lib", "opt", "usr/sbin", "usr/local/lib/plinth"]) {
      mkdirSync(join(this.root, path), { recursive: true });
    }
    for (const path of ["bin", "units", "behaviour", "inputs", "journal", "packaged", "part-of"]) {
      mkdirSync(join(this.fakes, path), { recursive: true });
    }
    for (const name of readdirSync(fakes)) {
      copyFileSync(join(fakes, name), join(this.fakes, "bin", name));
    }
    this.install();
  }

  /** Puts the script where the program puts it. */
  install(): void {
    this.write("/usr/local/lib/plinth/plinth-host", hostScript());
  }

  /** A host in the same state. */
  copy(): FakeHost {
    const copy = new FakeHost(this.shell, this);
    copy.env = { ...this.env };
    return copy;
  }

  /**
   * Everything that must be the same after two ways to the same state: path → mode and content of each file below the root but
   * /run, and for each unit whether it is enabled, and what its process, if it is up, has read.
   */
  snapshot(): Record<string, string> {
    const result: Record<string, string> = {};
    for (const path of this.list("/")) {
      if (path === "run" || path.startsWith("run/")) continue;
      const info = lstatSync(this.path(path));
      const mode = (info.mode & 0o7777).toString(8);
      if (info.isDirectory()) result[path] = `${mode} directory`;
      else if (info.isSymbolicLink()) result[path] = `-> ${readlinkSync(this.path(path))}`;
      else result[path] = `${mode} ${this.read(path)}`;
    }
    for (const unit of readdirSync(join(this.fakes, "units"))) {
      // Units that neither run nor are enabled are as good as unknown.
      if (this.unit(unit, "enabled") === "enabled") result[`${unit} is`] = "enabled";
      if (this.unit(unit, "active") === "active") result[`${unit} runs with`] = this.unit(unit, "running");
    }
    return result;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Runs the installed script. */
  run(verb: string[], stdin = ""): Promise<Result> {
    return this.runFile(this.script, verb, stdin);
  }

  runFile(script: string, args: string[], stdin = ""): Promise<Result> {
    // The process id is written down before the script takes over, for the fakes that kill it.
    const child = spawn("sh", ["-c", 'echo $$ >"$PLINTH_FAKES/pid"; exec "$@"', "sh", this.shell, script, ...args], {
      detached: true,
      env: {
        ...process.env,
        PATH: `${join(this.fakes, "bin")}:/usr/local/bin:/usr/bin:/bin`,
        PLINTH_ROOT: this.root,
        PLINTH_FAKES: this.fakes,
        ...this.env,
      },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    // A run that refuses its input early may close stdin before all of it is written.
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        resolve({ code, stdout, stderr });
      });
    });
  }

  async claim(host = "cp1", id = "0123456789abcdef"): Promise<Result> {
    return this.run(["claim"], `cluster demo\ncluster-id ${id}\nhost ${host}\nstack lab\ngeneration 1\nend\n`);
  }

  /** Applies a bundle that is expected to succeed. */
  async apply(bundle: { text(): string }): Promise<Applied> {
    const result = await this.run(["apply"], bundle.text());
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stdout, /^[^\n]+\n$/, "exactly one line");
    return JSON.parse(result.stdout) as Applied;
  }

  /** Applies a bundle that is expected to fail with a code; returns stderr. */
  async refuse(bundle: { text(): string } | string, code: number): Promise<string> {
    const result = await this.run(["apply"], typeof bundle === "string" ? bundle : bundle.text());
    assert.equal(result.code, code, result.stderr + result.stdout);
    assert.equal(result.stdout, "");
    return result.stderr;
  }

  /** The process of the run that was started last. */
  runningPid(): string {
    return readFileSync(join(this.fakes, "pid"), "utf8").trim();
  }

  path(path: string): string {
    return join(this.root, path);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  read(path: string): string {
    return readFileSync(this.path(path), "utf8");
  }

  exists(path: string): boolean {
    return lstatSync(this.path(path), { throwIfNoEntry: false }) !== undefined;
  }

  mode(path: string): string {
    return (lstatSync(this.path(path)).mode & 0o7777).toString(8).padStart(4, "0");
  }

  /** Every path below a directory of the host, sorted. */
  list(path: string): string[] {
    return existsSync(this.path(path))
      ? readdirSync(this.path(path), { recursive: true, encoding: "utf8" }).sort()
      : [];
  }

  behave(unit: string, ...lines: string[]): this {
    rmSync(join(this.fakes, "behaviour", unit), { force: true });
    if (lines.length > 0) {
      writeFileSync(join(this.fakes, "behaviour", unit), lines.join("\n") + "\n");
    }
    return this;
  }

  journal(unit: string, text: string): this {
    writeFileSync(join(this.fakes, "journal", unit), text);
    return this;
  }

  /** The files that a process of the unit reads when it starts. */
  inputs(unit: string, ...paths: string[]): this {
    writeFileSync(join(this.fakes, "inputs", unit), paths.join("\n") + "\n");
    return this;
  }

  /** A unit that systemd restarts whenever it restarts `unit`. */
  partOf(unit: string, part: string): this {
    writeFileSync(join(this.fakes, "part-of", unit), `${part}\n`);
    return this;
  }

  /** A unit that came with a package. */
  packaged(unit: string): this {
    writeFileSync(join(this.fakes, "packaged", unit), "");
    return this;
  }

  unit(unit: string, key: string): string {
    const path = join(this.fakes, "units", unit, key);
    return existsSync(path) ? readFileSync(path, "utf8").replace(/\n$/, "") : "";
  }

  setUnit(unit: string, key: string, value: string): this {
    mkdirSync(join(this.fakes, "units", unit), { recursive: true });
    writeFileSync(join(this.fakes, "units", unit, key), value + "\n");
    return this;
  }

  /** What was asked of systemd and the user database since the last call, without questions about state. */
  log(): string[] {
    const path = join(this.fakes, "log");
    const lines = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
    rmSync(path, { force: true });
    return lines.filter((line) => !/^(reset-failed|--version)/.test(line));
  }

  /** A program of this name on PATH. */
  command(name: string, text: string): this {
    const path = join(this.fakes, "bin", name);
    rmSync(path, { force: true });
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return this;
  }

  /** The next run is killed at its nth command that changes something. */
  dieAt(n: number): void {
    for (const name of killPoints) {
      if (!existsSync(join(this.fakes, "bin", name))) {
        symlinkSync("passthrough", join(this.fakes, "bin", name));
      }
    }
    rmSync(join(this.fakes, "calls"), { force: true });
    writeFileSync(join(this.fakes, "die-at"), `${n}\n`);
  }

  live(): void {
    rmSync(join(this.fakes, "die-at"), { force: true });
    for (const name of killPoints) {
      rmSync(join(this.fakes, "bin", name), { force: true });
    }
  }

  append(path: string, text: string): void {
    appendFileSync(this.path(path), text);
  }
}
