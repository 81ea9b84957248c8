import type { Thing } from "../../plan/runs/event.ts";
import type { Ordered } from "../../plan/runs/order.ts";
import { waitingOf, type Reached, type Waiting } from "../../plan/runs/waiting.ts";
import { isChange, type RunEvents } from "../pulumi/events.ts";
import { displayNameOf } from "../render/display-name.ts";
import { isPartOfCertificate, isProvider } from "../render/steps.ts";
import { keyOf, urnOfKey } from "../render/urn.ts";

/** A run of the engine that goes on. */
export interface Followed {
  events: Pick<RunEvents, "steps" | "unfinished">;
  /** Names of the inventory's hosts. */
  hosts: readonly string[];
  /** What the program has declared so far. */
  order: () => readonly Ordered[];
}

/** What people call a resource. */
export function thingOf(urn: string, hosts: readonly string[]): Thing {
  const { what, host } = displayNameOf(urn, hosts);
  return host === undefined ? { what } : { what, host };
}

/** Looks what of a run waits for what. It looks anew when a step has begun or ended since: of many hosts that takes a while. */
export class WaitingLook {
  readonly #followed: Followed;
  #seen = -1;
  #found: Waiting = { done: 0, total: 0, count: 0, things: [] };

  constructor(followed: Followed) {
    this.#followed = followed;
  }

  /** @returns the same object as before where nothing has moved. */
  look(): Waiting {
    const { events, hosts, order } = this.#followed;
    // A step counts once when it begins, and once more when it ends.
    const moved = 2 * events.steps.length + events.unfinished().length;
    if (moved === this.#seen) return this.#found;
    this.#seen = moved;
    this.#found = waitingOf(order(), reachedOf(events), (key) => {
      const urn = urnOfKey(key);
      return isProvider(urn) || isPartOfCertificate(urn) ? undefined : thingOf(urn, hosts);
    });
    return this.#found;
  }
}

function reachedOf(events: Followed["events"]): Reached {
  // Of what is replaced the old one goes when the new one has come: it is through with the latter.
  const ended = events.steps.filter(({ failed, op }) => !failed && op !== "create-replacement");
  return {
    ended: new Set(ended.map(({ urn }) => keyOf(urn))),
    running: new Set(events.unfinished().flatMap(({ op, urn }) => (isChange(op) ? [keyOf(urn)] : []))),
  };
}
