import type { EventOf } from "../../plan/runs/event.ts";
import type { Ordered } from "../../plan/runs/order.ts";
import type { RunEvents } from "../pulumi/events.ts";
import { effectsOf, itemWaves, reviewItems } from "./model.ts";

/** What a preview has found, as the stream of a run tells it. */
export function planEvent(
  events: Pick<RunEvents, "planned">,
  order: readonly Ordered[],
  inventory: readonly string[],
): Omit<EventOf<"plan">, "at"> {
  const waves = itemWaves(reviewItems(events.planned, inventory), order).map((wave) =>
    wave.map((item) => ({
      ...{ op: item.op, what: item.what, effects: effectsOf(item) },
      ...(item.host === undefined ? {} : { host: item.host }),
    })),
  );
  return { type: "plan", waves };
}
