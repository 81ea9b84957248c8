import type { Identities } from "./keyfile.ts";
import type { SshTarget } from "./types.ts";

/**
 * How this process goes to a host, beyond what the target says: it stays in this process, so that neither a program nor the
 * engine's state knows it, and another one is no change of what runs there.
 */
export interface Way {
  /** Where the host really is, who to log in as: in place of the target's. */
  host?: string;
  port?: number;
  user?: string;
  /** Bastions, the first one from here first. Each is reached through the one before. */
  bastions?: readonly SshTarget[];
  /** What to log in with, in place of the keys of the run. */
  identities?: Identities;
  /** Commands run as root, by sudo with this password, unless root logs in. Default: as they are. */
  sudoPassword?: string;
}

/** A target with its way: the connection, and whether commands go by sudo. */
export interface Resolved {
  target: SshTarget;
  sudoPassword?: string;
}

function endpoint({ host, port = 22, user = "root" }: SshTarget): string {
  return JSON.stringify([host, port, user]);
}

/** One after the other: the last one is what a host is connected through. */
export function chained(bastions: readonly SshTarget[]): SshTarget | undefined {
  return bastions.reduce<SshTarget | undefined>(
    (before, bastion) => (before === undefined ? bastion : { ...bastion, proxy: before }),
    undefined,
  );
}

/** The ways of a process, by host, port and user as targets have them. */
export class Ways {
  readonly #known = new Map<string, Way>();
  #others: Way = {};

  /** @param others of targets that nobody has told of, where they name no way and no credentials themselves. */
  add(ways: Iterable<readonly [SshTarget, Way]>, others: Way): void {
    for (const [target, way] of ways) this.#known.set(endpoint(target), way);
    this.#others = others;
  }

  of(target: SshTarget): Resolved {
    const own = target.privateKey ?? target.password ?? target.agentSocketPath ?? target.proxy;
    const way = this.#known.get(endpoint(target)) ?? (own === undefined ? this.#others : {});
    const { bastions, sudoPassword, host, port, user, identities } = way;
    const proxy = chained(bastions ?? []) ?? target.proxy;
    const resolved: SshTarget = {
      ...target,
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
      ...(user === undefined ? {} : { user }),
      ...(identities === undefined ? {} : { identities }),
      ...(proxy === undefined ? {} : { proxy }),
    };
    const needed = sudoPassword !== undefined && (resolved.user ?? "root") !== "root";
    return { target: resolved, ...(needed ? { sudoPassword } : {}) };
  }
}
