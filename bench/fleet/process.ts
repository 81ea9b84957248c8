import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { moduleExtension } from "../../home.ts";
import type { FleetAccess } from "./fleet.ts";
import type { HostPlace } from "./host.ts";
import type { MirroredScript } from "./mirror.ts";
import type { FleetQuestions, Reply } from "./protocol.ts";
import type { StartupLimit } from "./startups.ts";

/** A fleet in a process of its own, so that what it costs is told apart from what is measured. */
export class FleetProcess {
  readonly #child: ChildProcess;
  readonly access: FleetAccess;

  private constructor(child: ChildProcess, access: FleetAccess) {
    this.#child = child;
    this.access = access;
  }

  static async start(startups?: StartupLimit): Promise<FleetProcess> {
    // In a group of its own: Ctrl-C is for what is measured, which still talks to the fleet when it stops in good order.
    const child = fork(join(import.meta.dirname, `main${moduleExtension}`), { detached: true });
    try {
      return new FleetProcess(child, await ask(child, "start", startups === undefined ? {} : { startups }));
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  /** Adds hosts. Returns host name → public host key. */
  add(hosts: readonly HostPlace[]): Promise<Record<string, string>> {
    return ask(this.#child, "add", { hosts: [...hosts] });
  }

  /** The mirror has these scripts from now on. */
  async publish(scripts: readonly MirroredScript[]): Promise<void> {
    await ask(this.#child, "publish", { scripts: [...scripts] });
  }

  /** What was asked of the hosts since the last call. */
  count(): Promise<FleetQuestions["count"]["answer"]> {
    return ask(this.#child, "count", {});
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}

function ask<Name extends keyof FleetQuestions>(
  child: ChildProcess,
  name: Name,
  question: FleetQuestions[Name]["ask"],
): Promise<FleetQuestions[Name]["answer"]> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null): void => {
      reject(new Error(`the process of the simulated fleet ended with exit code ${code ?? "none"}`));
    };
    child.once("exit", gone);
    child.once("message", (reply: Reply) => {
      child.off("exit", gone);
      if ("error" in reply) reject(new Error(`the simulated fleet: ${reply.error}`));
      else resolve(reply.answer as FleetQuestions[Name]["answer"]);
    });
    child.send({ name, ask: question });
  });
}
