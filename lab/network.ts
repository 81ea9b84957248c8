import { lstat, readFile, readlink, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { bridges, prefixLengthOf, type Layout, type Segment } from "./layout.ts";
import { wayInto } from "./paths.ts";
import { run, tryRun } from "./run.ts";

/** The port of a host on its bridge, as systemd-nspawn names it. */
export function portName(host: string): string {
  return `vb-${host}`;
}

export interface Port {
  /** Whether frames pass: false is a partition. */
  forwarding: boolean;
}

/** Reads the ports of the bridges from `bridge -json link show`. */
export function parsePorts(json: string): Map<string, Port> {
  const links = JSON.parse(json.trim() || "[]") as { ifname?: string; master?: string; state?: string }[];
  const ports = new Map<string, Port>();
  for (const link of links) {
    if (link.ifname === undefined || !bridges.some((bridge) => link.master === bridge)) continue;
    ports.set(link.ifname.replace(/@.*/, ""), { forwarding: link.state !== "disabled" });
  }
  return ports;
}

/**
 * The network of one lab: a namespace with a bridge for each segment, the operator's addresses on them, and no route to anywhere else.
 * No packet for an address of the lab can leave the machine, and none comes in.
 */
export class LabNetwork {
  readonly namespace: string;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /** Prefix of a command that is to run inside. */
  get enter(): string[] {
    return wayInto(this.namespace);
  }

  /** Whether this very process runs inside. */
  async inside(): Promise<boolean> {
    try {
      const [own, named] = await Promise.all([readlink("/proc/self/ns/net"), stat(this.#file())]);
      return own === `net:[${named.ino}]`;
    } catch {
      return false;
    }
  }

  /** Whether the namespace is there and usable. */
  async exists(): Promise<boolean> {
    const there = await lstat(this.#file()).then(
      () => true,
      () => false,
    );
    return there && (await tryRun([...this.enter, "true"])).code === 0;
  }

  /** Makes namespace, bridges and addresses as far as they are missing. Packets pass from one segment to another, if there is another. */
  async up({ segments, mtu }: Layout): Promise<void> {
    if (!(await this.exists())) {
      // A file without a namespace behind it: what an unclean end of the machine's /run leaves.
      await rm(this.#file(), { force: true });
      await run(`creating the network namespace ${this.namespace}`, ["ip", "netns", "add", this.namespace]);
    }
    await this.#ip("bringing up the loopback interface", "link", "set", "lo", "up");
    for (const segment of segments) await this.#join(segment, mtu);
    const forwards = segments.length > 1 ? 1 : 0;
    await run("setting forwarding", [...this.enter, "sh", "-c", `echo ${forwards} >/proc/sys/net/ipv4/ip_forward`]);
  }

  async #join(segment: Segment, mtu: number | undefined): Promise<void> {
    const { bridge, router } = segment;
    if ((await tryRun(["ip", "-n", this.namespace, "link", "show", bridge])).code !== 0) {
      const quiet = ["stp_state", "0", "mcast_snooping", "0"];
      await this.#ip("creating a bridge", "link", "add", bridge, "type", "bridge", ...quiet);
    }
    const address = `${router}/${prefixLengthOf(segment)}`;
    await this.#ip("setting the operator's address", "address", "replace", address, "dev", bridge);
    if (mtu !== undefined) await this.#ip("setting the MTU", "link", "set", bridge, "mtu", String(mtu));
    await this.#ip("bringing up a bridge", "link", "set", bridge, "up");
  }

  /**
   * Removes the namespace. Processes of others inside keep an unnamed one alive until they end; they are not touched.
   * @returns a line per such process
   */
  async down(): Promise<string[]> {
    if (!(await this.exists())) {
      await rm(this.#file(), { force: true });
      return [];
    }
    const pids = (await run("listing processes", ["ip", "netns", "pids", this.namespace])).split("\n").filter(Boolean);
    const left: string[] = [];
    for (const pid of pids) {
      const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => undefined);
      if (name !== undefined) left.push(`${name.trim()} (process ${pid})`);
    }
    // Its interfaces go with a namespace, but not before the last process: with somebody left inside, take them now.
    for (const bridge of bridges) await tryRun(["ip", "-n", this.namespace, "link", "delete", bridge]);
    await run(`removing the network namespace ${this.namespace}`, ["ip", "netns", "delete", this.namespace]);
    return left;
  }

  /** Ports of the bridges by interface name; empty when there is no network. */
  async ports(): Promise<Map<string, Port>> {
    if (!(await this.exists())) return new Map();
    const result = await tryRun([...this.enter, "bridge", "-json", "link", "show"]);
    return parsePorts(result.stdout);
  }

  /** Lets no frame of this host through in either direction; its cable looks fine to it, as in a real partition. */
  async block(host: string): Promise<void> {
    await run(`partitioning host ${host}`, this.#setState(host, "0"));
  }

  /** Undoes `block`. */
  async unblock(host: string): Promise<void> {
    await run(`healing host ${host}`, this.#setState(host, "3"));
  }

  /**
   * Removes the interface of a host that has no process any more. It does not always go by itself: connections that the
   * host could not close keep its network namespace alive until the kernel gives up on them.
   */
  async unplug(host: string): Promise<void> {
    const port = portName(host);
    if (!(await this.ports()).has(port)) return;
    const result = await tryRun(["ip", "-n", this.namespace, "link", "delete", port]);
    // The kernel may have been faster.
    if (result.code === 0 || !(await this.ports()).has(port)) return;
    throw new Error(`removing the network interface ${port} of host ${host} failed: ${result.stderr.trim()}`);
  }

  #setState(host: string, state: string): string[] {
    return [...this.enter, "bridge", "link", "set", "dev", portName(host), "state", state];
  }

  #file(): string {
    return join("/run/netns", this.namespace);
  }

  async #ip(what: string, ...args: string[]): Promise<void> {
    await run(`${what} in ${this.namespace}`, ["ip", "-n", this.namespace, ...args]);
  }
}
