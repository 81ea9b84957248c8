import type { Client } from "ssh2";
import { SshConnection, StaleConnection } from "./connection.ts";
import { dialWithBudget, DROP_PATIENCE_MS } from "./dial.ts";
import { errorText, hostLabel, interrupted, placeLabel, SshError } from "./errors.ts";
import { collect, gather } from "./exec.ts";
import { namesCredentials } from "./credentials.ts";
import { fingerprint, type PublicKey, receivedKey } from "./hostkey.ts";
import { targetIdentity } from "./identity.ts";
import type { LoginKey } from "./keyfile.ts";
import { login, planLogin } from "./login.ts";
import { type KeyMemory, ProcessMemory } from "./taken.ts";
import { Slots } from "./slots.ts";
import { byPassword, type Sent } from "./sudo.ts";
import { openSocket, openThroughProxy, type Transport } from "./transport.ts";
import { type Way, Ways } from "./way.ts";
import type { AttendedCommand, ExecOptions, ExecResult, SshStats, SshTarget } from "./types.ts";

const NEVER = new AbortController().signal;
const DIAL_SECONDS = 15;
/** Connections that may break in a row before a command was begun on them. */
const STALE_LIMIT = 5;

/**
 * Dials under way at the same time, over all hosts. sshd begins to drop connections that have not logged in when there are
 * 10 of them (`MaxStartups 10:30:100`), and hosts may be behind one bastion, which counts them all; 2 are left for others.
 */
export const DEFAULT_DIALS = 8;

export interface SshPoolOptions {
  /** Dials under way at the same time. Default: {@link DEFAULT_DIALS}. */
  dials?: number;
  /** For how long a server may drop connections before the login, milliseconds. Default: 60 s. */
  dropPatience?: number;
}

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
 * calls fail at once with the same error, until `resetBreakers()` or `resetStats()`. Only so many hosts are dialled at the
 * same time; the others wait for their turn, which costs them nothing of their budget.
 */
export class SshPool {
  readonly #entries = new Map<string, Entry>();
  readonly #broken = new Map<string, SshError>();
  readonly #stats = new Map<string, SshStats>();
  readonly #dials: Slots;
  readonly #dropPatience: number;
  #key: LoginKey | undefined;
  #memory: KeyMemory = new ProcessMemory();
  readonly #ways = new Ways();

  constructor({ dials = DEFAULT_DIALS, dropPatience = DROP_PATIENCE_MS }: SshPoolOptions = {}) {
    this.#dials = new Slots(dials);
    this.#dropPatience = dropPatience;
  }

  /** How many hosts are dialled at the same time from now on, 1 or more. */
  limitDials(dials: number): void {
    this.#dials.limit = dials;
  }

  /**
   * What targets that name no credentials log in with from now on: this key and no other, or else every key of the SSH agent
   * (`$SSH_AUTH_SOCK`).
   *
   * @param memory where it is remembered which of an agent's keys a host took. Default: in this process.
   */
  logInWith(key: LoginKey | undefined, memory: KeyMemory = this.#memory): void {
    this.#key = key;
    this.#memory = memory;
  }

  /**
   * How targets are reached from now on, besides those of earlier calls.
   *
   * @param others of all targets that nobody tells of, where these name neither a proxy nor credentials.
   */
  goBy(ways: Iterable<readonly [SshTarget, Way]>, others: Way = {}): void {
    this.#ways.add(ways, others);
  }

