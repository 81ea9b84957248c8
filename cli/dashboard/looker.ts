import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { home, moduleExtension } from "../../home.ts";
import { withoutPhases } from "../process/phases.ts";
import { tiedVariable } from "../process/tie.ts";

export interface LookerOptions {
  /** The command line, without `plinth`: it prints documents, one a line, and may go on for ever. */
  args: readonly string[];
  /** Seconds from its end to when it is started again. */
  pause: number;
  onLine: (line: string) => void;
  /** What it complains about, and that it has ended. */
  onComplaint: (text: string) => void;
  /** The module that is run. Default: Plinth's own command line. */
  program?: string;
}

/**
 * Runs a command of Plinth that looks, in a process of its own: of the lab it goes into the lab's network, which this process stays out of.
 * It is started again whenever it has ended.
 */
export class Looker {
  readonly #options: LookerOptions;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #restarting = false;
  #complaint = "";

  constructor(options: LookerOptions) {
    this.#options = options;
  }

  start(): void {
    const { args, onLine, onComplaint, program = join(home, "cli", `main${moduleExtension}`) } = this.#options;
    const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
      // A group of its own: Ctrl-C reaches it when this process ends, by the end of its standard input.
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...withoutPhases(process.env), [tiedVariable]: "1" },
    });
    this.#child = child;
    this.#complaint = "";
    createInterface({ input: child.stdout }).on("line", onLine);
    createInterface({ input: child.stderr }).on("line", (line) => {
      const [, complaint] = /^(?:warning|plinth): (.*)$/.exec(line) ?? [];
      if (complaint === undefined || this.#stopped) return;
      this.#complaint = complaint;
      onComplaint(complaint);
    });
    child.once("error", (error) => {
      onComplaint(error.message);
      this.#again();
    });
    child.once("close", (code, signal) => {
      if (this.#stopped) return;
      if (this.#restarting) {
        this.#restarting = false;
        this.start();
        return;
      }
      const how = signal === null ? `exit code ${code ?? 0}` : signal;
      // One that is to print once, and has, is no complaint.
      if (code !== 0 && this.#complaint === "") onComplaint(`${args[0] ?? ""} has ended (${how})`);
      this.#again();
    });
  }

  /** Begins anew at once. */
  restart(): void {
    // One that is about to be started begins anew anyway.
    if (this.#timer !== undefined) return;
    this.#restarting = this.#child?.kill("SIGINT") === true;
  }

  /** Ends it, and does not start it again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGINT");
    // A second signal ends it at once: it only looks.
    child.kill("SIGTERM");
    await closed;
  }

  #again(): void {
    if (this.#stopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.start();
    }, this.#options.pause * 1000);
  }
}
