import type { PropertyMap } from "../../provider/values.ts";
import { listAt, mapAt, nameOf, numberAt, textAt, type KubeObject } from "../../../kube/object.ts";
import { condition, failed, isTrue, type Judgment, READY, waiting } from "./judgment.ts";

/** Ready, or ended well. */
export function judgePod(pod: KubeObject): Judgment {
  const phase = textAt(pod, "status", "phase");
  if (phase === "Succeeded" || isTrue(condition(pod, "Ready"))) {
    return READY;
  }
  const trouble = podTrouble(pod);
  if (phase === "Failed") {
    return failed(trouble ?? (textAt(pod, "status", "message") || "it failed"));
  }
  return waiting(trouble ?? (phase === "" ? "it has no phase yet" : `it is ${phase}`));
}

/** What keeps a pod from being ready, if it says so. */
export function podTrouble(pod: KubeObject): string | undefined {
  const scheduled = condition(pod, "PodScheduled");
  if (scheduled?.["status"] === "False") {
    return `not scheduled: ${textAt(scheduled, "message") || textAt(scheduled, "reason")}`;
  }
  const containers = [...listAt(pod, "status", "initContainerStatuses"), ...listAt(pod, "status", "containerStatuses")];
  const troubles = containers.map(containerTrouble).filter((trouble) => trouble !== undefined);
  return troubles.length === 0 ? undefined : troubles.join("; ");
}

/** Reasons of waiting that are no trouble. */
const ON_ITS_WAY = new Set(["", "ContainerCreating", "PodInitializing"]);

function containerTrouble(status: PropertyMap): string | undefined {
  if (status["ready"] === true) {
    return undefined;
  }
  const name = textAt(status, "name");
  const waitingFor = textAt(status, "state", "waiting", "reason");
  const last = mapAt(status, "lastState", "terminated");
  const now = mapAt(status, "state", "terminated");
  if (!ON_ITS_WAY.has(waitingFor)) {
    const message = textAt(status, "state", "waiting", "message");
    const ended = Object.keys(last).length === 0 ? "" : `, last ${exitText(last)}`;
    return `container ${name}: [${waitingFor}] ${message}${ended}`.trim();
  }
  const ended = Object.keys(now).length > 0 ? now : last;
  // An init container that is done has ended with 0.
  return Object.keys(ended).length === 0 || numberAt(ended, "exitCode") === 0
    ? undefined
    : `container ${name} ${exitText(ended)}`;
}

function exitText(terminated: PropertyMap): string {
  const reason = textAt(terminated, "reason");
  const message = textAt(terminated, "message").trim();
  return `ended with ${numberAt(terminated, "exitCode")}${reason === "" ? "" : ` (${reason})`}${message === "" ? "" : `: ${message}`}`;
}

/** The troubles of a workload's pods, each said once with the first pod that has it. */
export function podTroubles(pods: readonly KubeObject[]): string[] {
  const byTrouble = new Map<string, string[]>();
  for (const pod of pods) {
    const trouble = podTrouble(pod);
    if (trouble !== undefined) {
      byTrouble.set(trouble, [...(byTrouble.get(trouble) ?? []), nameOf(pod)]);
    }
  }
  return [...byTrouble].map(([trouble, [first, ...others]]) => {
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return `pod ${first ?? ""}${more}: ${trouble}`;
  });
}

/** The last warnings of an object and of what it made, oldest first. */
export function eventTexts(events: readonly KubeObject[], names: ReadonlySet<string>, limit = 5): string[] {
  const when = (event: KubeObject): string =>
    textAt(event, "lastTimestamp") || textAt(event, "eventTime") || textAt(event, "metadata", "creationTimestamp");
  return events
    .filter((event) => event["type"] === "Warning" && names.has(textAt(event, "involvedObject", "name")))
    .sort((left, right) => (when(left) < when(right) ? -1 : 1))
    .slice(-limit)
    .map((event) => {
      const about = `${textAt(event, "involvedObject", "kind")} ${textAt(event, "involvedObject", "name")}`;
      return `event of ${about}: [${textAt(event, "reason")}] ${textAt(event, "message").trim()}`;
    });
}
