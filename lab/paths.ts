import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** 8 hexadecimal digits that tell the labs of different project directories apart. */
export function instanceId(projectDir: string): string {
  return createHash("sha256").update(resolve(projectDir)).digest("hex").slice(0, 8);
}

/** Name of the network namespace and of the cgroup that hold one lab. */
export function instanceName(projectDir: string): string {
  return `plinth-${instanceId(projectDir)}`;
}

/** Prefix of a command that is to run in a network namespace. */
export function wayInto(namespace: string): string[] {
  return ["ip", "netns", "exec", namespace];
}

/** Where the lab keeps what; directories are made by those who write. */
export class LabPaths {
  /** Base images, shared by all labs of this user; may be deleted while no lab has hosts. */
  readonly cache: string;
  /** Keys, shared by all labs of this user. */
  readonly ssh: string;
  /** Lock files; never removed, because a removed one locks nothing. */
  readonly locks: string;
  /** Disks and logs of this lab. */
  readonly instance: string;
  /** A file beside the stacks' state: it is there from `lab down` on until there is a cluster again. */
  readonly takenDown: string;

  constructor(projectDir: string, environment: NodeJS.ProcessEnv = process.env) {
    // The XDG specification says that an empty or relative value counts as unset.
    const base = (name: string, fallback: string): string => {
      const value = environment[name];
      return value?.startsWith("/") ? value : join(homedir(), fallback);
    };
    const state = join(base("XDG_STATE_HOME", ".local/state"), "plinth", "lab");
    this.cache = join(base("XDG_CACHE_HOME", ".cache"), "plinth", "lab");
    this.ssh = join(state, "ssh");
    this.locks = join(state, "locks");
    this.instance = join(state, instanceId(projectDir));
    this.takenDown = join(resolve(projectDir), ".plinth", "lab-taken-down");
  }

  get hosts(): string {
    return join(this.instance, "hosts");
  }

  host(name: string): string {
    return join(this.hosts, name);
  }
}
