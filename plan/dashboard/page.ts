import { usualRun } from "../history/expected.ts";
import type { Drift, EventOf } from "../runs/event.ts";
import type { PastRun, RunState, RunStep } from "../runs/progress.ts";
import { barsOf, type Bars } from "./bars.ts";
import type { StatusDocument } from "./document.ts";
import { countStates, hostViews, sitesOf, type HostState, type HostView, type Site } from "./hosts.ts";
import { planPicture, type PlanPicture } from "./planpicture.ts";
import { timelineOf, type Timeline } from "./timeline.ts";

/** A plan, and the run that has made it. */
export interface PlanSeen {
  event: EventOf<"plan">;
  command: string;
  run: string;
}

/** Everything that a page may show of a stack. */
export interface PageInput {
  stack: string;
  /** Milliseconds since the epoch. */
  now: number;
  /** Undefined as long as nobody has looked. */
  document?: StatusDocument | undefined;
  /** Why the last look has told nothing. */
  statusError?: string | undefined;
  /** The newest run that changes or would change something, as far as its events are kept; not a look for drift. */
  run?: { state: RunState; goesOn: boolean } | undefined;
  /** What the newest preview of what the stack itself asks for has found, and the run that it is of. */
  plan?: PlanSeen | undefined;
  /** The newest look for drift. */
  drift?: Drift | undefined;
  /** Runs that are over, the newest first. */
  history: readonly PastRun[];
}

/** The run that goes on, or the last one. */
export interface RunView {
  state: RunState;
  goesOn: boolean;
  bars: Bars;
  /** Milliseconds since it began, of one that is over until its end. */
  elapsed: number;
  /** Milliseconds that runs of this kind take; undefined where there was none. */
  expected: number | undefined;
}

/** What the page shows, whoever draws it. */
export interface Page {
  stack: string;
  now: number;
  statusError: string | undefined;
  document: StatusDocument | undefined;
  hosts: readonly HostView[];
  counts: Readonly<Record<HostState, number>>;
  sites: readonly Site[];
  timeline: Timeline | undefined;
  run: RunView | undefined;
  plan: { picture: PlanPicture; at: number; command: string } | undefined;
  drift: Drift | undefined;
  history: readonly PastRun[];
}

const shownRuns = 30;

function runView({ run, history, now }: PageInput): RunView | undefined {
  if (run === undefined) return undefined;
  const { state, goesOn } = run;
  return {
    ...run,
    bars: barsOf(state, goesOn ? now : state.heard),
    elapsed: Math.max(0, (goesOn ? now : (state.end?.at ?? state.heard)) - state.begun),
    expected: usualRun(history.toReversed(), state.command),
  };
}

/** What a run has done of a plan: its own one, or one that was made before it. */
function stepsSince({ event, run }: PlanSeen, state: RunState | undefined): readonly RunStep[] {
  if (state === undefined) return [];
  return state.run === run || state.begun >= event.at ? state.steps : [];
}

/** What is to be seen of a stack now. */
export function pageOf(input: PageInput): Page {
  const { stack, now, document, statusError, run, plan, drift, history } = input;
  const hosts = document === undefined ? [] : hostViews(document, run?.goesOn === true ? run.state : undefined);
  return {
    ...{ stack, now, statusError, document, hosts, counts: countStates(hosts), drift },
    sites: document === undefined ? [] : sitesOf(document, hosts),
    timeline: document === undefined ? undefined : timelineOf(document),
    run: runView(input),
    plan: plan && {
      picture: planPicture(plan.event.waves, stepsSince(plan, run?.state)),
      at: plan.event.at,
      command: plan.command,
    },
    history: history.slice(0, shownRuns),
  };
}
