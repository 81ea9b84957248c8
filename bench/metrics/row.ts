/** What one job costs at one host. */
export interface JobCost {
  job: string;
  series: number;
  bytes: number;
}

/** What Prometheus needs for so many hosts. */
export interface MetricsRow {
  hosts: number;
  targets: number;
  series: number;
  samplesPerSecond: number;
  bytesPerSecond: number;
  /** Of one processor, and the most of it so far, MiB. */
  processors: number;
  peakMiB: number;
  /** Seconds that the slowest group of rules takes. */
  slowestRules: number;
  jobs: JobCost[];
  failure: string | undefined;
}
