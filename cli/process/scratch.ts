import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { findProcess } from "./identity.ts";

/** Bytes that a program that is run to its end may print: the keys of a million objects. */
const mostPrinted = 256 * 2 ** 20;
/** File in the folder: lines `PID TICKS`. */
const processes = "processes";
/** Seconds within which a killed process must be gone. */
const endSeconds = 10;
/** Characters of a log that are told. */
const toldOfLog = 2000;

/**
 * What folders are for that hold something decrypted, by the prefix of their names. Whoever opens one tidies up after runs of all of them
 * that were killed; so does what comes after such a run and opens none.
 */
export const scratchFor = { restore: "plinth-restore-", targets: "plinth-targets-", drill: "plinth-drill-" } as const;

const isAlive = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

/** A program of a {@link Scratch} that ended by itself, did not answer in time, or failed. */
export class ScratchError extends Error {
  override readonly name = "ScratchError";
}

/** Programs that this process runs aside, in a folder of their own that nobody else may enter. All of it is gone in the end. */
export class Scratch implements AsyncDisposable {
  readonly folder: string;
  readonly #running: ChildProcess[] = [];
  #failure: ScratchError | undefined;
  #stopping = false;

  private constructor(folder: string) {
    this.folder = folder;
    process.once("exit", this.#atOnce);
  }

  /**
   * Makes a folder, and tidies up after processes that were killed: theirs may hold secrets, and their programs run on.
   *
   * @param prefix of the folder's name, in the operator's folder of temporary files: one of {@link scratchFor}; tests have their own.
   */
  static async open(prefix: string): Promise<Scratch> {
    await tidy([...Object.values(scratchFor), prefix]);
    // Its mode is 0700.
    const scratch = new Scratch(await mkdtemp(join(tmpdir(), prefix)));
    noteProcess(scratch.folder, process.pid);
    return scratch;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file that nobody else may read, and returns its path. */
  async write(name: string, text: string): Promise<string> {
    const path = this.path(name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  /** Starts a program that is to run until the end. @param args name without dashes → value. */
  start(name: string, executable: string, args: Readonly<Record<string, string>>): ChildProcess {
    const log = this.path(`${name}.log`);
    const descriptor = openSync(log, "a", 0o600);
    try {
      const words = Object.entries(args).map(([key, value]) => `--${key}=${value}`);
      const child = spawn(executable, words, {
        cwd: this.folder,
        env: this.#environment(),
        stdio: ["ignore", descriptor, descriptor],
        // Ctrl-C is for this process, which ends them when it is done with them.
        detached: true,
      });
      const ended = (how: string): void => {
        if (this.#stopping) return;
        this.#failure ??= new ScratchError(`${name} ended by itself (${how}): ${endOf(log)}`);
      };
      child.once("error", (error) => {
        ended(error.message);
      });
      child.once("exit", (code, signal) => {
        ended(signal ?? `exit code ${code}`);
      });
      this.#running.push(child);
      if (child.pid !== undefined) noteProcess(this.folder, child.pid);
      return child;
    } finally {
      closeSync(descriptor);
    }
  }

  /** Runs a program to its end, and returns what it printed. @throws ScratchError with the last line that it had to say. */
  async run(
    name: string,
    executable: string,
    args: readonly string[],
    { seconds, signal }: { seconds: number; signal: AbortSignal },
  ): Promise<string> {
    try {
      const { stdout } = await promisify(execFile)(executable, [...args], {
        cwd: this.folder,
        env: this.#environment(),
        maxBuffer: mostPrinted,
        timeout: seconds * 1000,
        killSignal: "SIGKILL",
        signal,
      });
      return stdout;
    } catch (error) {
      signal.throwIfAborted();
      this.requireAll();
      const { killed, stderr = "", message } = error as Error & { killed?: boolean; stderr?: string };
      const last = stderr.trim().split("\n").at(-1) ?? "";
      const reason = killed === true ? `it did not end within ${seconds} s` : last === "" ? message : last;
      throw new ScratchError(`${name} failed: ${reason}`, { cause: error });
    }
  }

  /** @throws ScratchError with the end of its log, when a program has ended that was to run. */
  requireAll(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Tries something until it works.
   *
   * @param what is waited for, for the sentence when it does not come.
   * @param attempt ends the waiting by a ScratchError.
   */
  async waitFor<Value>(
    what: string,
    attempt: () => Promise<Value>,
    { seconds, signal }: { seconds: number; signal?: AbortSignal },
  ): Promise<Value> {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      signal?.throwIfAborted();
      this.requireAll();
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof ScratchError) throw error;
        signal?.throwIfAborted();
        if (performance.now() > deadline) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new ScratchError(`${what} did not come within ${seconds} s: ${reason}`, { cause: error });
        }
        await sleep(200, undefined, signal === undefined ? {} : { signal });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    for (const child of this.#running.toReversed()) {
      if (child.pid === undefined || !isAlive(child)) continue;
      const exited = once(child, "exit");
      // One that was paused would not end.
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await exited;
    }
    await rm(this.folder, { recursive: true, force: true });
    process.off("exit", this.#atOnce);
  }

  /** When this process ends in the middle, by a second Ctrl-C. */
  readonly #atOnce = (): void => {
    this.#stopping = true;
    for (const child of this.#running) if (isAlive(child)) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  };

  /** Not the operator's: it may tell these programs of other clusters. */
  #environment(): NodeJS.ProcessEnv {
    return { PATH: process.env["PATH"], HOME: this.folder, TMPDIR: this.folder };
  }
}

/** Writes down who is at work in a folder: the process that made it first, then its programs. */
function noteProcess(folder: string, pid: number): void {
  const found = findProcess(pid);
  if (found !== undefined) appendFileSync(join(folder, processes), `${pid} ${found.startTicks}\n`, { mode: 0o600 });
}

/** Ends what runs in folders of this user whose makers are no more, and removes them. */
export function tidyUp(): Promise<void> {
  return tidy(Object.values(scratchFor));
}

async function tidy(prefixes: readonly string[]): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!prefixes.some((prefix) => name.startsWith(prefix))) continue;
    const folder = join(tmpdir(), name);
    const info = await lstat(folder).catch(() => undefined);
    if (info?.isDirectory() !== true || info.uid !== process.getuid?.()) continue;
    const text = await readFile(join(folder, processes), "utf8").catch(() => undefined);
    // It is being made at this moment, or removed.
    if (text === undefined) continue;
    const living = [...text.matchAll(/^([1-9]\d*) (\d+)$/gm)].map(([, pid, ticks]) =>
      findProcess(Number(pid))?.startTicks === ticks ? Number(pid) : undefined,
    );
    if (living[0] !== undefined) continue;
    for (const pid of living) if (pid !== undefined) await endProcess(pid);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** @throws ScratchError when it does not go. */
async function endProcess(pid: number): Promise<void> {
  const deadline = performance.now() + endSeconds * 1000;
  while (findProcess(pid) !== undefined) {
    if (performance.now() > deadline)
      throw new ScratchError(`process ${pid} of a run that was killed does not end: end it, and remove its folder`);
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
    await sleep(20);
  }
}

function endOf(log: string): string {
  const text = readFileSync(log, "utf8").trim();
  return text === "" ? "it said nothing" : text.slice(-toldOfLog);
}

/** Ports of loopback that nobody listens on at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
