import { at, numberAt, textAt, type KubeObject } from "../../../kube/object.ts";
import { condition, conditionText, failed, isTrue, isUnobserved, type Judgment, READY, waiting } from "./judgment.ts";

const UNOBSERVED = "its controller has not seen the change yet; is kube-controller-manager running?";

function wanted(object: KubeObject): number {
  const replicas = at(object, "spec", "replicas");
  return typeof replicas === "number" ? replicas : 1;
}

/** All replicas are of the new revision and available, and the old ones are gone. */
export function judgeDeployment(object: KubeObject): Judgment {
  if (isUnobserved(object)) {
    return waiting(UNOBSERVED);
  }
  const progressing = condition(object, "Progressing");
  if (textAt(progressing, "reason") === "ProgressDeadlineExceeded") {
    return failed(conditionText(progressing, "it made no progress"));
  }
  const replicas = wanted(object);
  const updated = numberAt(object, "status", "updatedReplicas");
  const available = numberAt(object, "status", "availableReplicas");
  const total = numberAt(object, "status", "replicas");
  if (updated < replicas) {
    return waiting(`${updated} of ${replicas} replicas are updated`);
  }
  if (total > updated) {
    return waiting(`${total - updated} old replicas are still there`);
  }
  if (available < replicas) {
    return waiting(`${available} of ${replicas} replicas are available`);
  }
  const isAvailable = condition(object, "Available");
  return isTrue(isAvailable) ? READY : waiting(conditionText(isAvailable, "it is not available"));
}

/** One new and available pod on every node that it is for; with `OnDelete`, old ones count. */
export function judgeDaemonSet(object: KubeObject): Judgment {
  if (isUnobserved(object)) {
    return waiting(UNOBSERVED);
  }
  const nodes = numberAt(object, "status", "desiredNumberScheduled");
  const updated = numberAt(object, "status", "updatedNumberScheduled");
  const available = numberAt(object, "status", "numberAvailable");
  if (updated < nodes && textAt(object, "spec", "updateStrategy", "type") !== "OnDelete") {
    return waiting(`${updated} of ${nodes} nodes have the new pod`);
  }
  return available < nodes ? waiting(`the pods of ${available} of ${nodes} nodes are available`) : READY;
}

/** All replicas that the partition lets be updated are, and all are ready. */
export function judgeStatefulSet(object: KubeObject): Judgment {
  if (isUnobserved(object)) {
    return waiting(UNOBSERVED);
  }
  const replicas = wanted(object);
  const ready = numberAt(object, "status", "readyReplicas");
  const updated = numberAt(object, "status", "updatedReplicas");
  const rolling = textAt(object, "spec", "updateStrategy", "type") !== "OnDelete";
  const partition = numberAt(object, "spec", "updateStrategy", "rollingUpdate", "partition");
  const toUpdate = rolling ? Math.max(0, replicas - partition) : 0;
  if (updated < toUpdate) {
    return waiting(`${updated} of ${toUpdate} replicas are updated`);
  }
  if (ready < replicas) {
    return waiting(`${ready} of ${replicas} replicas are ready`);
  }
  const isCurrent = textAt(object, "status", "currentRevision") === textAt(object, "status", "updateRevision");
  return partition > 0 || !rolling || isCurrent ? READY : waiting("its new revision is not current yet");
}

export function judgeJob(object: KubeObject): Judgment {
  const failure = condition(object, "Failed");
  if (isTrue(failure)) {
    return failed(conditionText(failure, "it failed"));
  }
  if (at(object, "spec", "suspend") === true || isTrue(condition(object, "Complete"))) {
    return READY;
  }
  const count = (state: string): number => numberAt(object, "status", state);
  return waiting(`${count("active")} active, ${count("succeeded")} succeeded and ${count("failed")} failed pods`);
}
