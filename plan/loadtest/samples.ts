/**
 * What a load test asks the API for. Each has the objective that Kubernetes sets itself for it: 99 % of the answers come within so many
 * milliseconds (github.com/kubernetes/community, sig-scalability/slos). We wait for longer than that, so that a slow answer is seen as one.
 */
export const operations = {
  get: { verb: "GET", resource: "configmaps", scope: "resource", objective: 1000, patience: 10_000 },
  create: { verb: "POST", resource: "configmaps", scope: "resource", objective: 1000, patience: 10_000 },
  update: { verb: "PATCH", resource: "configmaps", scope: "resource", objective: 1000, patience: 10_000 },
  delete: { verb: "DELETE", resource: "configmaps", scope: "resource", objective: 1000, patience: 10_000 },
  "create-pod": { verb: "POST", resource: "pods", scope: "resource", objective: 1000, patience: 10_000 },
  "delete-pod": { verb: "DELETE", resource: "pods", scope: "resource", objective: 1000, patience: 10_000 },
  "list-namespace": { verb: "LIST", resource: "configmaps", scope: "namespace", objective: 5000, patience: 15_000 },
  "list-cluster": { verb: "LIST", resource: "pods", scope: "cluster", objective: 30_000, patience: 40_000 },
} as const;

export type OperationName = keyof typeof operations;
export const operationNames = Object.keys(operations) as OperationName[];

/** Milliseconds within which 99 % of pods run, from their creation, without what pulling images takes. */
export const podObjective = 5000;

/**
 * Who asks: `load` is the load itself, over connections that are kept; `pods` makes and deletes pods; the others ask at a steady pace
 * whatever comes of it, as clients do, and tell gaps: by a new connection each time, by one that is kept, and what they write.
 */
export const clientNames = ["load", "pods", "new", "kept", "write"] as const;
export type ClientName = (typeof clientNames)[number];

/** One request. Milliseconds of one clock. */
export interface Sample {
  client: ClientName;
  /** Undefined for the clients that only look for gaps. */
  operation?: OperationName;
  began: number;
  ended: number;
  /** Why there was no good answer. */
  failure?: string;
  /** There was no answer at all in the time that it may take. */
  unanswered?: true;
}

/** How long requests took: milliseconds. */
export interface Percentiles {
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/**
 * The least value that so large a part of all values does not exceed (nearest rank): exact, and never one that did not occur.
 *
 * @param sorted in ascending order, not empty.
 * @param part above 0 and at most 1.
 */
export function percentile(sorted: readonly number[], part: number): number {
  const value = sorted[Math.max(0, Math.ceil(part * sorted.length - 1e-9) - 1)];
  if (value === undefined) throw new Error("there is no percentile of nothing");
  return value;
}

/** Undefined of nothing. */
export function percentilesOf(values: readonly number[]): Percentiles | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const of = (part: number): number => rounded(percentile(sorted, part));
  return { p50: of(0.5), p90: of(0.9), p99: of(0.99), max: of(1) };
}

/** To a tenth: what is less is this machine's clock. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
