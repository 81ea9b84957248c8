import { hostname, userInfo } from "node:os";
import { PlinthError, type Finding } from "../../plan/findings.ts";
import { withRole, type Host } from "../../plan/inventory.ts";
import { runLockScript } from "../../plan/scripts.ts";
import { asRoot, shellQuote, shellWords } from "../../plan/shell.ts";
import { sharedPool, type AttendedCommand, type ExecResult, type SshPool, type SshTarget } from "../../ssh/index.ts";
import type { HostAccess } from "./targets.ts";

/** Who holds the lock, in words for whoever is refused. */
export interface LockHolder {
  user: string;
  machine: string;
  /** For example `plinth up`. */
  command: string;
  stack: string;
  pid: number;
  /** ISO 8601 */
  since: string;
}

/** Gives the lock back. Never fails: a host that cannot be reached any more frees it by itself. */
export type Release = () => Promise<void>;

/** Takes the lock of a cluster, or throws a PlinthError. Tests pass their own. */
export type TakeLock = (access: HostAccess, hosts: readonly Host[]) => Promise<Release>;

/**
 * Waits for the lock. That it could not be taken is told together with what else is wrong.
 *
 * @throws PlinthError when another run has it.
 */
export async function lockFindings(lock: ReturnType<TakeLock>): Promise<readonly Finding[]> {
  try {
    await lock;
    return [];
  } catch (error) {
    if (!(error instanceof PlinthError) || error.findings.some(({ rule }) => rule === lockRules.held)) throw error;
    return error.findings;
  }
}

export interface LockOptions {
  /** Name of a pool's stack: its lock keeps off the cluster's own stack and the same pool, and no other pool. */
  poolStack?: string;
  /** Gets one sentence when the lock is no longer held by a majority, and when it is again. */
  warn?: (sentence: string) => void;
  pool?: Pick<SshPool, "attend" | "connected">;
  /** Time between two signs of life, milliseconds. Default 10 s. */
  beat?: number;
  /** Without a sign of life for this long the lock of a host is lost, milliseconds; a multiple of a second. Default 45 s. */
  patience?: number;
}

/** Rules of the findings that a lock can come to. */
export const lockRules = { held: "cluster-locked", notTaken: "cluster-lock" } as const;

/** What one host answers. */
type Answer = { held: HostLock } | { other: string } | { failure: string };

/** Time for a host's answer (it waits 3 s for another run to go), and for it to hear that the lock is given back. */
const answerSeconds = 30;
const goodbyeSeconds = 3;

/**
 * Takes the lock that makes runs of one cluster take turns, but for those of different pools: it lives on the control-plane hosts, each of which has it as long as this
 * process goes on giving signs of life, so that it needs neither an API nor a clean end. It is taken on the first host that
 * can be reached before it is tried on the others, so that two runs meet on one host and do not hold halves.
 *
 * A host that is lost in mid-run (it reboots, its connection breaks) is taken again once the run has a connection to it. Not
 * even losing the majority ends a run: what is under way is safer finished than cut off, and each change of a host has
 * the host's own lock.
 *
 * @throws PlinthError `cluster-locked` when another run has it; `cluster-lock` when a majority of the control-plane hosts
 *   could not be reached.
 */
