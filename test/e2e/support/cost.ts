import type { Attempt } from "./poller.ts";

/** What a disaster and its end have cost, by writes that a client was told were done. */
export interface Cost {
  /** Writes that were acknowledged before the set was asked for: all of them have to be there. */
  promised: number;
  /** Those of them that are not there, and those that were acknowledged when all was over, and are not there. */
  broken: string[];
  /** Writes that were acknowledged between the set and the end, and are not there. */
  lost: string[];
  /** Milliseconds from the set to the loss. */
  rpo: number;
  /** Milliseconds from the loss to the first write that was acknowledged when the longest silence after it was over. */
  rto: number;
}

/** When things happened, milliseconds since the epoch. */
export interface Moments {
  /** The set was asked for. */
  set: number;
  /** The loss. */
  loss: number;
}

/**
 * Compares what a client was told with what is there.
 *
 * @param attempts writes of one client, in any order.
 * @param stored names that are there when all is over.
 * @throws Error when no write was acknowledged before the set, or none after the loss: nothing could be said.
 */
export function costOf(
  attempts: readonly Pick<Attempt, "name" | "started" | "ended" | "ok">[],
  stored: ReadonlySet<string>,
  { set, loss }: Moments,
): Cost {
  const acknowledged = attempts.filter(({ ok }) => ok).toSorted((a, b) => a.ended - b.ended);
  const promised = acknowledged.filter(({ ended }) => ended <= set);
  if (promised.length === 0) throw new Error("no write was acknowledged before the set was asked for");
  const missing = (writes: typeof acknowledged): string[] =>
    writes.filter(({ name }) => !stored.has(name)).map(({ name }) => name);
  const over = endOfSilence(acknowledged, loss);
  return {
    promised: promised.length,
    broken: [...missing(promised), ...missing(acknowledged.filter(({ started }) => started > over))],
    lost: missing(acknowledged.filter(({ started, ended }) => ended > set && started <= over)),
    rpo: loss - set,
    rto: over - loss,
  };
}

/** When the longest time without an acknowledged write was over, of those that ended after the loss. */
function endOfSilence(acknowledged: readonly Pick<Attempt, "started" | "ended">[], loss: number): number {
  const ends = acknowledged.filter(({ ended }) => ended > loss).map(({ ended }) => ended);
  const silences = ends.map((end, index) => ({ end, length: end - (ends[index - 1] ?? loss) }));
  const [longest] = silences.toSorted((a, b) => b.length - a.length);
  if (longest === undefined) throw new Error("no write was acknowledged after the loss");
  return longest.end;
}

const seconds = (milliseconds: number): string => `${Math.round(milliseconds / 1000)} s`;

/** The line that docs/disaster.md quotes. */
export function costLine(title: string, { promised, broken, lost, rpo, rto }: Cost): string {
  return (
    `RPO/RTO ${title}: the set was ${seconds(rpo)} old, ${lost.length} acknowledged writes since are lost; ` +
    `${seconds(rto)} from the loss to the first acknowledged write; ${broken.length} of ${promised} from before the set are lost`
  );
}
