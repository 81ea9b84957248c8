/** Places for things that may be under way at the same time, taken in the order in which they were asked for. */
export class Slots {
  #limit: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param limit 1 or more. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A higher limit lets waiting ones in at once; a lower one holds for those to come. */
  set limit(limit: number) {
    this.#limit = limit;
    while (this.#taken < this.#limit && this.#waiting.length > 0) this.#waiting.shift()?.();
  }

  /** Runs `work` once there is a place for it. Rejects with the signal's reason when it aborts before that. */
  async within<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#taken--;
      if (this.#taken < this.#limit) this.#waiting.shift()?.();
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#taken < this.#limit) {
      this.#taken++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        this.#taken++; // Here, and not where it goes on: nobody may come in between.
        signal.removeEventListener("abort", abort);
        resolve();
      };
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(enter);
    });
  }
}
