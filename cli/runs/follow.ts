import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { historyMark, readHistory } from "../../local/history.ts";
import { parseEvents, type Drift, type EventOf } from "../../plan/runs/event.ts";
import { killedRun, stateOf, type PastRun, type RunState } from "../../plan/runs/progress.ts";
import { isLook } from "../../plan/runs/retention.ts";
import type { Project } from "../project/project.ts";
import { goesOn, keptRuns, runsFolder, streamPath } from "./store.ts";

/** What runs of a stack have left on this machine. */
export interface RunsSeen {
  /** The newest run of the engine that is no mere preview. */
  run?: { state: RunState; goesOn: boolean };
  plan?: { event: EventOf<"plan">; command: string; run: string };
  drift?: Drift;
  /** Runs that are over, the newest first, without looks for drift: timers make those again and again. */
  history: PastRun[];
}

/** Reads a stream from where it was left. */
class StreamReader {
  state: RunState | undefined;
  readonly #path: string;
  #offset = 0;
  #rest = "";
  readonly #decoder = new TextDecoder();

  constructor(path: string) {
    this.#path = path;
  }

  /** Reads what has come. A stream that was forgotten meanwhile has nothing new. */
  read(): void {
    let file: number;
    try {
      file = openSync(this.#path, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    try {
      const { size } = fstatSync(file);
      if (size <= this.#offset) return;
      const bytes = Buffer.alloc(size - this.#offset);
      const got = readSync(file, bytes, 0, bytes.length, this.#offset);
      this.#offset += got;
      const text = this.#rest + this.#decoder.decode(bytes.subarray(0, got), { stream: true });
      const { events, rest } = parseEvents(text);
      this.#rest = rest;
      this.state = stateOf(events, this.state);
    } finally {
      closeSync(file);
    }
  }
}

/** Follows the runs of a stack: each look reads what has come since the last one. */
export class RunFollower {
  readonly #dir: string;
  readonly #stack: string;
  readonly #folder: string;
  readonly #readers = new Map<string, StreamReader>();
  #past: { mark: string; runs: readonly PastRun[] } = { mark: "", runs: [] };
  /** What the last look has found, to tell whether there is something new. */
  #last: readonly unknown[] = [];

  constructor(project: Pick<Project, "dir" | "workDir">, stack: string) {
    this.#dir = project.dir;
    this.#stack = stack;
    this.#folder = runsFolder(project, stack);
  }

  /** Whether the last look has found something else than the one before, or a run that goes on. */
  isNew = true;

  look(): RunsSeen {
    const states = this.#states();
    const over = states.filter((state) => !goesOn(state));
    const running = states.find((state) => goesOn(state) && !isLook(state.command));
    const newest = running ?? states.find(({ command }) => !isLook(command));
    const planned = states.find(({ plan, proposal }) => plan !== undefined && !proposal);
    const looked = states.find(({ drift }) => drift !== undefined);
    const history = this.#history(over);
    // States are other objects once something was told of them.
    const found = [...states, running?.run, over.length, this.#past];
    this.isNew = running !== undefined || found.some((each, index) => each !== this.#last[index]);
    this.#last = found;
    return {
      ...(newest === undefined ? {} : { run: { state: newest, goesOn: newest === running } }),
      ...(planned?.plan === undefined
        ? {}
        : { plan: { event: planned.plan, command: planned.command, run: planned.run } }),
      ...(looked?.drift === undefined ? {} : { drift: looked.drift }),
      history,
    };
  }

  /** Runs whose events are kept, the newest first. */
  #states(): RunState[] {
    const runs = keptRuns(this.#folder);
    for (const run of this.#readers.keys()) if (!runs.includes(run)) this.#readers.delete(run);
    return runs.flatMap((run) => {
      const reader = this.#readers.get(run) ?? new StreamReader(streamPath(this.#folder, run));
      this.#readers.set(run, reader);
      if (reader.state?.end === undefined) reader.read();
      return reader.state ?? [];
    });
  }

  /** With those that were killed. */
  #history(over: readonly RunState[]): PastRun[] {
    const mark = historyMark(this.#dir, this.#stack);
    if (mark !== this.#past.mark) this.#past = { mark, runs: readHistory(this.#dir, this.#stack) };
    const runs = this.#past.runs.filter(({ command }) => command !== "drift");
    const killed = over.filter(({ command, end }) => end === undefined && !isLook(command)).map(killedRun);
    return [...runs, ...killed].sort((a, b) => Date.parse(b.began) - Date.parse(a.began));
  }
}
