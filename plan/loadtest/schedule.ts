import type { OperationName } from "./samples.ts";

/** Requests of the load for single objects, in turn: 60 % are reads, 20 % updates, and as many objects are made as deleted. */
const turn = ["get", "update", "get", "create", "get", "get", "update", "get", "delete", "get"] as const;

export type MixedOperation = Extract<OperationName, (typeof turn)[number]>;

/** Objects of a test. */
export interface Objects {
  /** Known to be there. */
  live: number;
  /** Those of which an answer was lost: they may be there. */
  unknown: number;
}

/**
 * What the next request does. Objects are never more than wanted, even if all are there that may be, and those that are known are never so
 * few that reads and deletions meet.
 *
 * @param index of the request, from 0.
 * @param most objects that may be there.
 */
export function operationAt(index: number, { live, unknown }: Objects, most: number): MixedOperation {
  const planned = turn[index % turn.length] ?? "get";
  const [mayCreate, mayDelete] = [live + unknown < most, live > fewest(most)];
  if (planned === "create" && !mayCreate) return mayDelete ? "delete" : "get";
  if (planned === "delete" && !mayDelete) return mayCreate ? "create" : "get";
  return planned;
}

/** Objects that are there before the load begins. */
export function objectsAtFirst(most: number): number {
  return Math.ceil(most / 2);
}

function fewest(most: number): number {
  return Math.ceil(most / 4);
}

/**
 * The place of the object that a request is about, in a list with the oldest first. Reads and updates keep to the younger half, in turn;
 * deletions take the oldest, so that nothing is read that is just being deleted.
 */
export function placeAt(operation: Exclude<MixedOperation, "create">, index: number, live: number): number {
  if (operation === "delete") return 0;
  const half = Math.floor(live / 2);
  return half + (index % Math.max(1, live - half));
}

/** Milliseconds between two lists: of the test's own namespace, and of all pods of the cluster, which may be large. */
export const listEvery = { "list-namespace": 1000, "list-cluster": 10_000 } as const;

/** Requests under way at a time, at most. What cannot begin because of that is counted, and not made up for. */
export const mostUnderWay = 200;
