import { SshConnection, StaleConnection } from "./connection.ts";
import { dialWithBudget } from "./dial.ts";
import { errorText, hostLabel, interrupted, SshError } from "./errors.ts";
import { collect, gather } from "./exec.ts";
import { targetIdentity } from "./identity.ts";
import { login, planLogin } from "./login.ts";
import { openSocket, openThroughProxy, type Transport } from "./transport.ts";
import type { AttendedCommand, ExecOptions, ExecResult, SshStats, SshTarget } from "./types.ts";

const NEVER = new AbortController().signal;
const DIAL_SECONDS = 15;

interface Entry {
  connection: Promise<SshConnection>;
  /** Set when the connection is there. */
  established?: SshConnection;
  /** Callers that wait for the dial; when all have gone it is aborted. */
  waiting: number;
  dial: AbortController;
}

/**
 * SSH connections, one per target and process, shared by all who run commands on hosts.
 *
 * A host whose dial budget is spent, which refuses the login or shows a wrong host key is not dialled again: further
 * calls fail at once with the same error, until `resetBreakers()` or `resetStats()`.
 */
export class SshPool {
  readonly #entries = new Map<string, Entry>();
  readonly #broken = new Map<string, SshError>();
  readonly #stats = new Map<string, SshStats>();

  /**
   * Runs `command` in the login shell of the target's user. A non-zero exit is a result, not an error.
   * Rejects with `SshError` alone.
   */
  async exec(target: SshTarget, command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const signal = options.signal ?? NEVER;
    return this.#with(target, signal, async (connection) => {
      const { heard } = await connection.exec(command, options.env ?? {}, signal, (channel) =>
        collect(channel, target, options),
      );
      try {
        this.#count(target).roundTrips++;
        return await heard;
      } finally {
        connection.release();
      }
    });
  }

  /**
   * Starts a command that runs on until its standard input ends, which this process may do by simply ending: nothing waits
   * for it. It takes one of the sessions that sshd allows on the connection. Rejects with `SshError` alone.
   */
  async attend(
    target: SshTarget,
    command: string,
    options: Pick<ExecOptions, "onStdout" | "onStderr"> = {},
  ): Promise<AttendedCommand> {
    return this.#with(target, NEVER, async (connection) => {
      const { heard } = await connection.exec(command, {}, NEVER, (channel) => ({
        channel,
        ended: gather(channel, target, options),
      }));
      this.#count(target).roundTrips++;
      const { channel, ended } = heard;
      ended.finally(connection.attend()).catch(() => undefined);
      return {
        write: (text) => {
          if (channel.writable) channel.write(text);
        },
        end: () => {
          channel.end();
        },
        ended,
      };
    });
  }

  /** Whether there is a connection to the target that is not known to be dead. */
  connected(target: SshTarget): boolean {
    return this.#entries.get(targetIdentity(target))?.established?.closed === false;
  }

  /** Cost per host since the pool was made or the last `resetStats()`, in the order of first use. */
  stats(): SshStats[] {
    return [...this.#stats.values()].map((entry) => ({ ...entry }));
  }

  /** Starts a new run: counters at zero, every host gets a fresh dial budget. Open connections stay. */
  resetStats(): void {
    this.#stats.clear();
    this.resetBreakers();
  }

  /** Gives every host a fresh dial budget. */
  resetBreakers(): void {
    this.#broken.clear();
  }

  /** Closes all connections. The pool can be used again afterwards. */
  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) {
      entry.dial.abort();
    }
    const connections = await Promise.allSettled(entries.map((entry) => entry.connection));
    for (const connection of connections) {
      if (connection.status === "fulfilled") {
        connection.value.close();
      }
    }
  }

  async #with<T>(target: SshTarget, signal: AbortSignal, use: (connection: SshConnection) => Promise<T>): Promise<T> {
    for (;;) {
      const connection = await this.#connection(target, signal);
      try {
        return await use(connection);
      } catch (error) {
        if (!(error instanceof StaleConnection)) {
          throw error;
        }
        this.#drop(target, connection); // Nothing was sent on it: dial again.
      }
    }
  }

  async #connection(target: SshTarget, signal: AbortSignal): Promise<SshConnection> {
    if (signal.aborted) {
      throw interrupted(target);
    }
    const key = targetIdentity(target);
    const broken = this.#broken.get(key) ?? this.#broken.get(hostLabel(target));
    if (broken !== undefined) {
      throw broken;
    }
    const entry = this.#entries.get(key) ?? this.#dial(key, target);
    entry.waiting++;
    try {
      return await orAborted(entry.connection, signal, target);
    } catch (error) {
      if (entry.waiting === 1) {
        entry.dial.abort(); // The last one who waited has given up; a dial that has failed by itself does not notice.
      }
      throw error;
    } finally {
      entry.waiting--;
    }
  }

  #dial(key: string, target: SshTarget): Entry {
    const dial = new AbortController();
    const connection = this.#connect(target, dial.signal);
    const entry: Entry = { connection, waiting: 0, dial };
    this.#entries.set(key, entry);
    connection.then(
      (established) => {
        entry.established = established;
        this.#count(target).connections++;
      },
      (error: unknown) => {
        if (this.#entries.get(key) === entry) {
          this.#entries.delete(key);
        }
        if (error instanceof SshError && error.kind !== "interrupted" && error.kind !== "lost") {
          // No answer is the host's fault; a refused login or key is this target's, another user may still get in.
          this.#broken.set(error.kind === "unreachable" ? hostLabel(target) : key, error);
        }
      },
    );
    return entry;
  }

  async #connect(target: SshTarget, signal: AbortSignal): Promise<SshConnection> {
    const { proxy } = target;
    if (proxy?.proxy !== undefined) {
      throw new SshError("unreachable", hostLabel(target), "a proxy behind another proxy is not supported.");
    }
    const plan = planLogin(target);
    const { client, transport } = await dialWithBudget(target, signal, async () => {
      const timer = new AbortController();
      const limit = AbortSignal.any([signal, timer.signal]);
      const stop = limitAttempt(target, timer);
      try {
        const opened = await this.#transport(target, proxy, limit);
        return { client: await login(plan, opened, limit), transport: opened };
      } finally {
        clearTimeout(stop);
      }
    });
    return new SshConnection(target, client, transport);
  }

  async #transport(target: SshTarget, proxy: SshTarget | undefined, signal: AbortSignal): Promise<Transport> {
    if (proxy === undefined) {
      return openSocket(target, signal);
    }
    const bastion = await this.#connection(proxy, NEVER).catch((error: unknown) => {
      throw error instanceof SshError
        ? new SshError(error.kind, hostLabel(target), `its proxy cannot be used. ${error.message}`, { cause: error })
        : error;
    });
    try {
      return await openThroughProxy(bastion, target, signal);
    } catch (error) {
      if (error instanceof StaleConnection) {
        this.#drop(proxy, bastion);
        throw new Error(`the connection to the proxy ${hostLabel(proxy)} broke`, { cause: error });
      }
      throw new Error(`from the proxy ${hostLabel(proxy)}: ${errorText(error)}`, { cause: error });
    }
  }

  #drop(target: SshTarget, connection: SshConnection): void {
    connection.close();
    const key = targetIdentity(target);
    const entry = this.#entries.get(key);
    void entry?.connection.then((current) => {
      if (current === connection && this.#entries.get(key) === entry) {
        this.#entries.delete(key);
      }
    });
  }

  #count(target: SshTarget): SshStats {
    const host = hostLabel(target);
    let entry = this.#stats.get(host);
    if (entry === undefined) {
      entry = { host, connections: 0, roundTrips: 0 };
      this.#stats.set(host, entry);
    }
    return entry;
  }
}

/** One per process: the program's host reader and the command plugin share it, so a host sees one connection. */
export const sharedPool = new SshPool();

/** Ends one dial attempt after `perDialTimeout`. */
function limitAttempt(target: SshTarget, timer: AbortController): NodeJS.Timeout | undefined {
  const seconds = target.perDialTimeout ?? DIAL_SECONDS;
  if (seconds === 0) {
    return undefined;
  }
  return setTimeout(() => {
    timer.abort(new Error(`no answer within ${seconds} s`));
  }, seconds * 1000);
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal, target: SshTarget): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(interrupted(target));
    };
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", abort);
    });
  });
}
