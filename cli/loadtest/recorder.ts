import { setTimeout as sleep } from "node:timers/promises";
import { mostUnderWay } from "../../plan/loadtest/schedule.ts";
import { operations, type ClientName, type OperationName, type Sample } from "../../plan/loadtest/samples.ts";
import type { Outcome } from "./request.ts";

/** Names of objects, which differ from one refusal to the next. */
const ownNames = /\b(object|pod)-\d+\b/g;

/** What requests of a load came to, by one clock: `performance.now()`. */
export class Recorder {
  readonly samples: Sample[] = [];
  /** Requests that were not sent, because too many were under way. */
  heldBack = 0;
  readonly #underWay = new Set<Promise<Outcome>>();

  /**
   * Sends one request, and notes what came of it. Never rejects where `send` does not.
   *
   * @returns undefined when it was held back.
   */
  async record(
    what: { client: ClientName; operation?: OperationName },
    send: () => Promise<Outcome>,
  ): Promise<Outcome | undefined> {
    if (this.#underWay.size >= mostUnderWay) {
      this.heldBack += 1;
      return undefined;
    }
    const began = performance.now();
    const sent = send();
    this.#underWay.add(sent);
    try {
      const { failure, unanswered } = await sent;
      this.samples.push({
        ...{ ...what, began, ended: performance.now() },
        ...(failure === undefined ? {} : { failure: failure.replace(ownNames, "$1-…") }),
        ...(unanswered === undefined ? {} : { unanswered }),
      });
    } finally {
      this.#underWay.delete(sent);
    }
    return sent;
  }

  /** Waits for the requests under way; each has a time limit of its own. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }
}

/** Milliseconds for an answer to a request of a kind. */
export function patienceOf(operation: OperationName): number {
  return operations[operation].patience;
}

/**
 * Does something at a steady pace, whatever becomes of it: one that is late does not put off those after it.
 *
 * @param every milliseconds.
 * @param stop ends it.
 */
export async function atPace(every: number, stop: AbortSignal, act: (index: number) => void): Promise<void> {
  const begin = performance.now();
  for (let index = 0; !stop.aborted; index += 1) {
    act(index);
    const wait = begin + (index + 1) * every - performance.now();
    // What comes after is done at the next turn at the earliest, so that answers are read meanwhile.
    await sleep(Math.max(0, wait), undefined, { signal: stop }).catch((error: unknown) => {
      if (!stop.aborted) throw error;
    });
  }
}
