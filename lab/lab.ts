import { join } from "node:path";
import { withLock } from "../local/lock.ts";
import { HostControl, type ListedHost } from "./control.ts";
import { ensureIdentity } from "./identity.ts";
import { ensureImage } from "./image.ts";
import { layoutOf } from "./layout.ts";
import { recordedLikeness, settleLikeness } from "./likeness.ts";
import { raiseLimits } from "./limits.ts";
import { Machine, type MachineContext, type Site } from "./machine.ts";
import { LabNetwork, portName, type Port } from "./network.ts";
import { instanceName, LabPaths } from "./paths.ts";
import { eachLimited, poll } from "./poll.ts";
import { processAge } from "./process.ts";
import { forgetHost, forgetHosts, recordedHosts, recordHost, type RecordedHost } from "./registry.ts";
import { stateOf } from "./state.ts";
import { ensureTools, requireRoot } from "./tools.ts";
import { LabError, type LabHost, type LabHostState, type LabHostStatus, type LabOptions } from "./types.ts";
import { mustNotCollide, validateHosts } from "./validate.ts";
import { ingredientsOf, parseVariants } from "./variants.ts";

/** Hosts that boot at the same time; more only take the processor from each other. */
const bootsAtOnce = 2;

/** A host that runs for less than this is given the rest of it to answer; an older one gets `silenceSeconds`. */
const bootSeconds = 60;
const silenceSeconds = 10;

/** How long to wait for another process that changes the lab, seconds: longer than building a base image and booting takes. */
const patienceSeconds = 900;

interface Look {
  listed: Map<string, ListedHost>;
  ports: Map<string, Port>;
}

/**
 * Real hosts on this machine: each a Debian system with its own systemd, sshd, network and cgroups, all of them in
 * one network namespace without a way out. One command at a time changes a lab; others wait.
 */
export class Lab {
  /** Network namespace of this lab; the operator's own processes belong into it (see `enter`). */
  readonly namespace: string;
  /** Where keys, disks and logs are. */
  readonly paths: LabPaths;
  readonly #options: LabOptions;
  readonly #network: LabNetwork;
  readonly #control: HostControl;
  readonly #context: MachineContext;

  /** @throws LabError when a host has an impossible name or address; all findings at once */
  constructor(options: LabOptions) {
    validateHosts(options.hosts, layoutOf(options, []).segments);
    this.#options = options;
    this.namespace = instanceName(options.projectDir);
    this.paths = new LabPaths(options.projectDir);
    this.#network = new LabNetwork(this.namespace);
    this.#control = new HostControl(this.namespace);
    this.#context = { paths: this.paths, network: this.#network, user: options.user };
  }

  /** Prefix of a command that is to run in the lab's network. */
  get enter(): string[] {
    return this.#network.enter;
  }

  /** File of the operator's private key. */
  get privateKeyFile(): string {
    return join(this.paths.ssh, "id_ed25519");
  }

  /** File that pins the host key of every lab host by its address. */
  get knownHostsFile(): string {
    return join(this.paths.ssh, "known_hosts");
  }

  /** Directory that is `/var` on a host. Its files may be changed only while the host is off. */
  varDirectory(name: string): Promise<string> {
    return new Machine({ name, address: "", base: "" }, this.#context).varDirectory();
  }

  /**
   * Boots every host that is off and waits until it answers by SSH and systemd has finished starting. Hosts that are paused
   * or partitioned are somebody's experiment and stay as they are; a host that was deleted from the inventory is not booted any
   * more. Idempotent; after a reboot of the machine the hosts come back with their disks.
   * @param like names of variants (see variants.ts) that all hosts of this lab are like until `down`; nothing: as they have been
   */
  async up(like: readonly string[] = []): Promise<void> {
    requireRoot();
    const wanted = parseVariants(like);
    if (wanted.length > 0) await this.#locked(() => settleLikeness(this.paths, wanted));
    await this.#boot(this.#options.hosts);
  }

  /** Adds one host to those that run. The lab remembers it until `remove` or `down`. */
  async add(host: LabHost): Promise<void> {
    await this.#boot([host]);
  }

  /** Ends all hosts and removes everything of this lab: processes, cgroups, network, disks. Keys and base images stay. */
  async down(): Promise<void> {
    requireRoot();
    if (await this.#network.inside()) {
      throw new LabError(
        `this process runs inside of the lab's network ${this.namespace}: use \`lab down\` outside of it`,
      );
    }
    await this.#locked(async () => {
      const names = new Set([
        ...(await recordedHosts(this.paths)).map((host) => host.name),
        ...(await this.#control.list()).keys(),
      ]);
      for (const name of names) await this.#powerOff(name);
      await this.#control.remove();
      for (const process of await this.#network.down()) {
        this.#say(`${process} still runs in the lab's network, which has nothing in it any more`);
      }
      await forgetHosts(this.paths);
      this.#say(names.size === 0 ? "the lab was down" : `the lab is down: ${[...names].join(", ")} removed`);
    });
  }