export async function takeClusterLock(
  access: HostAccess,
  hosts: readonly Host[],
  holder: LockHolder,
  options: LockOptions = {},
): Promise<Release> {
  const { beat = 10_000, patience = 45_000, pool = sharedPool, warn = () => undefined } = options;
  const line = describeHolder(holder);
  const words = [
    line,
    String(Math.ceil(patience / 1000)),
    ...(options.poolStack === undefined ? [] : [options.poolStack]),
  ];
  const command = `exec ${asRoot} /bin/sh -c ${shellQuote(runLockScript())} plinth-run-lock ${shellWords(words)}`;
  const members = withRole(hosts, "control-plane");
  const locks: HostLock[] = [];
  const failures: string[] = [];
  const ask = async (name: string): Promise<Finding | undefined> => {
    const target = access.get(name);
    const answer: Answer = target === undefined ? { failure: "no access" } : await lockHost(target, command, pool);
    if ("held" in answer) locks.push(answer.held);
    else if ("failure" in answer) failures.push(`${name}: ${answer.failure}`);
    else return lockedFinding(name, answer.other);
    return undefined;
  };
  const refuse = async (finding: Finding): Promise<never> => {
    await Promise.all(locks.map((lock) => lock.end()));
    throw new PlinthError([finding]);
  };

  const rest = members.map(({ name }) => name);
  while (locks.length === 0 && rest.length > 0) {
    const finding = await ask(rest.shift() ?? "");
    if (finding !== undefined) return refuse(finding);
  }
  const found = (await Promise.all(rest.map(ask))).find((finding) => finding !== undefined);
  if (found !== undefined) return refuse(found);
  const majority = Math.floor(members.length / 2) + 1;
  if (locks.length < majority) return refuse(tooFewFinding(members, locks.length, majority, failures));

  let enough = true;
  const timer = setInterval(() => {
    void Promise.all(locks.map((lock) => lock.beat(patience))).then(() => {
      const count = locks.filter(({ alive }) => alive).length;
      if (count >= majority === enough) return;
      enough = count >= majority;
      warn(
        enough
          ? "the cluster's run lock is held again"
          : `the cluster's run lock is held on ${count} of ${members.length} control-plane hosts only: another run may begin meanwhile`,
      );
    });
  }, beat);
  timer.unref(); // A program of plain `pulumi` has to end by itself.
  return async () => {
    clearInterval(timer);
    await Promise.all(locks.map((lock) => lock.end()));
  };
}

/** The lock on one host: a command there that ends when it hears nothing from here any more. */
class HostLock {
  #command: AttendedCommand | undefined;
  #heard = Date.now();
  #taking: Promise<void> | undefined;
  #ended = false;
  readonly #take: () => Promise<AttendedCommand | undefined>;
  readonly #connected: () => boolean;

  constructor(take: (onBeat: () => void) => Promise<AttendedCommand | undefined>, connected: () => boolean) {
    this.#take = () =>
      take(() => {
        this.#heard = Date.now();
      });
    this.#connected = connected;
  }

  get alive(): boolean {
    return this.#command !== undefined;
  }

