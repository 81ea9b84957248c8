import { z } from "zod";
import { words } from "../texts.ts";

/**
 * A backup set is one half of what brings a cluster back. Members of etcd make the half `data`, a snapshot; whoever runs `up` makes the half
 * `state`: the stack's state with its keys, its configuration and inventory. Both are sealed by age to the operators' keys, together with
 * this description, which also stands beside them in clear: it has nothing that is secret.
 */
const digest = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hexadecimal digits");
const count = z.int().min(0);
/** It is printed. */
const short = words.max(253);

/**
 * The most characters that a description has: each of its dozen texts has some hundred at most. What is longer was not written by
 * scripts/backup/ or `backup state`, and is not looked at.
 */
export const longestDescription = 8 * 2 ** 10;
/** The most bytes of a snapshot: eight times the database that etcd's documentation calls the largest (https://etcd.io/docs/v3.6/dev-guide/limit/). */
export const largestSnapshot = 8 * 8 * 2 ** 30;

/**
 * Seconds by which the clocks of members, of operators and of this machine may differ.
 * A set that is dated later than that was made by a clock that was wrong, or by somebody who wanted it to be the newest for ever.
 */
export const clockSlack = 600;

/**
 * The keys without which one half is worth nothing to the other: SHA-256 of the service accounts' public key (PEM, as it is on hosts) and of
 * the first key by which the API server encrypts Secrets (base64, as it is in its configuration). Both are of 256 random bits or more, so a
 * digest tells nothing.
 */
const keys = z.object({ serviceAccounts: digest, encryption: digest });

const common = {
  format: z.literal(1),
  /** Time (UTC, to the second) and who made it: `20261129T210000Z-cp1`. Unique within a cluster, and sorts by time. */
  id: z.string().regex(/^\d{8}T\d{6}Z-[A-Za-z0-9._-]{1,80}$/),
  /** ISO 8601, UTC, by the clock of whoever made it. */
  time: z.iso.datetime(),
  cluster: short,
  /** 16 hexadecimal digits, see the stack's output `clusterId`. */
  clusterId: z.string().regex(/^[0-9a-f]{16}$/),
  /** What it was made for: `timer`, `now`, `up`, or a change, `before …`. */
  reason: short,
  kubernetes: short,
  etcd: short,
  keys,
};

const dataSchema = z.object({
  ...common,
  kind: z.literal("data"),
  /** The member whose snapshot it is. */
  host: short,
  /** The revision of etcd up to which everything is in it. */
  revision: count,
  /** Keys in it, of all revisions that were not compacted (`totalKey` of `etcdutl snapshot status`). */
  totalKeys: count,
  /** Size of the snapshot in bytes. */
  bytes: count.max(largestSnapshot),
  /** SHA-256 of the snapshot file. */
  sha256: digest,
});

const stateSchema = z.object({
  ...common,
  kind: z.literal("state"),
  project: short,
  stack: short,
  /** How often the cluster was begun anew under the same id, see plan/guards/gone.ts. */
  incarnation: count,
  /** SHA-256 of the stack's deployment as the engine exports it, secrets encrypted: whether the state has changed since. */
  sha256: digest,
});

const setSchema = z.discriminatedUnion("kind", [dataSchema, stateSchema]);

export type DataSet = z.output<typeof dataSchema>;
export type StateSet = z.output<typeof stateSchema>;
export type BackupSet = z.output<typeof setSchema>;

/** @throws Error with a sentence when it is not the description of a set. */
export function parseSet(json: string): BackupSet {
  if (json.length > longestDescription) throw tooLong();
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error("the description of the set is not JSON");
  }
  const parsed = setSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const format = z.object({ format: z.int() }).safeParse(value);
  if (format.success && format.data.format > 1) {
    throw new Error(`the set has the format ${format.data.format}, and this release knows 1: use a newer Plinth`);
  }
  const [issue] = parsed.error.issues;
  throw new Error(`the description of the set makes no sense: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
}

/** Of a description that was not read to its end. */
export function tooLong(): Error {
  return new Error(`the description of the set is longer than ${longestDescription} characters`);
}

/** The id of a set that `maker` makes at a time, milliseconds since the epoch. */
export function setId(at: number, maker: string): string {
  return `${new Date(at).toISOString().replace(/[-:]|\.\d+/g, "")}-${maker.replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 80)}`;
}

/** Whether two halves are of the same cluster and go with the same keys. */
export function belongTogether(one: BackupSet, other: BackupSet): boolean {
  return (
    one.clusterId === other.clusterId &&
    one.keys.encryption === other.keys.encryption &&
    one.keys.serviceAccounts === other.keys.serviceAccounts
  );
}

/** Whether a set is dated so far in the future that its date cannot be right. @param now milliseconds since the epoch. */
export function isAhead({ time }: Pick<BackupSet, "time">, now: number): boolean {
  return Date.parse(time) > now + clockSlack * 1000;
}

/**
 * The newest set that is not later than a time; undefined where there is none. One that is dated in the future is never it: it would be
 * the newest for ever.
 *
 * @param now milliseconds since the epoch.
 * @param until the same. Default: without an end.
 */
export function newestUntil<Set extends Pick<BackupSet, "time" | "id">>(
  sets: readonly Set[],
  now: number,
  until = Number.POSITIVE_INFINITY,
): Set | undefined {
  return sets
    .filter((set) => Date.parse(set.time) <= until && !isAhead(set, now))
    .toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time) || a.id.localeCompare(b.id))
    .at(-1);
}
