/** sshd's `MaxStartups START:RATE:FULL`, for connections that have not logged in. */
export interface StartupLimit {
  /** From so many on, new connections are dropped with a probability of `rate` percent. */
  start: number;
  rate: number;
  /** The probability rises linearly to 100 percent at so many. */
  full: number;
}

/**
 * Parses `10:30:100`.
 *
 * @throws Error with a sentence.
 */
export function parseStartupLimit(text: string): StartupLimit {
  const [start, rate, full] = (/^(\d+):(\d+):(\d+)$/.exec(text) ?? []).slice(1).map(Number);
  if (start === undefined || rate === undefined || full === undefined || rate > 100 || full <= start) {
    throw new Error(`MaxStartups must be START:RATE:FULL such as 10:30:100, not "${text}"`);
  }
  return { start, rate, full };
}

/** Percentage of new connections that sshd drops while `waiting` connections have not logged in (`should_drop_connection`). */
export function dropPercentage({ start, rate, full }: StartupLimit, waiting: number): number {
  if (waiting < start) return 0;
  if (waiting >= full || rate === 100) return 100;
  return rate + Math.floor(((100 - rate) * (waiting - start)) / (full - start));
}

/** Lets new connections in as one sshd does, whatever the number of hosts behind it. */
export class StartupGate {
  /** Connections that have not logged in. */
  waiting = 0;
  /** The most that there were at a time. */
  most = 0;
  dropped = 0;
  readonly #limit: StartupLimit | undefined;
  readonly #random: () => number;

  /**
   * @param limit undefined lets everybody in.
   * @param random a number from 0 up to 1.
   */
  constructor(limit: StartupLimit | undefined, random: () => number = Math.random) {
    this.#limit = limit;
    this.#random = random;
  }

  /** Whether a new connection is let in; who is calls `leave` once it has logged in or gone. */
  arrive(): boolean {
    const percentage = this.#limit === undefined ? 0 : dropPercentage(this.#limit, this.waiting);
    if (Math.floor(this.#random() * 100) < percentage) {
      this.dropped++;
      return false;
    }
    this.waiting++;
    this.most = Math.max(this.most, this.waiting);
    return true;
  }

  leave(): void {
    this.waiting--;
  }

  reset(): void {
    this.dropped = 0;
    this.most = this.waiting;
  }
}
