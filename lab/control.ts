import { join } from "node:path";
import { run } from "./run.ts";

export interface ListedHost {
  frozen: boolean;
  /** Process id of the host's init; null while it is just starting or ending. */
  init: number | null;
}

/** Reads the lines of `control.sh list`. */
export function parseList(text: string): Map<string, ListedHost> {
  const hosts = new Map<string, ListedHost>();
  for (const line of text.split("\n").filter(Boolean)) {
    const [name = "", state, init = "-"] = line.split(" ");
    hosts.set(name, { frozen: state === "frozen", init: init === "-" ? null : Number(init) });
  }
  return hosts;
}

/** The processes of the hosts of one lab, reached through their cgroups: never by an id that could be another's by now. */
export class HostControl {
  readonly #instance: string;

  constructor(instance: string) {
    this.#instance = instance;
  }

  /** Hosts that have at least one process. */
  async list(): Promise<Map<string, ListedHost>> {
    return parseList(await this.#do("listing the lab's hosts", "list"));
  }

  /** Ends every process of the host at once, without giving any the chance to say goodbye. Nothing to do for a host that is off. */
  async kill(host: string): Promise<void> {
    await this.#do(`cutting the power of host ${host}`, "kill", host);
  }

  /** Stops every process where it is; returns when they stand still. */
  async freeze(host: string): Promise<void> {
    await this.#do(`pausing host ${host}`, "freeze", host);
  }

  async thaw(host: string): Promise<void> {
    await this.#do(`resuming host ${host}`, "thaw", host);
  }

  /** Removes the cgroups of the whole lab: its hosts must be off. */
  async remove(): Promise<void> {
    await this.#do("removing the lab's cgroups", "remove");
  }

  async #do(what: string, verb: string, ...args: string[]): Promise<string> {
    const script = join(import.meta.dirname, "host", "control.sh");
    return run(what, ["unshare", "-m", "--propagation", "private", script, verb, this.#instance, ...args]);
  }
}
