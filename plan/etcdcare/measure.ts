import { z } from "zod";
import { words, type LineReader } from "../look.ts";
import { count } from "../told.ts";
import type { Bucket } from "./histogram.ts";

/** What a member of etcd measured at one time (`etcd_measure` in scripts/lib/etcd-metrics.sh). */
export interface Measure {
  /** Seconds since the epoch, by the member's host. */
  at: number;
  /** Bytes of the database on disk. */
  size: number;
  /** Bytes of it that hold something. */
  used: number;
  /** How long writes of the log took, since the member's start. */
  fsync: Bucket[];
  /** How long writes of the database took, since the member's start. */
  commit: Bucket[];
}

const longestHistogram = 100;

const buckets = z
  .string()
  .max(4096)
  .regex(/^(\d+(\.\d+)?|inf):\d{1,15}(,(\d+(\.\d+)?|inf):\d{1,15})*$/)
  .transform((text) =>
    text.split(",").map((bucket): Bucket => {
      const [seconds = "", counted = ""] = bucket.split(":");
      return { seconds: seconds === "inf" ? Infinity : Number(seconds), count: Number(counted) };
    }),
  )
  .pipe(z.array(z.custom<Bucket>()).max(longestHistogram));

const measureWords = z
  .tuple([count, count, count, buckets, buckets])
  .transform(([at, size, used, fsync, commit]): Measure => ({ at, size, used, fsync, commit }));

export function measureReader(use: (measure: Measure) => unknown): LineReader {
  return words("etcd's metrics", measureWords, use);
}
