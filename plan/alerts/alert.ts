/**
 * How soon somebody has to act: `critical` at once, at any hour; `warning` within days, in working hours; `none` never: it is for the
 * receiver of a dead man's switch.
 */
export type Severity = "critical" | "warning" | "none";

/** Something that somebody has to act on. */
export interface Alert {
  /** Also the name of its page, `docs/alerts/NAME.md`, and of its test in `test/alerts/cases/`. */
  name: string;
  severity: Severity;
  /** What is wrong, in PromQL; each series that it comes to is one alert. */
  expr: string;
  /** How long it must have been so, as Prometheus writes times. Default: it counts at once. */
  for?: string;
  /** One sentence with the numbers, as a template of Prometheus. */
  summary: string;
  /** Labels besides `severity`: what inhibitions go by. */
  labels?: Readonly<Record<string, string>>;
}

/** Rules of one subject, evaluated together. */
export interface AlertGroup {
  name: string;
  /** Series that its alerts go by, computed once: name → PromQL. */
  records?: Readonly<Record<string, string>>;
  alerts: readonly Alert[];
}