  /**
   * Runs `command` in the login shell of the target's user, or as root where its way has a password for sudo. A non-zero exit
   * is a result, not an error. Rejects with `SshError` alone.
   */
  async exec(asked: SshTarget, command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const signal = options.signal ?? NEVER;
    const { target, sent } = this.#sent(asked, command, options.asLoginUser);
    const fed = { ...options, stdin: `${sent.stdin}${options.stdin ?? ""}` };
    const within = options.anew === true ? this.#anew.bind(this) : this.#with.bind(this);
    return within(target, signal, async (connection) => {
      const { heard } = await connection.exec(
        sent.command,
        options.env ?? {},
        signal,
        (channel) => collect(channel, target, fed),
        options.onSend,
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
   * Begins to connect to targets, so that the first command on each finds a connection. What is in the way is told by that command.
   */
  connectAhead(targets: Iterable<SshTarget>): void {
    for (const asked of targets) this.#connection(this.#ways.of(asked).target, NEVER).catch(() => undefined);
  }

  /**
   * Starts a command that runs on until its standard input ends, which this process may do by simply ending: nothing waits
   * for it. It takes one of the sessions that sshd allows on the connection. Rejects with `SshError` alone.
   */
  async attend(
    asked: SshTarget,
    command: string,
    options: Pick<ExecOptions, "onStdout" | "onStderr"> = {},
  ): Promise<AttendedCommand> {
    const { target, sent } = this.#sent(asked, command);
    return this.#with(target, NEVER, async (connection) => {
      const { heard } = await connection.exec(sent.command, {}, NEVER, (channel) => {
        const ended = gather(channel, target, options);
        if (sent.stdin !== "") channel.write(sent.stdin);
        return { channel, ended };
      });
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

  /** Which of the agent's keys a host took, in this run or before; undefined where there was nothing to choose from. */
  keyTakenBy(asked: SshTarget): PublicKey | undefined {
    const encoded = this.#memory.taken().get(hostLabel(this.#ways.of(asked).target));
    return encoded === undefined ? undefined : receivedKey(Buffer.from(encoded, "base64"));
  }

  /** Whether there is a connection to the target that is not known to be dead. */
  connected(asked: SshTarget): boolean {
    return this.#entries.get(this.#identity(this.#ways.of(asked).target))?.established?.closed === false;
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

  /** A command as it is sent on a target's way. */
  #sent(asked: SshTarget, command: string, asLoginUser = false): { target: SshTarget; sent: Sent } {
    const { target, sudoPassword } = this.#ways.of(asked);
    const isPlain = asLoginUser || sudoPassword === undefined;
    return { target, sent: isPlain ? { command, stdin: "" } : byPassword(command, sudoPassword) };
  }

  /** What makes two targets share a connection: for those that name no credentials, the key of the run is part of it. */
  #identity(target: SshTarget): string {
    const own = targetIdentity(target);
    return this.#key === undefined || namesCredentials(target) ? own : `${own} ${fingerprint(this.#key.key)}`;
  }

  async #with<T>(target: SshTarget, signal: AbortSignal, use: (connection: SshConnection) => Promise<T>): Promise<T> {
    for (let broken = 1; ; broken++) {
      const connection = await this.#connection(target, signal);
      try {
        return await use(connection);
      } catch (error) {
        if (!(error instanceof StaleConnection)) {
          throw error;
        }
        this.#drop(target, connection); // Nothing was begun on it: dial again.
        if (broken === STALE_LIMIT) throw neverBegun(target, broken);
      }
    }
  }

  /** As `#with`, over a connection that nobody else uses. */
  async #anew<T>(target: SshTarget, signal: AbortSignal, use: (connection: SshConnection) => Promise<T>): Promise<T> {
    const connection = await this.#connect(target, signal);
    this.#count(target).connections++;
    try {
      return await use(connection);
    } catch (error) {
      throw error instanceof StaleConnection ? neverBegun(target, 1) : error;
    } finally {
      connection.close();
    }
  }

  async #connection(target: SshTarget, signal: AbortSignal): Promise<SshConnection> {
    if (signal.aborted) {
      throw interrupted(target);
    }
    const key = this.#identity(target);
    const broken = this.#broken.get(key) ?? this.#broken.get(placeLabel(target));
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
          this.#broken.set(error.kind === "unreachable" ? placeLabel(target) : key, error);
        }
      },
    );
    return entry;
  }

  async #connect(target: SshTarget, signal: AbortSignal): Promise<SshConnection> {
    const { proxy } = target;
    const plan = await planLogin(target, { key: this.#key, taken: () => this.#memory.taken() });
    const attempt = async (): Promise<{ client: Client; transport: Transport }> => {
      // Before there is a place to wait for: the bastion needs one itself.
      const bastion = proxy === undefined ? undefined : { proxy, connection: await this.#bastion(target, proxy) };
      return this.#dials.within(signal, async () => {
        const timer = new AbortController();
        const limit = AbortSignal.any([signal, timer.signal]);
        const stop = limitAttempt(target, timer);
        try {
          const transport = await this.#transport(target, bastion, limit);
          return { client: await login(plan, transport, limit), transport };
        } finally {
          clearTimeout(stop);
        }
      });
    };
    const { client, transport } = await dialWithBudget(target, signal, attempt, this.#dropPatience);
    // With one key there is nothing to choose from.
    const { agentKey } = plan.offers.current ?? {};
    if (agentKey !== undefined && plan.offers.all.length > 1)
      this.#memory.note(hostLabel(target), receivedKey(Buffer.from(agentKey, "base64")));
    return new SshConnection(target, client, transport);
  }

  #bastion(target: SshTarget, proxy: SshTarget): Promise<SshConnection> {
    return this.#connection(proxy, NEVER).catch((error: unknown) => {
      throw error instanceof SshError
        ? new SshError(error.kind, hostLabel(target), `its bastion cannot be used. ${error.message}`, { cause: error })
        : error;
    });
  }

  async #transport(
    target: SshTarget,
    through: { proxy: SshTarget; connection: SshConnection } | undefined,
    signal: AbortSignal,
  ): Promise<Transport> {
    if (through === undefined) {
      return openSocket(target, signal);
    }
    const { proxy, connection: bastion } = through;
    try {
      return await openThroughProxy(bastion, target, signal);
    } catch (error) {
      if (error instanceof StaleConnection) {
        this.#drop(proxy, bastion);
        throw new Error(`the connection to the bastion ${hostLabel(proxy)} broke`, { cause: error });
      }
      throw new Error(`from the bastion ${hostLabel(proxy)}: ${errorText(error)}`, { cause: error });
    }
  }

  /** Forgets a connection, so that the next one who asks dials; another one under the same key is left alone. */
  #drop(target: SshTarget, connection: SshConnection): void {
    connection.close();
    const key = this.#identity(target);
    if (this.#entries.get(key)?.established === connection) this.#entries.delete(key);
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

function neverBegun(target: SshTarget, times: number): SshError {
  return new SshError(
    "lost",
    hostLabel(target),
    `the SSH connection broke ${times} times in a row when a command was about to begin. Look at sshd's log there.`,
  );
}

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
