import { quantile, since, type Bucket } from "../etcdcare/histogram.ts";
import { slowCommit, slowFsync } from "../etcdcare/judge.ts";
import type { EtcdFacts } from "../members.ts";

/** How long a member took to write, milliseconds. */
export interface WriteTimes {
  count: number;
  p50?: number;
  p99?: number;
}

/** What a member of etcd measured between two looks at it. */
export interface MemberResult {
  host: string;
  /** Of its log, and of its database. */
  fsync?: WriteTimes;
  commit?: WriteTimes;
  /** Bytes that its database has grown by on disk. */
  grown?: number;
  /** It was started anew meanwhile: the figures are of the time since. */
  restarted?: true;
  /** It led at the end. */
  leads?: true;
  /** Why there is nothing to tell. */
  error?: string;
}

/** What a look tells of a host's member, or why it tells nothing. */
export type MemberReading = EtcdFacts | { error: string };

const milliseconds = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.round(seconds * 100_000) / 100;

const totalOf = (buckets: readonly Bucket[]): number => buckets.reduce((most, { count }) => Math.max(most, count), 0);

function timesOf(now: readonly Bucket[], before: readonly Bucket[]): WriteTimes {
  const difference = since(now, before);
  const [p50, p99] = [0.5, 0.99].map((part) => milliseconds(quantile(difference, part)));
  return {
    count: totalOf(difference),
    ...(p50 === undefined ? {} : { p50 }),
    ...(p99 === undefined ? {} : { p99 }),
  };
}

/** The figures of one member. */
export function memberResult(host: string, before: MemberReading, after: MemberReading): MemberResult {
  if ("error" in before) return { host, error: `before: ${before.error}` };
  if ("error" in after) return { host, error: `afterwards: ${after.error}` };
  const [then, now] = [before.measure, after.measure];
  if (then === undefined || now === undefined) {
    return { host, error: after.selfError ?? "its member does not tell its figures" };
  }
  const restarted = totalOf(now.fsync) < totalOf(then.fsync);
  const leads = after.self?.leader !== undefined && after.self.leader === after.self.id;
  return {
    host,
    ...{ fsync: timesOf(now.fsync, then.fsync), commit: timesOf(now.commit, then.commit) },
    grown: now.size - then.size,
    ...(restarted ? { restarted: true as const } : {}),
    ...(leads ? { leads: true as const } : {}),
  };
}

/** What to know of members, a sentence each: a slow disk makes everything slow, and is no objective of Kubernetes. */
export function memberRemarks(members: readonly MemberResult[]): string[] {
  return members.flatMap(({ host, fsync, commit }) => [
    ...slowSentence(host, "log", fsync?.p99, slowFsync),
    ...slowSentence(host, "database", commit?.p99, slowCommit),
  ]);
}

function slowSentence(host: string, what: string, p99: number | undefined, right: number): string[] {
  if (p99 === undefined || p99 <= right * 1000) return [];
  return [
    `1 % of the writes of etcd's ${what} on ${host} take more than ${p99} ms (at most ${right * 1000} ms is right): give etcd a disk of its own (docs/etcd.md)`,
  ];
}
