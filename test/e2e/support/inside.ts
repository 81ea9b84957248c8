import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { instanceName } from "../../../lab/paths.ts";
import type { Project } from "./project.ts";

/** A program of ours inside the lab's network namespace, where the operator's address is. It answers lines by lines. */
export class Inside<Begin> {
  /** The first line that it has printed. */
  readonly begin: Begin;
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, begin: Begin) {
    this.child = child;
    this.lines = lines;
    this.begin = begin;
  }

  /** @param program a file beside this one. */
  static async start<Begin>(project: Project, program: string, ...args: string[]): Promise<Inside<Begin>> {
    const file = path.join(import.meta.dirname, program);
    const command = ["netns", "exec", instanceName(project.dir), process.execPath, file, ...args];
    const child = spawn("ip", command, { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done === true) throw new Error(`${program} has ended before it began`);
    return new Inside(child, lines, JSON.parse(first.value) as Begin);
  }

  /** The answer to a line. */
  async ask(line: string): Promise<string> {
    this.child.stdin?.write(`${line}\n`);
    const answer = await this.lines.next();
    if (answer.done === true) throw new Error("the program has ended");
    return answer.value;
  }

  /** Ends the program. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, "close");
    this.child.stdin?.end();
    await closed;
  }
}

/** The operator's address in the lab's network. */
export const operatorAddress = "10.27.0.1";
