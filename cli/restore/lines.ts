import { goneRule } from "../../plan/guards/gone.ts";
import { paths } from "../../plan/names.ts";
import type { Restore } from "../../plan/restore/course.ts";
import { lossLines, type RestorePlan } from "../../plan/restore/situation.ts";
import type { SnapshotFacts } from "../../plan/restore/snapshot.ts";
import { restoreSteps, stepSentences, type RestoreVerb } from "../../plan/restore/steps.ts";
import type { LocalSnapshot } from "./source.ts";

/** With what a restore begins. */
export interface Beginning {
  facts: SnapshotFacts;
  snapshot: LocalSnapshot;
  /** Milliseconds since the epoch. */
  now: number;
}

/** What would be done, for people. @param beginning undefined where it goes on. */
export function planLines(stack: string, { plan, hosts, fact }: Restore, beginning: Beginning | undefined): string[] {
  const list = (names: readonly string[]): string => names.join(", ");
  const begun =
    beginning === undefined
      ? [`Going on with the restore ${fact.id} of stack "${stack}".`]
      : beginningLines(stack, plan, beginning);
  if (plan.kind === "plant") {
    return [
      ...begun,
      `  hosts     ${list(plan.members)} carry nothing: each gets the snapshot, and begins with it at the next up`,
      `  after     ./plinth up --override ${goneRule}`,
    ];
  }
  return [
    ...begun,
    `  members   ${list(plan.members)}`,
    ...(plan.later.length > 0 ? [`  later     ${list(plan.later)}: ./plinth up makes members of them`] : []),
    "  steps",
    ...restoreSteps.map((step) => `    ${step.padEnd(7)} ${list(hostsOf(step, plan, hosts))}: ${stepSentences[step]}`),
    `  Data of before is kept on each host below ${paths.kept}.`,
  ];
}

function beginningLines(stack: string, plan: RestorePlan, { facts, snapshot, now }: Beginning): string[] {
  const size = (facts.bytes / 2 ** 20).toFixed(1);
  const loss = lossLines({ time: snapshot.time, revision: facts.revision }, plan.revision, now);
  return [
    `Restore of etcd's data of stack "${stack}"`,
    `  snapshot  ${snapshot.name}, ${size} MiB, revision ${facts.revision ?? "unknown"}, whole, of this cluster`,
    `  now       ${plan.serves}`,
    ...loss.map((line, index) => `  ${index === 0 ? "lost" : "    "}      ${line}`),
  ];
}

/** The hosts on which a step has something to do. */
function hostsOf(step: RestoreVerb, plan: RestorePlan, hosts: readonly string[]): readonly string[] {
  return ["stage", "stop", "seed", "start"].includes(step) ? plan.members : hosts;
}

/** What comes next, for people. */
export function endLines({ plan, fact }: Restore): string[] {
  if (plan.kind === "plant") {
    return [
      `The snapshot is on ${plan.members.join(", ")}.`,
      `Next: ./plinth up --override ${goneRule} brings the cluster up with it.`,
    ];
  }
  return [
    `Restored (${fact.id}): etcd, API servers and controllers serve.`,
    "Next: ./plinth up --heal makes hosts, Nodes and objects agree with the stack's state again.",
  ];
}
