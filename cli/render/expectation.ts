import type { Expectation } from "../../plan/history/expected.ts";
import { formatDuration } from "./duration.ts";

/**
 * `about 45.0 s`, `at least 45.0 s`, `unknown`.
 *
 * @param steps number of steps on hosts that are planned.
 */
export function describeExpectation({ known, unknown }: Expectation, steps: number): string {
  if (steps === 0) return "nothing to do on hosts";
  if (unknown.length === 0) return `about ${formatDuration(known)}`;
  return known === 0 ? "unknown" : `at least ${formatDuration(known)}`;
}