  /** All hosts of the inventory and those added since, in the order of their addresses. */
  async status(): Promise<LabHostStatus[]> {
    requireRoot();
    const [listed, ports, hosts] = await Promise.all([this.#control.list(), this.#network.ports(), this.#hosts()]);
    const like = await recordedLikeness(this.paths);
    const found = await Promise.all(hosts.map((host) => this.#statusOf(host, listed, ports)));
    return found.map((host) => (like.length === 0 ? host : { ...host, like }));
  }

  /** Power loss: nothing is flushed, closed or announced. The disk stays as it is. */
  async kill(name: string): Promise<void> {
    await this.#change(name, async (host, state) => {
      if (state === "off") {
        this.#say(`host ${name} is off already`);
        return;
      }
      await this.#cutPower(name);
      this.#say(`host ${host.name} is off`);
    });
  }

  /** Other hardware under the same name and address: power loss, a fresh disk with another machine id, and power on. */
  async wipe(name: string): Promise<void> {
    requireRoot();
    const image = await this.#image(await this.#site());
    await this.#change(name, async (host) => {
      if (!(await this.#network.exists())) throw new LabError("the lab is down: use `lab up`");
      await this.#cutPower(name);
      await new Machine({ ...host, base: image }, this.#context).dropDisk();
      await recordHost(this.paths, { ...host, base: image });
      this.#say(`host ${name} gets a fresh disk`);
      await this.#bootOne(host);
    });
  }

  /** Power loss for good: the host, its disk and its record are gone. One that the inventory has is made anew by `up`. */
  async remove(name: string): Promise<void> {
    await this.#change(name, async () => {
      await this.#cutPower(name);
      await forgetHost(this.paths, name);
      const listed = this.#options.hosts.some((host) => host.name === name);
      this.#say(`host ${name} is removed${listed ? ", and in the inventory: `lab up` makes it anew" : ""}`);
    });
  }

  /** Power on: boots the same disk and waits until the host answers. */
  async start(name: string): Promise<void> {
    await this.#change(name, async (host, state) => {
      if (state === "paused") throw new LabError(`host ${name} is paused, not off: use \`lab resume ${name}\``);
      if (state !== "off") {
        this.#say(`host ${name} is on already`);
        return;
      }
      if (!(await this.#network.exists())) throw new LabError("the lab is down: use `lab up`");
      await this.#bootOne(host);
    });
  }

  /** Stops all processes of a host where they are. */
  async pause(name: string): Promise<void> {
    await this.#change(name, async (_host, state) => {
      this.#mustBeOn(name, state, "paused");
      if (state === "paused") this.#say(`host ${name} is paused already`);
      else await this.#control.freeze(name);
    });
  }

  /** Lets a paused host go on. */
  async resume(name: string): Promise<void> {
    await this.#change(name, async (_host, state) => {
      this.#mustBeOn(name, state, "resumed");
      if (state === "paused") await this.#control.thaw(name);
      else this.#say(`host ${name} is not paused`);
    });
  }

  /** Lets no packet in or out of a host; its own interface looks fine to it. Ends with `heal`, or with its next boot. */
  async partition(name: string): Promise<void> {
    await this.#change(name, async (_host, state) => {
      this.#mustBeOn(name, state, "partitioned");
      await this.#network.block(name);
    });
  }

  /** Ends the partition of one host, or of all. */
  async heal(name?: string): Promise<void> {
    if (name !== undefined) {
      await this.#change(name, async (_host, state) => {
        this.#mustBeOn(name, state, "healed");
        await this.#network.unblock(name);
      });
      return;
    }
    requireRoot();
    await this.#locked(async () => {
      const ports = await this.#network.ports();
      for (const host of await this.#hosts()) {
        if (ports.get(portName(host.name))?.forwarding !== false) continue;
        await this.#network.unblock(host.name);
        this.#say(`host ${host.name} is healed`);
      }
    });
  }

  /** Hosts of the inventory as the lab has them, and those added since. */
  async #hosts(): Promise<LabHost[]> {
    const byName = new Map<string, LabHost>();
    for (const host of await recordedHosts(this.paths)) byName.set(host.name, host);
    for (const host of this.#options.hosts) if (!byName.has(host.name)) byName.set(host.name, host);
    const number = (host: LabHost): number =>
      host.address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    return [...byName.values()].sort((a, b) => number(a) - number(b));
  }

  async #site(): Promise<Site> {
    const { subnet, podCidr } = this.#options;
    const like = await recordedLikeness(this.paths);
    return { like, layout: layoutOf(this.#options, like), subnet, podCidr };
  }

  /** The digest of the base image for hosts of this lab, which is built where it is missing. */
  #image({ like }: Site): Promise<string> {
    return ensureImage(this.paths.cache, this.#options.user, ingredientsOf(like), (line) => {
      this.#say(line);
    });
  }

  async #boot(wanted: readonly LabHost[]): Promise<void> {
    const say = (line: string): void => {
      this.#say(line);
    };
    requireRoot();
    // One installation at a time: the package manager does not wait for another one that fetches lists.
    await this.#withLock("tools", () => ensureTools(say));
    await raiseLimits(say);
    const site = await this.#site();
    const image = await this.#image(site);
    await this.#locked(async () => {
      const recorded = new Map((await recordedHosts(this.paths)).map((host) => [host.name, host]));
      const hosts = new Map<string, RecordedHost>(recorded);
      const listed = (name: string): boolean => this.#options.hosts.some((host) => host.name === name);
      for (const { name, address } of wanted) {
        const base = recorded.get(name)?.base ?? image;
        hosts.set(name, { name, address, base, ...(listed(name) ? {} : { added: true }) });
      }
      const unlisted = [...hosts.values()].filter(({ name, added }) => added === undefined && !listed(name));
      mustNotCollide(wanted, unlisted);
      validateHosts([...hosts.values()], site.layout.segments);
      await this.#withLock("ssh", () => ensureIdentity(this.paths.ssh, [...hosts.values()]));
      await this.#network.up(site.layout);

      const { listed: alive, ports } = await this.#look();
      const off: RecordedHost[] = [];
      const running: RecordedHost[] = [];
      for (const host of hosts.values()) {
        const state = stateOf(host.name, alive, ports);
        const before = recorded.get(host.name);
        if (state !== "off" && before !== undefined && before.address !== host.address) {
          throw new LabError(
            `host ${host.name} runs with address ${before.address}, but ${host.address} is asked for: ` +
              `\`lab kill ${host.name}\` first, it boots with the new address`,
          );
        }
        await recordHost(this.paths, host);
        if (state === "off" && unlisted.includes(host)) {
          const { name } = host;
          this.#say(
            `host ${name} is not in the inventory any more and stays off: \`lab start ${name}\` boots it, \`lab remove ${name}\` forgets it`,
          );
        } else if (state === "off") off.push(host);
        else if (state === "running") running.push(host);
        else this.#say(`host ${host.name} is ${state} and stays so`);
      }
      // One that runs may still be booting, for a process that was killed meanwhile.
      await eachLimited(running, running.length, (host) => this.#awaitBooted(host, alive));
      await eachLimited(off, bootsAtOnce, (host) => this.#bootOne(host));
    });
  }

  /** Waits for a host that somebody else booted. That it stays silent is told and no error: it may be somebody's experiment. */
  async #awaitBooted(host: RecordedHost, listed: ReadonlyMap<string, ListedHost>): Promise<void> {
    const init = listed.get(host.name)?.init ?? null;
    const age = init === null ? 0 : ((await processAge(init)) ?? 0);
    const outcome = await new Machine(host, this.#context).ready(Math.max(silenceSeconds, bootSeconds - age));
    if (typeof outcome === "string") this.#say(`host ${host.name} runs but ${outcome}`);
  }

  async #bootOne(host: LabHost): Promise<void> {
    const recorded = (await recordedHosts(this.paths)).find((candidate) => candidate.name === host.name);
    if (recorded === undefined) throw new LabError(`host ${host.name} has not been made yet: use \`lab up\``);
    const machine = new Machine(recorded, this.#context);
    // Something of an earlier life may be left: a supervisor without its host, a host without its network.
    await this.#powerOff(host.name);
    await this.#network.unplug(host.name);
    const started = Date.now();
    const { failed, starting } = await machine.boot(await this.#site());
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    this.#say(`host ${host.name} (${host.address}) answers after ${seconds} s`);
    if (failed.length > 0) this.#say(`host ${host.name}: failed units: ${failed.join(", ")}`);
    if (starting.length > 0) this.#say(`host ${host.name}: still starting: ${starting.join(", ")}`);
  }

  async #statusOf(host: LabHost, listed: Map<string, ListedHost>, ports: Map<string, Port>): Promise<LabHostStatus> {
    const state = stateOf(host.name, listed, ports);
    const pid = listed.get(host.name)?.init ?? null;
    const machine = new Machine({ ...host, base: "" }, this.#context);
    const ssh = state === "running" && (await machine.ssh("true", 6)).code === 0;
    const { name, address } = host;
    return { name, address, state, ssh, pid, uptime: pid === null ? null : await processAge(pid) };
  }

  async #change(name: string, work: (host: LabHost, state: LabHostState) => Promise<void>): Promise<void> {
    requireRoot();
    const hosts = await this.#hosts();
    const host = hosts.find((candidate) => candidate.name === name);
    if (host === undefined) {
      throw new LabError(
        `unknown lab host "${name}": known are ${hosts.map((known) => known.name).join(", ") || "none"}`,
      );
    }
    await this.#locked(async () => {
      const { listed, ports } = await this.#look();
      await work(host, stateOf(name, listed, ports));
    });
  }

  /** First the cable: the connections of a machine without power are not closed, its peers just hear no more. */
  async #cutPower(name: string): Promise<void> {
    if ((await this.#network.ports()).has(portName(name))) await this.#network.block(name);
    await this.#powerOff(name);
    await this.#network.unplug(name);
  }

  /** Repeats until the supervisor is gone too: one that had just been started joins its cgroup a moment later. */
  async #powerOff(name: string): Promise<void> {
    const machine = new Machine({ name, address: "", base: "" }, this.#context);
    const gone = await poll(15, async () => {
      await this.#control.kill(name);
      return (await machine.supervised()) ? undefined : true;
    });
    if (gone === undefined) {
      throw new Error(`host ${name}: the process named in ${machine.supervisorFile} has not ended within 15 s; end it`);
    }
  }

  /** Hosts with processes and ports with hosts; a host that is just rebooting gets the time to plug its cable in again. */
  async #look(): Promise<Look> {
    let look: Look = { listed: new Map(), ports: new Map() };
    await poll(5, async () => {
      const [listed, ports] = await Promise.all([this.#control.list(), this.#network.ports()]);
      look = { listed, ports };
      return [...listed].every(([name, host]) => host.frozen || ports.has(portName(name))) ? true : undefined;
    });
    return look;
  }

  #mustBeOn(name: string, state: LabHostState, done: string): void {
    if (state === "off")
      throw new LabError(`host ${name} is off and cannot be ${done}: use \`lab start ${name}\` first`);
  }

  #locked<T>(work: () => Promise<T>): Promise<T> {
    return this.#withLock(this.namespace, work);
  }

  #withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
    const onWait = (holder: string): void => {
      this.#say(`waiting for another process that is changing the lab (${holder})`);
    };
    return withLock(join(this.paths.locks, `${name}.lock`), onWait, work, patienceSeconds);
  }

  #say(line: string): void {
    this.#options.onProgress?.(line);
  }
}
