import { readHistory } from "../../local/history.ts";
import { expectedDuration, usualDurations, usualPhase, type TimedRun } from "../../plan/history/expected.ts";
import { isChange } from "../pulumi/events.ts";
import type { Thing } from "../../plan/runs/event.ts";
import { displayNameOf, formatDisplayName, kindOf } from "../render/display-name.ts";
import { isProvider } from "../render/steps.ts";
import { lastWritten, shown, type Terminal } from "../render/terminal.ts";
import { WaitingLook, type Followed } from "../runs/waiting.ts";
import { progressLine, progressLines, type Ongoing, type ProgressView } from "./lines.ts";

/** After this time without a line, one tells what is under way, where lines are not drawn anew. Milliseconds. */
const silence = 20_000;
/** Milliseconds between two looks. */
const interval = 1000;
/** Steps whose reason to wait is told. */
const shownReasons = 3;

/** The phase in which hosts change. How long it takes depends on what changes, and not on how long it took before. */
export const converging = "converge";

/** Where a command stands, and what it is compared with. */
export interface ProgressOptions {
  /** Name of the command. */
  command: string;
  /** Reads the runs of the stack so far, once that is needed. Default: there are none. */
  past?: () => readonly TimedRun[];
  /** Milliseconds since the epoch. Tests pass their own. */
  now?: () => number;
}

/** Reads the history of a stack for {@link ProgressOptions}: what cannot be read says nothing. */
export function pastOf(projectDir: string, stack: string, warn: (message: string) => void): () => readonly TimedRun[] {
  return () => {
    try {
      return readHistory(projectDir, stack);
    } catch (error) {
      warn(`the history of the stack cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  };
}

function nameOf({ what, host }: Thing): string {
  return formatDisplayName({ what, host });
}

/**
 * Tells what a command does while it does it: its phase, the steps under way, what waits for what, for how long, and how long that
 * usually takes on this stack. On a terminal by lines that are drawn anew every second, elsewhere by a line after every 20 seconds of silence.
 */
export class Progress implements Disposable {
  readonly #terminal: Pick<Terminal, "note" | "paint" | "live">;
  readonly #command: string;
  readonly #now: () => number;
  readonly #read: () => readonly TimedRun[];
  readonly #timer: NodeJS.Timeout;
  #past: { runs: readonly TimedRun[]; usual: ReadonlyMap<string, number> } | undefined;
  #phase: { name: string; began: number } | undefined;
  #followed: (Followed & { waiting: WaitingLook }) | undefined;
  #planned: readonly (readonly string[])[] | undefined;
  #quietSince: number;
  #drawn = false;

  constructor(terminal: Pick<Terminal, "note" | "paint" | "live">, options: ProgressOptions) {
    const { command, past = () => [], now = Date.now } = options;
    this.#terminal = terminal;
    this.#command = command;
    this.#read = past;
    this.#now = now;
    this.#quietSince = now();
    this.#timer = setInterval(() => {
      this.tell();
    }, interval);
    // A command that is over does not wait for it.
    this.#timer.unref();
  }

  /** Says which phase of the command begins, or that one ends. For `Phases.watch`. */
  readonly phase = (name: string | undefined): void => {
    this.#phase = name === undefined ? undefined : { name, began: this.#now() };
    this.#quietSince = this.#now();
    if (name === undefined) this.#draw([]);
  };

  /**
   * What the next run of the engine is to do, from a preview: how long that will take is told.
   *
   * @param waves kinds of steps by wave.
   */
  expect(waves: readonly (readonly string[])[]): void {
    this.#planned = waves;
  }

  /** Tells of a run of the engine from now on, until what this returns is called. */
  follow(followed: Followed): () => void {
    this.#followed = { ...followed, waiting: new WaitingLook(followed) };
    this.#quietSince = this.#now();
    return () => {
      this.#followed = undefined;
      this.#draw([]);
    };
  }

  /** What there is to tell now. */
  view(): ProgressView {
    const phase = this.#phase;
    const steps = this.#steps();
    return {
      phase:
        phase === undefined
          ? undefined
          : { name: phase.name, elapsed: this.#now() - phase.began, expected: this.#expected(phase.name) },
      ...steps,
    };
  }

  /** Draws the lines anew; elsewhere says a line when it was quiet for long. */
  tell(): void {
    const { live } = this.#terminal;
    if (live !== undefined) {
      this.#draw(progressLines(this.view(), live.columns, live.rows));
      return;
    }
    if (this.#now() - Math.max(this.#quietSince, lastWritten()) < silence) return;
    const line = progressLine(this.view());
    if (line === undefined) return;
    this.#quietSince = this.#now();
    this.#terminal.note(this.#terminal.paint("dim", line));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#draw([]);
  }

  /** Nothing is taken away that somebody else has drawn. */
  #draw(lines: readonly string[]): void {
    if (lines.length === 0 && !this.#drawn) return;
    this.#drawn = lines.length > 0;
    this.#terminal.live?.show(lines.map((line) => this.#terminal.paint("dim", shown(line))));
  }

  /** Only read when there is something to compare: most commands are through before that. */
  #history(): { runs: readonly TimedRun[]; usual: ReadonlyMap<string, number> } {
    if (this.#past === undefined) {
      const runs = this.#read();
      this.#past = { runs, usual: usualDurations(runs) };
    }
    return this.#past;
  }

  #expected(phase: string): number | undefined {
    const { runs, usual } = this.#history();
    if (phase !== converging) return usualPhase(runs, this.#command, phase);
    if (this.#planned === undefined || this.#planned.flat().length === 0) return undefined;
    const { known, unknown } = expectedDuration(this.#planned, usual);
    return unknown.length === 0 ? known : undefined;
  }

  #steps(): Omit<ProgressView, "phase"> {
    if (this.#followed === undefined) return { done: undefined, running: [], waiting: 0, next: [] };
    const { events, hosts, waiting } = this.#followed;
    const { usual } = this.#history();
    const now = this.#now();
    const running = events
      .unfinished()
      .filter(({ op, custom, urn }) => isChange(op) && custom && !isProvider(urn))
      .map(({ op, urn, started }): Ongoing => {
        const name = displayNameOf(urn, hosts);
        return { name: formatDisplayName(name), elapsed: now - started, expected: usual.get(kindOf(op, name)) };
      });
    const { things, count } = waiting.look();
    const underWay = new Set(running.map(({ name }) => name));
    const next = things.map(({ for: awaited, more, ...thing }) => ({
      ...{ name: nameOf(thing), awaits: awaited.map(nameOf), more },
    }));
    return {
      done: events.steps.filter(({ op, custom, urn }) => custom && isChange(op) && !isProvider(urn)).length,
      running,
      waiting: count,
      next: next.filter(({ awaits }) => awaits.some((name) => underWay.has(name))).slice(0, shownReasons),
    };
  }
}