  /** Returns whether the host has given the lock. Rejects when it could not be asked. */
  async take(): Promise<boolean> {
    const command = await this.#take();
    if (command === undefined) return false;
    this.#heard = Date.now();
    this.#command = command;
    const lost = (): void => {
      if (this.#command === command) this.#command = undefined;
    };
    command.ended.then(lost, lost);
    if (this.#ended) command.end();
    return true;
  }

  /** Gives a sign of life, or takes a lost lock again. Never rejects. */
  async beat(patience: number): Promise<void> {
    if (this.#command !== undefined && Date.now() - this.#heard > patience) {
      this.#command.end();
      this.#command = undefined;
    }
    if (this.#command !== undefined) {
      this.#command.write(".");
      return;
    }
    // Never dials: a host that is being waited for is not to lose its dial budget to this.
    if (this.#taking !== undefined || this.#ended || !this.#connected()) return;
    this.#taking = this.take()
      .catch(() => undefined) // The next beat tries again.
      .then(() => {
        this.#taking = undefined;
      });
    await this.#taking;
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#command?.end();
    const over = async (): Promise<void> => {
      // What is being taken again is given back as soon as it is there.
      await this.#taking;
      await this.#command?.ended.catch(() => undefined);
    };
    await within(goodbyeSeconds * 1000, [over()]);
  }
}

/** What comes first; undefined after `milliseconds`. Meanwhile this process does not end for lack of anything to do. */
async function within<T>(milliseconds: number, promises: readonly Promise<T>[]): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, milliseconds);
  });
  try {
    return await Promise.race([...promises, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function lockHost(
  target: SshTarget,
  command: string,
  pool: Pick<SshPool, "attend" | "connected">,
): Promise<Answer> {
  let other = "";
  const attempt = async (onBeat: () => void): Promise<AttendedCommand | undefined> => {
    const answer = await lockAttempt(target, command, pool, onBeat);
    if ("started" in answer) return answer.started;
    other = answer.other;
    return undefined;
  };
  const lock = new HostLock(attempt, () => pool.connected(target));
  try {
    return (await lock.take()) ? { held: lock } : { other };
  } catch (error) {
    if (error instanceof Error) return { failure: error.message };
    throw error;
  }
}

/** Starts the script on a host and waits for its answer. Rejects with an SshError, or an Error when the script failed. */
async function lockAttempt(
  target: SshTarget,
  command: string,
  pool: Pick<SshPool, "attend">,
  onBeat: () => void,
): Promise<{ started: AttendedCommand } | { other: string }> {
  let text = "";
  let answer: readonly (string | undefined)[] = [];
  let read: () => void = () => undefined;
  const answered = new Promise<undefined>((resolve) => {
    read = () => {
      resolve(undefined);
    };
  });
  const started = await pool.attend(target, command, {
    onStdout: (chunk) => {
      onBeat();
      if (answer.length > 0) return;
      text += chunk;
      // Somewhere in it: login shells may be noisy.
      answer = /^(locked|held (.*))$/m.exec(text.slice(0, text.lastIndexOf("\n") + 1)) ?? [];
      if (answer.length > 0) read();
    },
  });
  const ended = await within<ExecResult | undefined>(answerSeconds * 1000, [started.ended, answered]);
  const [, word, other] = answer;
  if (word === "locked" && ended === undefined) return { started };
  started.end();
  if (other !== undefined) return { other };
  if (ended === undefined) throw new Error(`no answer within ${answerSeconds} s`);
  throw new Error(
    ended.stderr.trim().split("\n").at(-1) || `the lock script ended with exit code ${ended.code ?? "none"}`,
  );
}

/** One line that the host shows to whoever is refused. */
export function describeHolder({ user, machine, command, stack, pid, since }: LockHolder): string {
  const line = `${user}@${machine}, "${command}" of stack ${stack}, process ${pid}, since ${since}`;
  return line.replace(/[^\x20-\x7e]/g, "?");
}

function lockedFinding(host: string, other: string): Finding {
  return {
    rule: lockRules.held,
    kind: "guard",
    hosts: [host],
    message: `another run is changing this cluster: ${other}`,
    remedy: "wait for its end, or interrupt it with Ctrl-C where it runs; the lock goes with it, by itself",
  };
}

function tooFewFinding(
  members: readonly Host[],
  count: number,
  majority: number,
  failures: readonly string[],
): Finding {
  return {
    rule: lockRules.notTaken,
    kind: "guard",
    hosts: [],
    message: `the cluster's run lock could be taken on ${count} of ${members.length} control-plane hosts, expected at least ${majority} (${failures.join("; ")})`,
    remedy: "make the hosts reachable and run again",
  };
}

/** Environment variable that says `official` where `./plinth` has the commands run by Pulumi's own plugins. */
export const pluginVariable = "PLINTH_PLUGINS";

/** Environment variable that names this process's command to others; without it, it is plain `pulumi`. */
export const commandVariable = "PLINTH_COMMAND";

let releaseHeld: Release | undefined;

/**
 * Takes the cluster's lock for this process, until `releaseClusterLocks()` or its end. A lock of an earlier run of the same
 * process is given back first.
 */
export async function lockForProcess(
  access: HostAccess,
  hosts: readonly Host[],
  stack: string,
  options: LockOptions = {},
): Promise<Release> {
  await releaseClusterLocks();
  const holder: LockHolder = {
    user: userName(),
    machine: hostname(),
    command: process.env[commandVariable] ?? "pulumi",
    stack,
    pid: process.pid,
    since: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
  };
  const release = await takeClusterLock(access, hosts, holder, options);
  releaseHeld = release;
  return release;
}

/** Gives back what this process holds. */
export async function releaseClusterLocks(): Promise<void> {
  const release = releaseHeld;
  releaseHeld = undefined;
  await release?.();
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown"); // A container's user without a line in /etc/passwd.
  }
}
