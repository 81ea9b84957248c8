import { z } from "zod";
import { results } from "./result.ts";

/**
 * What a run of Plinth does, as a stream of JSON documents, one on a line: `--events FILE` writes it, `.plinth/runs/<stack>/` keeps it, and
 * the page and the progress on a terminal read it. Fields are added, never renamed or given another meaning; readers leave out kinds of
 * events that they do not know. Times are milliseconds since the epoch, durations milliseconds. Secrets are never in it.
 */

const at = z.number().nonnegative();
const duration = z.number().nonnegative();

/** Something that a run changes, by the names that people use. */
const thing = z.object({
  /** For example `etcd`, or `etcd-server certificate`. */
  what: z.string(),
  /** The host that it is on; left out where it is of no single one. */
  host: z.string().exactOptional(),
});
export type Thing = z.output<typeof thing>;

/** A planned change. */
const plannedItem = thing.extend({
  /** `create`, `update`, `delete` or `replace`. */
  op: z.string(),
  /** What that does, for example `restarts etcd.service`. */
  effects: z.array(z.string()),
});
export type PlannedItem = z.output<typeof plannedItem>;

/** Something that cannot begin yet. */
const waitingThing = thing.extend({
  /** What it waits for, at most three of it, that which is under way first. */
  for: z.array(thing),
  /** For how much more it waits. */
  more: z.number().int().nonnegative(),
});
export type WaitingThing = z.output<typeof waitingThing>;

const difference = z.object({
  /** Left out where it concerns the cluster. */
  host: z.string().exactOptional(),
  bundle: z.string().exactOptional(),
  kind: z.string(),
  name: z.string(),
  detail: z.string(),
});

const phase = z.object({ name: z.string(), duration });

/** The kinds of operations of the engine that a run is made of. */
export const operationKinds = ["preview", "up", "refresh", "destroy"] as const;

const events = {
  /** The first event of every run. */
  begin: z.object({
    type: z.literal("begin"),
    at,
    /** Names the run on this machine, and sorts by time. */
    run: z.string(),
    stack: z.string(),
    /** For example `up`. */
    command: z.string(),
    /** Names of the inventory's hosts. */
    hosts: z.array(z.string()),
    /** True for a preview of inventory or configuration that stand in for the stack's own. */
    proposal: z.boolean().exactOptional(),
    /** The process of the run, to tell one that has died from one that goes on. `startTicks` is as /proc/PID/stat has it. */
    process: z.object({ pid: z.number().int(), startTicks: z.string() }),
  }),
  /** The engine begins to preview or to change. */
  operation: z.object({ type: z.literal("operation"), at, kind: z.enum(operationKinds) }),
  operationEnd: z.object({
    type: z.literal("operation-end"),
    at,
    kind: z.enum(operationKinds),
    duration,
    /** Operation → number of resources, as the engine counts them. */
    changes: z.record(z.string(), z.number()),
  }),
  /** What a preview has found. */
  plan: z.object({
    type: z.literal("plan"),
    at,
    /** In the order in which they come; what is in one may change at the same time. */
    waves: z.array(z.array(plannedItem)),
  }),
  /** A look for drift is over. */
  drift: z.object({
    type: z.literal("drift"),
    at,
    /** How much differs; `differences` has the first 200 of it. */
    count: z.number().int().nonnegative(),
    differences: z.array(difference),
    /** What could not be looked at, a sentence each. */
    unseen: z.array(z.string()),
  }),
  /** A change begins. */
  stepBegin: thing.extend({
    type: z.literal("step-begin"),
    at,
    /** Of the step, in this run. */
    id: z.number().int(),
    op: z.string(),
    /** Counts from 1: one more than the last of the changes that it has waited for. */
    wave: z.number().int().positive(),
  }),
  stepEnd: thing.extend({
    type: z.literal("step-end"),
    at,
    id: z.number().int(),
    op: z.string(),
    duration,
    failed: z.boolean(),
  }),
  /** How far the operation is, and what waits for what. Told when that has changed, once in a second at most. */
  waiting: z.object({
    type: z.literal("waiting"),
    at,
    /** Resources that are through, changed or not, and all that there are. */
    done: z.number().int().nonnegative(),
    total: z.number().int().nonnegative(),
    /** How many things wait; `things` has the first of each host, 30 at most. */
    count: z.number().int().nonnegative(),
    things: z.array(waitingThing),
  }),
  warning: z.object({ type: z.literal("warning"), at, message: z.string() }),
  /** The last event of every run that was not killed. */
  end: z.object({
    type: z.literal("end"),
    at,
    result: z.enum(results),
    /** Of the command. */
    exitCode: z.number().int(),
    duration,
    /** Where the time went. */
    phases: z.array(phase),
    /** Operation → number of resources, of the last operation. */
    changes: z.record(z.string(), z.number()),
    /** Why it has not done what was asked for. */
    message: z.string().exactOptional(),
  }),
} as const;

/** One line of a stream. */
export const runEvent = z.discriminatedUnion("type", [
  events.begin,
  events.operation,
  events.operationEnd,
  events.plan,
  events.drift,
  events.stepBegin,
  events.stepEnd,
  events.waiting,
  events.warning,
  events.end,
]);
export type RunEvent = z.output<typeof runEvent>;
export type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;
export type Drift = EventOf<"drift">;

/** An event as it is told; when, says who tells it. */
export type NewEvent = RunEvent extends infer Each ? (Each extends RunEvent ? Omit<Each, "at"> : never) : never;

/** So many differences a `drift` event names. */
export const toldDifferences = 200;

/** An event of a line; undefined for what is none that is known here, or half of one that a killed run has left. */
export function parseEvent(line: string): RunEvent | undefined {
  try {
    return runEvent.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** The events in a text, and what of it is the beginning of a line that goes on. */
export function parseEvents(text: string): { events: RunEvent[]; rest: string } {
  const lines = text.split("\n");
  const rest = lines.pop() ?? "";
  return { events: lines.flatMap((line) => parseEvent(line) ?? []), rest };
}
