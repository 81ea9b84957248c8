import type { DriftReport } from "../../plan/drift.ts";
import { toldDifferences, type EventOf } from "../../plan/runs/event.ts";

/** A look for drift as the stream of a run tells it. */
export function driftEvent({ differences, unseen }: DriftReport): Omit<EventOf<"drift">, "at"> {
  return {
    type: "drift",
    count: differences.length,
    differences: differences.slice(0, toldDifferences).map(({ host, bundle, ...rest }) => ({
      ...(host === undefined ? {} : { host }),
      ...(bundle === undefined ? {} : { bundle }),
      ...rest,
    })),
    unseen: unseen.map(({ host, message }) => (host === undefined ? message : `${host}: ${message}`)),
  };
}
