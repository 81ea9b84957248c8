/** Handed on when the command re-executes itself in the lab's namespace. */
const VARIABLE = "PLINTH_PHASES";

/** The environment for a process whose time is its own. */
export function withoutPhases(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, [VARIABLE]: undefined };
}

export interface Phase {
  name: string;
  /** Milliseconds. */
  duration: number;
}

/** Where the time of a run went, in the order in which the phases began. */
export class Phases {
  readonly #phases: Phase[] = [];
  #watcher: (name: string | undefined) => void = () => undefined;

  static fromEnvironment(env: NodeJS.ProcessEnv = process.env): Phases {
    const phases = new Phases();
    const text = env[VARIABLE];
    if (text !== undefined) for (const { name, duration } of JSON.parse(text) as Phase[]) phases.add(name, duration);
    return phases;
  }

  get list(): readonly Phase[] {
    return this.#phases;
  }

  /** Adds to a phase; the same name twice counts as one phase. */
  add(name: string, duration: number): void {
    const known = this.#phases.find((phase) => phase.name === name);
    if (known === undefined) this.#phases.push({ name, duration });
    else known.duration += duration;
  }

  /** From now on `watcher` is told the name of a phase when it begins, and nothing when it ends. One at a time. */
  watch(watcher: (name: string | undefined) => void): void {
    this.#watcher = watcher;
  }

  async measure<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    this.#watcher(name);
    try {
      return await work();
    } finally {
      this.#watcher(undefined);
      this.add(name, performance.now() - started);
    }
  }

  environment(): Record<string, string> {
    return { [VARIABLE]: JSON.stringify(this.#phases) };
  }
}
