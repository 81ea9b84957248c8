import type { EtcdFacts } from "../members.ts";
import { quantile, since, type Bucket } from "./histogram.ts";
import type { Measure } from "./measure.ts";

/** etcd's documentation calls a disk too slow from these on (etcd.io/docs/v3.6/faq: "What does the etcd warning … mean?"); seconds. */
export const slowFsync = 0.01;
export const slowCommit = 0.025;

/** Databases below are not worth a defragmentation: they are read and written in no time. Bytes. */
export const defragLeastBytes = 100 * 1024 ** 2;

/** Part of the quota above which a database needs somebody. At all of it etcd takes no writes any more. */
const nearQuota = 0.8;
/** Part of the database that is free, above which `status` speaks of it. */
const fragmented = 0.5;
/** Seconds between two samples that tell a growth. */
const leastGrowthSeconds = 3600;

/** What there is to tell of a member's database and disk. */
export interface EtcdCare {
  /** Bytes on disk. */
  size: number;
  /** Bytes that hold something; undefined where the member does not tell. */
  used?: number;
  /** Part of the database that is free, from 0 to 1. */
  fragmentation?: number;
  /** Bytes that the database may have. */
  quota?: number;
  /** Part of the quota that it has, from 0 to 1. */
  quotaShare?: number;
  /** Bytes in use that a day adds; negative where it shrinks. */
  growthPerDay?: number;
  /** Seconds, 99th percentile: of writes of the log, and of the database. */
  fsyncP99?: number;
  commitP99?: number;
  /** Seconds that these are about; undefined: since the member's start. */
  latencySeconds?: number;
}

/** Judges what a member of etcd tells. Undefined when it does not answer. */
export function careOf({ self, measure, samples = [] }: EtcdFacts): EtcdCare | undefined {
  if (self === undefined) return undefined;
  const { dbSize: size, inUse, quota } = self;
  const used = inUse ?? measure?.used;
  return {
    size,
    ...(used === undefined ? {} : { used, ...(size > 0 ? { fragmentation: Math.max(0, 1 - used / size) } : {}) }),
    ...(quota === undefined || quota <= 0 ? {} : { quota, quotaShare: size / quota }),
    ...(measure === undefined ? {} : { ...growth(measure, samples), ...latencies(measure, samples) }),
  };
}

function growth(now: Measure, samples: readonly Measure[]): Pick<EtcdCare, "growthPerDay"> {
  const [first] = samples.toSorted((a, b) => a.at - b.at);
  if (first === undefined || now.at - first.at < leastGrowthSeconds) return {};
  return { growthPerDay: ((now.used - first.used) / (now.at - first.at)) * 86_400 };
}

/** A percentile of few writes says nothing. */
const fewest = 100;

const totalOf = (buckets: readonly Bucket[]): number => Math.max(0, ...buckets.map(({ count }) => count));

/** Of the time since the newest sample that is old enough to tell something, or else since the member's start. */
function latencies(now: Measure, samples: readonly Measure[]): EtcdCare {
  const differences = samples
    .toSorted((a, b) => b.at - a.at)
    .map(({ at, fsync, commit }) => ({
      latencySeconds: now.at - at,
      fsync: since(now.fsync, fsync),
      commit: since(now.commit, commit),
    }));
  const told = (one: { fsync: Bucket[]; commit: Bucket[] }): boolean =>
    totalOf(one.fsync) >= fewest && totalOf(one.commit) >= fewest;
  const { fsync, commit, ...rest } = differences.find(told) ?? { fsync: now.fsync, commit: now.commit };
  const [fsyncP99, commitP99] = [quantile(fsync, 0.99), quantile(commit, 0.99)];
  return {
    ...(fsyncP99 === undefined ? {} : { fsyncP99 }),
    ...(commitP99 === undefined ? {} : { commitP99 }),
    ...rest,
  } as EtcdCare;
}

const percent = (part: number): string => `${Math.round(part * 100)} %`;
const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;

/** Bytes for people. */
export function formatBytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/**
 * What an operator should know of a member and may see to in time, each with the next step. None of it is wrong yet: a slow disk
 * makes etcd slow, and a database may have free space.
 *
 * @param options what is written behind commands, e.g. ` --stack prod`.
 */
export function careWarnings(care: EtcdCare, options: string): string[] {
  const {
    size,
    used,
    fragmentation = 0,
    quota = 0,
    quotaShare = 0,
    growthPerDay = 0,
    fsyncP99 = 0,
    commitP99 = 0,
  } = care;
  const slow = [
    ...(fsyncP99 > slowFsync
      ? [
          `1 % of the writes of its log take more than ${milliseconds(fsyncP99)} (at most ${milliseconds(slowFsync)} is right)`,
        ]
      : []),
    ...(commitP99 > slowCommit
      ? [
          `1 % of the writes of its database take more than ${milliseconds(commitP99)} (at most ${milliseconds(slowCommit)} is right)`,
        ]
      : []),
  ];
  const left = growthPerDay > 0 && used !== undefined ? (quota - used) / growthPerDay : Infinity;
  const fragmentedNow = fragmentation > fragmented && size >= defragLeastBytes;
  return [
    ...(fragmentedNow
      ? [
          `etcd's database is ${percent(fragmentation)} free space (${formatBytes(size)}): run ./plinth etcd defrag${options}`,
        ]
      : []),
    ...(quotaShare > nearQuota
      ? [
          `etcd's database has ${percent(quotaShare)} of its quota of ${formatBytes(quota)}, and at all of it etcd takes no writes: ${
            fragmentation > 0.2 ? `run ./plinth etcd defrag${options}, or ` : ""
          }delete objects, or give plinth:etcdArgs a larger quota-backend-bytes and run up`,
        ]
      : quota > 0 && left < 30
        ? [
            `etcd's data grows by ${formatBytes(growthPerDay)} a day and reaches its quota of ${formatBytes(quota)} in ${Math.max(0, Math.floor(left))} days: see what is written (docs/etcd.md)`,
          ]
        : []),
    ...(slow.length > 0
      ? [`etcd's disk is slow: ${slow.join(", ")}: give etcd a disk of its own by plinth:directories (docs/etcd.md)`]
      : []),
  ];
}
