import type { Drift, EventOf, RunEvent, Thing } from "./event.ts";
import type { Result } from "./result.ts";

/** A change of a run. Milliseconds since the epoch. */
export interface RunStep extends Thing {
  id: number;
  op: string;
  wave: number;
  begun: number;
  /** Undefined while it is under way. */
  ended?: number;
  failed: boolean;
}

/** Where a run stands. */
export interface RunState {
  run: string;
  stack: string;
  command: string;
  hosts: readonly string[];
  proposal: boolean;
  process: EventOf<"begin">["process"];
  begun: number;
  /** When it was last heard of. */
  heard: number;
  /** The operation of the engine under way, or the last one. */
  operation?: EventOf<"operation">["kind"];
  plan?: EventOf<"plan">;
  drift?: Drift;
  /** In the order in which they began. */
  steps: readonly RunStep[];
  waiting?: EventOf<"waiting">;
  /** The last of them, each once. */
  warnings: readonly string[];
  end?: EventOf<"end">;
}

const keptWarnings = 50;

/** What an event makes of a run; undefined stands for no run, as before its first event. */
export function after(state: RunState | undefined, event: RunEvent): RunState | undefined {
  if (event.type === "begin") {
    const { run, stack, command, hosts, proposal = false, process, at } = event;
    return { ...{ run, stack, command, hosts, proposal, process, begun: at, heard: at }, steps: [], warnings: [] };
  }
  if (state === undefined) return undefined;
  const heard = { ...state, heard: event.at };
  switch (event.type) {
    case "operation":
      return { ...heard, operation: event.kind };
    case "operation-end":
      return heard;
    case "plan":
      return { ...heard, plan: event };
    case "drift":
      return { ...heard, drift: event };
    case "step-begin": {
      const { id, op, wave, at: begun, what, host } = event;
      const step: RunStep = { id, op, wave, begun, failed: false, what, ...(host === undefined ? {} : { host }) };
      return { ...heard, steps: [...state.steps, step] };
    }
    case "step-end":
      return { ...heard, steps: state.steps.map((step) => (step.id === event.id ? ended(step, event) : step)) };
    case "waiting":
      return { ...heard, waiting: event };
    case "warning":
      return { ...heard, warnings: [...new Set([...state.warnings, event.message])].slice(-keptWarnings) };
    case "end":
      return { ...heard, end: event };
  }
}

function ended(step: RunStep, { at, failed }: EventOf<"step-end">): RunStep {
  return { ...step, ended: at, failed };
}

/** Where a run stands after these events. */
export function stateOf(events: readonly RunEvent[], from?: RunState): RunState | undefined {
  return events.reduce(after, from);
}

/** One run of the past, as the history of its stack has it. */
export interface PastRun {
  command: string;
  /** ISO 8601. */
  began: string;
  /** Milliseconds; undefined of one that was killed. */
  duration?: number;
  result: Result | "killed";
  /** Operation → number of resources that were changed by it. */
  changes: Readonly<Record<string, number>>;
  phases: readonly { name: string; duration: number }[];
}

/** A run that was killed: what it has told is all that is known of it, for nobody was left to write it into the history. */
export function killedRun({ command, begun, steps }: RunState): PastRun {
  const changed = steps.filter(({ ended, failed }) => ended !== undefined && !failed);
  const changes = [...Map.groupBy(changed, ({ op }) => op)].map(([op, alike]) => [op, alike.length] as const);
  const known = { command, began: new Date(begun).toISOString(), result: "killed" as const };
  return { ...known, changes: Object.fromEntries(changes), phases: [] };
}
