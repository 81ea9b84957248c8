import type { Program } from "./program.ts";

/** How long it takes until the engine has started the program, over all of its runs. */
export class ProgramStarts {
  readonly #now: () => number;
  #begun: number | undefined;
  #milliseconds = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Milliseconds. A run that never starts the program, such as one that destroys a stack, adds nothing. */
  get milliseconds(): number {
    return this.#milliseconds;
  }

  /** The engine is started. */
  begin(): void {
    this.#begun = this.#now();
  }

  /** The program, which tells of its start from now on. */
  marked(program: Program): Program {
    return () => {
      if (this.#begun !== undefined) this.#milliseconds += this.#now() - this.#begun;
      this.#begun = undefined;
      return program();
    };
  }
}
