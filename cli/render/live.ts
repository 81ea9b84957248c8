/** What live lines are drawn on. */
export type LiveStream = Pick<NodeJS.WriteStream, "write" | "columns" | "rows">;

/** Columns and rows of a terminal that does not say how large it is. */
const usual = { columns: 80, rows: 24 };

/** The lines that are drawn at this moment. There is one screen, whichever stream they went to. */
let drawn: LiveLines | undefined;
/** Questions that are being asked. */
let paused = 0;

/**
 * Lines at the end of a terminal that are drawn anew while something goes on. What is written meanwhile by `above` stands
 * over them. None is left when they are shown as none.
 */
export class LiveLines {
  readonly #stream: LiveStream;
  #lines: readonly string[] = [];

  constructor(stream: LiveStream) {
    this.#stream = stream;
  }

  /** Characters that fit in a line. */
  get columns(): number {
    return (this.#stream.columns || usual.columns) - 1;
  }

  /** Lines that can be drawn anew: those that have left the screen cannot. */
  get rows(): number {
    return (this.#stream.rows || usual.rows) - 1;
  }

  /** @param lines each fits into `columns`, and all of them into `rows`. */
  show(lines: readonly string[]): void {
    drawn?.erase();
    // Nothing is drawn over a question.
    this.#lines = paused > 0 ? [] : lines;
    drawn = this.#lines.length === 0 ? undefined : this;
    this.draw();
  }

  draw(): void {
    for (const line of this.#lines) this.#stream.write(`${line}\n`);
  }

  erase(): void {
    if (this.#lines.length === 0) return;
    // Up to the first of them, to the first column, and clear from there on.
    this.#stream.write(`\u001b[${this.#lines.length}A\u001b[1G\u001b[0J`);
  }
}

/** Writes something above the lines that are drawn. */
export function above(write: () => void): void {
  drawn?.erase();
  write();
  drawn?.draw();
}

/** Takes the lines away while somebody is asked something. */
export async function aside<T>(ask: () => Promise<T>): Promise<T> {
  drawn?.show([]);
  paused += 1;
  try {
    return await ask();
  } finally {
    paused -= 1;
  }
}
