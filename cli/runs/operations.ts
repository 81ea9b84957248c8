import { Depths, type Ordered } from "../../plan/runs/order.ts";
import type { RunEvents } from "../pulumi/events.ts";
import { isShownStep } from "../render/steps.ts";
import { keyOf, parseUrn } from "../render/urn.ts";
import type { Journal } from "./journal.ts";
import { thingOf, WaitingLook } from "./waiting.ts";

/** How often it is looked what waits for what. Milliseconds. */
const interval = 1000;

/** Whether a change does something to hosts or the cluster, and makes a wave: keys and certificates exist in the state only. */
function makesWave(urn: string): boolean {
  const type = parseUrn(urn)?.type ?? "";
  return type === "command:remote:Command" || type.startsWith("kubernetes:");
}

/** Numbers changes by what they have waited for, as a plan does. */
class Waves {
  readonly #changed = new Set<string>();
  readonly #order: () => readonly Ordered[];
  #known = new Set<string>();
  #depths = new Depths([], () => false);

  constructor(order: () => readonly Ordered[]) {
    this.#order = order;
  }

  /** The wave of a change that begins now. */
  of(urn: string): number {
    const key = keyOf(urn);
    if (makesWave(urn)) this.#changed.add(key);
    if (!this.#known.has(key)) {
      const order = this.#order();
      this.#known = new Set(order.map((resource) => resource.key));
      this.#depths = new Depths(order, (other) => this.#changed.has(other));
    }
    return this.#depths.begin(key) + 1;
  }
}

/**
 * Tells a journal what an operation of the engine does.
 *
 * @param order in which the program has declared things so far.
 * @returns what to call when the operation is over.
 */
export function followOperation(
  journal: Journal,
  kind: "preview" | "up" | "refresh" | "destroy",
  events: RunEvents,
  order: () => readonly Ordered[],
): () => void {
  const started = Date.now();
  const { hosts } = journal;
  const ids = new Map<string, number>();
  const waves = new Waves(order);
  journal.tell({ type: "operation", kind });
  const unwatch = events.watch({
    onBegin: (step) => {
      if (!isShownStep(step)) return;
      const id = journal.nextStep();
      ids.set(`${step.op} ${step.urn}`, id);
      journal.tell({
        type: "step-begin",
        id,
        op: step.op,
        ...thingOf(step.urn, hosts),
        wave: waves.of(step.urn),
      });
    },
    onEnd: (step) => {
      const id = ids.get(`${step.op} ${step.urn}`);
      if (id === undefined) return;
      const { op, urn, started: begun, ended, failed } = step;
      journal.tell({ type: "step-end", id, op, ...thingOf(urn, hosts), duration: ended - begun, failed });
    },
    onWarning: (message) => {
      journal.warning(message);
    },
  });
  const look = kind === "up" ? waitingTeller(journal, events, order) : () => undefined;
  const timer = setInterval(look, interval);
  return () => {
    clearInterval(timer);
    look();
    unwatch();
    journal.tell({ type: "operation-end", kind, duration: Date.now() - started, changes: { ...events.changes } });
  };
}

/** Tells what waits for what, where that is not what was told last. */
function waitingTeller(journal: Journal, events: RunEvents, order: () => readonly Ordered[]): () => void {
  const look = new WaitingLook({ events, hosts: journal.hosts, order });
  let last = "";
  return () => {
    const waiting = look.look();
    const text = JSON.stringify(waiting);
    if (text !== last) journal.tell({ type: "waiting", ...waiting });
    last = text;
  };
}
