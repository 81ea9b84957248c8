import { gvkOf } from "../kinds.ts";
import { apiVersionOf, kindOf, type KubeObject } from "../../../kube/object.ts";
import { waitsFor } from "../annotations.ts";
import { type Judgment, READY } from "./judgment.ts";
import {
  judgeApiService,
  judgeCrd,
  judgeExpression,
  judgeNamespace,
  judgeQuota,
  judgeSecret,
  judgeService,
  judgeVolume,
  judgeVolumeClaim,
} from "./others.ts";
import { judgePod } from "./pods.ts";
import { judgeDaemonSet, judgeDeployment, judgeJob, judgeStatefulSet } from "./workloads.ts";

export { READY, type Judgment } from "./judgment.ts";

/** What a judgment needs besides the object. */
export interface Surroundings {
  /** Endpoint slices of a Service. */
  slices: readonly KubeObject[];
  /** Whether the slices have been the same for a while. */
  settled: boolean;
  /** `volumeBindingMode` of a claim's storage class; empty when unknown. */
  bindingMode: string;
}

export const NO_SURROUNDINGS: Surroundings = { slices: [], settled: false, bindingMode: "" };

type Judge = (object: KubeObject, surroundings: Surroundings) => Judgment;

/** By `group/Kind`; other objects are ready once the server has them. */
const JUDGES: Record<string, Judge> = {
  "/Namespace": judgeNamespace,
  "/PersistentVolume": judgeVolume,
  "/PersistentVolumeClaim": (claim, { bindingMode }) => judgeVolumeClaim(claim, bindingMode),
  "/Pod": judgePod,
  "/ResourceQuota": judgeQuota,
  "/Secret": judgeSecret,
  "/Service": (service, { slices, settled }) => judgeService(service, slices, settled),
  "apiextensions.k8s.io/CustomResourceDefinition": judgeCrd,
  "apiregistration.k8s.io/APIService": judgeApiService,
  "apps/DaemonSet": judgeDaemonSet,
  "apps/Deployment": judgeDeployment,
  "apps/StatefulSet": judgeStatefulSet,
  "batch/Job": judgeJob,
};

/** Kinds that a refresh judges, too. */
const JUDGED_AT_REFRESH = new Set([
  "/Pod",
  "/Service",
  "apps/DaemonSet",
  "apps/Deployment",
  "apps/StatefulSet",
  "batch/Job",
]);

/** `group/Kind`. */
export function kindKey(object: KubeObject): string {
  const { group, kind } = gvkOf(apiVersionOf(object), kindOf(object));
  return `${group}/${kind}`;
}

/** Judges an object by its kind, or by the annotation `pulumi.com/waitFor` in its place. */
export function judge(object: KubeObject, surroundings: Surroundings): Judgment {
  const expressions = waitsFor(object);
  if (expressions.length > 0) {
    const judgments = expressions.map((expression) => judgeExpression(object, expression));
    return (
      judgments.find(({ state }) => state === "failed") ?? judgments.find(({ state }) => state !== "ready") ?? READY
    );
  }
  return JUDGES[kindKey(object)]?.(object, surroundings) ?? READY;
}

export const isJudgedAtRefresh = (object: KubeObject): boolean => JUDGED_AT_REFRESH.has(kindKey(object));
