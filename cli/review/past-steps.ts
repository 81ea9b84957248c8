import { sampleOf, type PastRun } from "../../local/history.ts";
import { isChange, type FinishedStep } from "../pulumi/events.ts";
import { displayNameOf, kindOf } from "../render/display-name.ts";
import { hostsIn, isCommand } from "./resources.ts";

/** What a run teaches: how long the commands on hosts took that have succeeded, by kind. */
export function pastSteps(steps: readonly FinishedStep[], inventory: readonly string[]): PastRun["steps"] {
  const done = steps.filter(({ op, urn, custom, failed }) => custom && !failed && isChange(op) && isCommand(urn));
  const hosts = hostsIn(
    done.map(({ urn }) => urn),
    inventory,
  );
  const kinds = Map.groupBy(done, ({ op, urn }) => kindOf(op, displayNameOf(urn, hosts)));
  return [...kinds].map(([kind, alike]) => ({
    kind,
    count: alike.length,
    durations: sampleOf(alike.map(({ started, ended }) => Math.max(0, ended - started))),
  }));
}
