import type { Finding } from "../../plan/findings.ts";
import { expectedDuration, usualDurations, type Expectation, type TimedRun } from "../../plan/history/expected.ts";
import { isChange, type RunEvents } from "../pulumi/events.ts";
import { describeExpectation } from "../render/expectation.ts";
import { maskText } from "./mask.ts";
import { itemWaves, kindWaves, reviewHosts, reviewItems, type ReviewHost, type ReviewItem } from "./model.ts";
import type { Ordered } from "../../plan/runs/order.ts";

/** How a guard's finding begins that was set aside by name. */
const SET_ASIDE = /^set aside by [^:\s]+(?::[\w-]+)?: /;

/** Everything that a review tells, whatever the form. */
export interface Review {
  stack: string;
  result: "changes" | "unchanged" | "invalid" | "refused" | "failed";
  /** Operation → number of resources. */
  summary: Record<string, number>;
  items: ReviewItem[];
  hosts: ReviewHost[];
  waves: ReviewItem[][];
  estimate: Expectation;
  /** In words. */
  duration: string;
  /** Why nothing would be done. */
  findings: Finding[];
  /** Why the preview could not be made. */
  failure?: string;
  /** Guards that were set aside, one sentence each. */
  setAside: string[];
  warnings: string[];
}

export interface ReviewInput {
  stack: string;
  events: Pick<RunEvents, "planned" | "diagnostics" | "changes">;
  order: readonly Ordered[];
  inventory: readonly { name: string; roles: readonly string[] }[];
  /** The history of the stack. */
  past: readonly TimedRun[];
  findings?: readonly Finding[];
  /** Exit code is 2, and not 3. */
  invalid?: boolean;
  failure?: string;
}

/** Brings what a preview said into the form of a review. The same input gives the same review. */
export function makeReview(input: ReviewInput): Review {
  const { stack, events, order, inventory, past } = input;
  const findings = [...(input.findings ?? [])];
  const stopped = findings.length > 0 || input.failure !== undefined;
  const items = stopped
    ? []
    : reviewItems(
        events.planned,
        inventory.map(({ name }) => name),
      );
  const waves = itemWaves(items, order);
  const kinds = kindWaves(waves);
  const guess = expectedDuration(kinds, usualDurations(past));
  const said = events.diagnostics
    .filter(({ severity }) => severity === "warning")
    .map(({ message }) => maskText(message.replace(/^warning: /, "").trim()));
  const warnings = [...new Set(said)].sort();
  const changed = Object.entries(events.changes).some(([op, number]) => isChange(op) && number > 0);
  const result = changed || items.length > 0 ? "changes" : "unchanged";
  return {
    stack,
    result:
      findings.length > 0
        ? input.invalid === true
          ? "invalid"
          : "refused"
        : input.failure !== undefined
          ? "failed"
          : result,
    summary: stopped ? {} : { ...events.changes },
    items,
    hosts: reviewHosts(items, inventory),
    waves,
    estimate: guess,
    duration: describeExpectation(guess, kinds.flat().length),
    findings: findings.map((finding) => ({
      ...finding,
      message: maskText(finding.message),
      remedy: maskText(finding.remedy),
    })),
    ...(input.failure === undefined ? {} : { failure: maskText(input.failure) }),
    setAside: warnings.filter((line) => SET_ASIDE.test(line)).map((line) => line.replace(SET_ASIDE, "")),
    warnings: warnings.filter((line) => !SET_ASIDE.test(line)),
  };
}
