import { operationNames, operations, percentilesOf, rounded, type Percentiles, type Sample } from "./samples.ts";

/** What came of all requests of one kind. */
export interface OperationResult {
  verb: string;
  resource: string;
  scope: string;
  sent: number;
  /** Without a good answer. */
  failed: number;
  /** Of these, without any answer in the time that they had. */
  unanswered: number;
  /** Milliseconds; undefined where nothing was answered. */
  latency?: Percentiles;
  /** What 99 % must not exceed, milliseconds. */
  objective: number;
  /** Undefined where nothing was sent. */
  met?: boolean;
}

/**
 * Judges latencies by Kubernetes' objectives. Answers that are refusals tell nothing of how long answers take and do not count; where there
 * was none, it took as long as it was waited for, at least.
 */
export function judgeOperations(samples: readonly Sample[]): OperationResult[] {
  return operationNames.flatMap((name): OperationResult[] => {
    const own = samples.filter(({ operation }) => operation === name);
    if (own.length === 0) return [];
    const { verb, resource, scope, objective } = operations[name];
    const counted = own.filter(({ failure, unanswered }) => failure === undefined || unanswered === true);
    const latency = percentilesOf(counted.map(({ began, ended }) => ended - began));
    return [
      {
        ...{ verb, resource, scope, objective, sent: own.length },
        failed: own.filter(({ failure }) => failure !== undefined).length,
        unanswered: own.filter(({ unanswered }) => unanswered === true).length,
        ...(latency === undefined ? {} : { latency }),
        // What was sent and never well answered has not met anything.
        met: latency !== undefined && latency.p99 <= objective,
      },
    ];
  });
}

/** A short piece of the time that a load took. */
export interface Cell {
  /** Seconds since the load began. */
  at: number;
  sent: number;
  failed: number;
  /** Milliseconds, of good answers; undefined: there was none. */
  p99?: number;
}

const mostCells = 60;

/**
 * Requests by the time at which they began, in pieces of equal length.
 *
 * @param from when the load began, by the samples' clock.
 * @param seconds that it took.
 */
export function timelineOf(samples: readonly Sample[], from: number, seconds: number): Cell[] {
  const length = Math.max(1, Math.ceil(seconds / mostCells));
  return Array.from({ length: Math.max(1, Math.ceil(seconds / length)) }, (_, index): Cell => {
    const [begin, end] = [from + index * length * 1000, from + (index + 1) * length * 1000];
    const own = samples.filter(({ began }) => began >= begin && began < end);
    const good = own.filter(({ failure }) => failure === undefined);
    const p99 = percentilesOf(good.map(({ began, ended }) => ended - began))?.p99;
    return {
      at: rounded(index * length),
      ...{ sent: own.length, failed: own.length - good.length },
      ...(p99 === undefined ? {} : { p99 }),
    };
  });
}
