/**
 * A time limit for one command on a host. It runs from when the command is sent, each time that it is: the way to the host and the queue
 * for it do not count.
 */
export class Deadline {
  readonly #seconds: number;
  readonly #over: () => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param seconds 0: no limit.
   * @param over called once when the time is up.
   */
  constructor(seconds: number, over: () => void) {
    this.#seconds = seconds;
    this.#over = over;
  }

  /** For `onSend` of a command. */
  readonly begin = (): void => {
    this.end();
    if (this.#seconds > 0) this.#timer = setTimeout(this.#over, this.#seconds * 1000);
  };

  /** The command is over: nothing is called any more. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
