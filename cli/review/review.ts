import type { Finding } from "../../plan/findings.ts";
import { isChange, type RunEvents } from "../pulumi/events.ts";
import { describeEstimate, estimate, type Estimate } from "./estimate.ts";
import type { PastStep } from "./history.ts";
import { maskText } from "./mask.ts";
import { itemWaves, reviewHosts, reviewItems, type ReviewHost, type ReviewItem } from "./model.ts";
import { kindOf } from "./resources.ts";
import type { Ordered } from "../pulumi/program.ts";

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
  estimate: Estimate;
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
  past: readonly PastStep[];
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
  const guess = estimate(
    waves.map((wave) => wave.filter(({ sort }) => sort !== "object").map((item) => kindOf(item.op, item))),
    past,
  );
  const steps = waves.flat().filter(({ sort }) => sort !== "object").length;
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
    duration: describeEstimate(guess, steps),
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
