import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, parseDocument } from "yaml";
import { Lab } from "../../../lab/index.ts";
import { shellQuote } from "../../../plan/shell.ts";

const source = path.join(import.meta.dirname, "../../..");

export interface Run {
  code: number;
  stdout: string;
  stderr: string;
  /** Both, for messages. */
  text: string;
}

/**
 * A copy of the project with a lab of its own, used as a user would use a clone: by its commands and by editing its files.
 */
export class Project {
  readonly dir: string;
  readonly #settings: Readonly<Record<string, string>>;

  /** @param settings of the lab's configuration that stay, also where it is put back: see `configure`. */
  constructor(name: string, settings: Readonly<Record<string, string>> = {}) {
    this.#settings = settings;
    this.dir = path.join(process.env["PLINTH_E2E_DIR"] ?? tmpdir(), `plinth-e2e-${name}`);
  }

  /** Copies what git tracks or would track, and the npm packages. What a killed run left behind is taken down first. */
  async create(): Promise<this> {
    await this.remove();
    mkdirSync(this.dir, { recursive: true });
    const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: source })
      .toString()
      .split("\0")
      .filter((file) => file !== "" && existsSync(path.join(source, file)));
    for (const file of files) cpSync(path.join(source, file), path.join(this.dir, file));
    // Hard links, not a symbolic one: whatever installs packages in the copy leaves the original's alone.
    const packages = path.join(source, "node_modules");
    const linked = spawnSync("cp", ["-al", packages, this.dir], { stdio: "ignore" });
    if (linked.status !== 0) execFileSync("cp", ["-a", packages, this.dir]);
    this.#settle();
    return this;
  }

  /** Runs `./plinth …` to its end, whatever its exit code. */
  async plinth(...args: string[]): Promise<Run> {
    const child = this.start(...args);
    return finish(child);
  }

  /** Runs `./plinth …` and fails with its output unless it exits with `code`. */
  async expect(code: number, ...args: string[]): Promise<Run> {
    return expected(code, args, await this.plinth(...args));
  }

  /** Starts `./plinth …` as a process group of its own, so that it can be killed as a whole. */
  start(...args: string[]): ChildProcess {
    return spawn(path.join(this.dir, "plinth"), args, {
      cwd: this.dir,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
  }

  /** Runs a shell command on a host as root. */
  async onHost(host: string, script: string): Promise<Run> {
    return this.plinth("ssh", host, "--", `sudo sh -c ${shellQuote(script)}`);
  }

  /** Standard output of a shell command on a host; fails when the command fails. */
  async read(host: string, script: string): Promise<string> {
    const run = await this.onHost(host, script);
    if (run.code !== 0) throw new Error(`on ${host}: ${script} exited with ${run.code}:\n${run.text}`);
    return run.stdout;
  }

  /** Replaces text in a file of the project. Fails when the text is not there. */
  edit(file: string, before: string, after: string): void {
    const full = path.join(this.dir, file);
    const text = readFileSync(full, "utf8");
    if (!text.includes(before)) throw new Error(`${file} does not hold ${before}`);
    writeFileSync(full, text.replace(before, after));
  }

  /** Puts a file of the project back to what the original has. */
  restore(file: string): void {
    cpSync(path.join(source, file), path.join(this.dir, file));
    this.#settle();
  }

  #settle(): void {
    for (const [key, value] of Object.entries(this.#settings)) this.configure(key, value);
  }

  /** Sets `plinth:KEY` in the lab's configuration; `value` is YAML in flow style. */
  configure(key: string, value: string): void {
    const file = path.join(this.dir, "Pulumi.lab.yaml");
    const document = parseDocument(readFileSync(file, "utf8"));
    document.setIn(["config", `plinth:${key}`], document.createNode(parse(value)));
    writeFileSync(file, document.toString());
  }

  /** Takes `plinth:KEY` out of the lab's configuration. */
  unset(key: string): void {
    const file = path.join(this.dir, "Pulumi.lab.yaml");
    const document = parseDocument(readFileSync(file, "utf8"));
    document.deleteIn(["config", `plinth:${key}`]);
    writeFileSync(file, document.toString());
  }

  async kubeconfig(): Promise<string> {
    return (await this.expect(0, "outputs", "kubeconfig", "--show-secrets")).stdout;
  }

  /** Takes the lab down and removes the copy. */
  async remove(): Promise<void> {
    if (!existsSync(this.dir)) return;
    // Not by the copy's own command: a run that was killed may have left half a copy.
    await new Lab({
      projectDir: this.dir,
      hosts: [],
      subnet: "10.27.0.0/24",
      podCidr: "10.28.0.0/16",
      gateway: "10.27.0.1",
      user: "plinth",
    }).down();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function expected(code: number, args: readonly string[], run: Run): Run {
  if (run.code === code) return run;
  throw new Error(`./plinth ${args.join(" ")} exited with ${run.code}, expected ${code}:\n${run.text}`);
}

/** Waits for a started process. */
export async function finish(child: ChildProcess): Promise<Run> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => {
      resolve(status ?? (signal === null ? -1 : 128));
    });
  });
  return { code, stdout, stderr, text: `${stdout}${stderr}` };
}
