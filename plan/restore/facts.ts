import { z } from "zod";
import { word, words, type LineReaders } from "../look.ts";

/** Time and a few random digits, `20261129T210000Z-1a2b3c`: sorts by time. */
export const restoreId = z.string().regex(/^\d{8}T\d{6}Z-[0-9a-f]{6}$/);

/**
 * How far a host has come in a restore, see scripts/lib/restore.sh. `quieting`: it is stopping its API server, and counts as `staged`;
 * `planted`: it is not in service, and is to begin with the snapshot.
 */
const step = z.enum(["staged", "quieting", "quiet", "stopped", "seeded", "started", "serving", "planted"]);
export type RestoreStep = z.output<typeof step>;

/** A restore of etcd's data, as a host that takes part knows it. */
export interface RestoreFact {
  id: string;
  step: RestoreStep;
  /** Of the snapshot; `-` on hosts without etcd. */
  sha256: string;
  /** What makes etcd's cluster another one than before. */
  token: string;
  /** All members: `NAME=PEER-URL,…`. */
  members: string;
  /** By how much the revision is raised. */
  bump: number;
}

export interface RestoreFacts {
  /** Under way. */
  current?: RestoreFact;
  /** That the host begins with, once it is claimed. */
  seed?: RestoreFact;
  /** Id of the last one that came to its end. */
  last?: string;
}

const factWords = z
  .tuple([
    restoreId,
    step,
    z.string().regex(/^([0-9a-f]{64}|-)$/),
    z.string().regex(/^[\w.:-]{1,300}$/),
    z.string().regex(/^[\w.:/=,-]{1,8000}$/),
    z.string().regex(/^\d{1,15}$/),
  ])
  .transform(([id, at, sha256, token, members, bump]): RestoreFact => ({
    ...{ id, step: at, sha256, token, members, bump: Number(bump) },
  }));

/** Reads the lines about restores. `restores` is called once there is something to tell. */
export function restoreReaders(restores: () => RestoreFacts): LineReaders {
  return {
    restore: words("its restore", factWords, (fact) => (restores().current = fact)),
    seed: words("its restore", factWords, (fact) => (restores().seed = fact)),
    restored: word("its restore", restoreId, (id) => (restores().last = id)),
  };
}
