import type { Firing } from "../../../plan/alerts/inhibitions.ts";
import type { Series } from "../support/cases.ts";

/** What fires at a time, and what somebody hears of it. */
export interface Moment {
  at: number;
  /** Without those that nobody is told of. */
  firing: readonly Firing[];
  /** Causes that have just ended, or fire: `CauseEnded`. Default: it is not looked at. */
  ended?: readonly Firing[];
  /** Names of the alerts that are not made silent, each once. */
  heard: readonly string[];
}

/** A course of things in a whole cluster, by steps of a minute. */
export interface Scenario {
  title: string;
  steps: number;
  series: Series;
  /** In the order of time; none: nothing fires at any time. */
  moments: readonly Moment[];
}

/** `NAME`, `NAME INSTANCE` or `NAME INSTANCE JOB` as an alert that fires, with some labels more. */
export function firing(words: string, labels: Readonly<Record<string, string>> = {}): Firing {
  const [alertname = "", instance, job] = words.split(" ");
  return {
    alertname,
    ...(instance === undefined ? {} : { instance }),
    ...(job === undefined ? {} : { job }),
    ...labels,
  };
}

/** The same alert of several hosts or jobs: `each("TargetDown", ["w1"], ["kubelet", "node"])`. */
export const each = (name: string, instances: readonly string[], jobs: readonly string[]): Firing[] =>
  instances.flatMap((instance) => jobs.map((job) => firing(`${name} ${instance} ${job}`)));

/** `NAME INSTANCE JOB` as a cause that has just ended, or fires. */
export function ended(words: string, within: string): Firing {
  const { alertname = "", ...labels } = firing(words);
  return { alertname: "CauseEnded", cause: alertname, within, ...labels };
}

export const between = (step: number, from: number, to: number): boolean => step >= from && step < to;
