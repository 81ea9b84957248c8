import { spawn } from "node:child_process";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "./files.ts";
import { sshCommand } from "./identity.ts";
import { imageDirectory } from "./image.ts";
import type { LabNetwork } from "./network.ts";
import { prefixLengthOf, segmentOf, type Layout } from "./layout.ts";
import type { LabPaths } from "./paths.ts";
import { poll } from "./poll.ts";
import { recordedProcessAlive } from "./process.ts";
import { parseReadiness, readinessCommand, type Readiness } from "./readiness.ts";
import type { RecordedHost } from "./registry.ts";
import { run, tryRun } from "./run.ts";
import { LabError, type LabOptions } from "./types.ts";
import { scriptedVariants, type VariantName } from "./variants.ts";

/** From the start of a host until it must have booted, in seconds; ordinary is 2 to 10. */
const bootDeadline = 180;

/** What ssh says when one of both keys is not the expected one. */
const refusal = /Host key verification failed|Permission denied/;

export interface MachineContext {
  paths: LabPaths;
  network: LabNetwork;
  user: string;
}

/** What a host has around itself. */
export interface Site extends Pick<LabOptions, "subnet" | "podCidr"> {
  like: readonly VariantName[];
  layout: Layout;
}

/** One host as a machine: a disk, a supervisor process that outlives this one, a console log. */
export class Machine {
  readonly host: RecordedHost;
  readonly #context: MachineContext;

  constructor(host: RecordedHost, context: MachineContext) {
    this.host = host;
    this.#context = context;
  }

  get #directory(): string {
    return this.#context.paths.host(this.host.name);
  }

  get #baseRoot(): string {
    return join(imageDirectory(this.#context.paths.cache, this.host.base), "root");
  }

  /** Makes the disk unless there is one. */
  async ensureDisk(): Promise<void> {
    if (!(await exists(join(this.#directory, "disk")))) {
      const script = join(import.meta.dirname, "host", "make-disk.sh");
      await run(`making the disk of host ${this.host.name}`, [
        ...["unshare", "-m", "--propagation", "private", script],
        ...[this.#baseRoot, this.#directory],
      ]);
    } else if (!(await exists(this.#baseRoot)) && !(await exists(join(this.#directory, "disk", "root")))) {
      throw new LabError(
        `host ${this.host.name}: its disk stands on a base image that was deleted (${this.#baseRoot}); ` +
          "`lab down` and `lab up` make it anew",
      );
    }
  }

  /** Takes the disk away; the next boot makes another, with a machine id of its own. The host must be off. */
  async dropDisk(): Promise<void> {
    const disk = join(this.#directory, "disk");
    const half = `${disk}.new`;
    await rm(half, { recursive: true, force: true });
    // In one step to the name of a disk that is not finished: what an interrupted removal leaves is never booted.
    if (await exists(disk)) await rename(disk, half);
    await rm(half, { recursive: true, force: true });
  }

  /** Boots the disk, as the site wants it, and waits until the host answers.  */
  async boot({ like, layout, subnet, podCidr }: Site): Promise<Readiness> {
    await this.ensureDisk();
    await mkdir(this.#directory, { recursive: true });
    const log = join(this.#directory, "console.log");
    if (await exists(log)) await rename(log, `${log}.1`);
    const output = await open(log, "a");
    const { paths, network, user } = this.#context;
    const segment = segmentOf(this.host.address, layout);
    const [program = "", ...args] = [
      ...network.enter,
      ...["unshare", "-m", "--propagation", "private", join(import.meta.dirname, "host", "boot.sh")],
    ];
    let ended: string | undefined;
    try {
      const child = spawn(program, args, {
        // A session of its own and no pipe to this process: the host goes on when the command line ends.
        detached: true,
        cwd: "/",
        stdio: ["ignore", output.fd, output.fd],
        env: {
          PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          LC_ALL: "C",
          PLINTH_LAB_CGROUPS: process.env["PLINTH_LAB_CGROUPS"] ?? "",
          LAB_INSTANCE: network.namespace,
          LAB_HOST: this.host.name,
          LAB_ADDRESS: `${this.host.address}/${prefixLengthOf(segment)}`,
          LAB_BRIDGE: segment.bridge,
          LAB_DISK: this.#directory,
          LAB_BASE: this.#baseRoot,
          LAB_SSH: paths.ssh,
          LAB_USER: user,
          LAB_LIKE: scriptedVariants(like).join(" "),
          LAB_SUBNET: subnet,
          LAB_ROUTER: segment.router,
          LAB_PODS: podCidr,
          LAB_MTU: String(layout.mtu ?? ""),
        },
      });
      child.on("error", (error) => (ended = error.message));
      child.on("exit", (code, signal) => (ended = `it returned ${code ?? signal ?? "nothing"}`));
      child.unref();
      const outcome = await this.ready(bootDeadline, () => ended);
      if (typeof outcome === "string") throw new Error(await this.#failure(outcome));
      return outcome;
    } finally {
      await output.close();
    }
  }

  /** Where the supervisor writes down its process id. */
  get supervisorFile(): string {
    return join(this.#directory, "supervisor");
  }

  /** Whether the supervisor of this host runs. */
  async supervised(): Promise<boolean> {
    return recordedProcessAlive(this.supervisorFile);
  }

  /** Directory that is `/var` on the host. */
  async varDirectory(): Promise<string> {
    const disk = join(this.#directory, "disk");
    return (await exists(join(disk, "root"))) ? join(disk, "root", "var") : join(disk, "var");
  }

  /** Runs a command on the host as the operator's account. Code 255: SSH itself failed. */
  async ssh(
    command: string,
    timeoutSeconds: number,
    connectSeconds = 3,
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const { network, paths, user } = this.#context;
    const login = sshCommand(paths.ssh, user, this.host.address, connectSeconds);
    return tryRun([...network.enter, "timeout", String(timeoutSeconds), ...login, command]);
  }

  /**
   * Waits until the host answers by SSH and systemd has an answer too.
   * @param seconds how long; a refused key ends the wait at once, because it will not become right
   * @param ended tells why the supervisor that this process started is gone; undefined as long as it is there
   * @returns what it says of itself, or the reason why it says nothing, to follow the name of the host
   */
  async ready(
    seconds: number = bootDeadline,
    ended: () => string | undefined = () => undefined,
  ): Promise<Readiness | string> {
    let last = "no answer";
    const answer = await poll(
      seconds,
      async () => {
        const reason = ended();
        if (reason !== undefined) return `did not boot: ${reason}`;
        const result = await this.ssh(readinessCommand, bootDeadline);
        last =
          result.stderr.trim().split("\n").at(-1) || result.stdout.trim() || `ssh returned ${result.code ?? "nothing"}`;
        if (result.code === 255 && refusal.test(result.stderr)) return `is not what the lab made it: ${last}`;
        return parseReadiness(result.stdout);
      },
      200,
    );
    return answer ?? `did not answer within ${seconds} s: ${last}`;
  }

  async #failure(sentence: string): Promise<string> {
    const log = join(this.#directory, "console.log");
    const lines = (await readFile(log, "utf8")).trim().split("\n").slice(-10).join("\n");
    return `lab host ${this.host.name} ${sentence}; the end of its console (${log}):\n${lines}`;
  }
}
