import { equal } from "../../provider/values.ts";
import { at, listAt, mapAt, textAt, type KubeObject } from "../../../kube/object.ts";
import { condition, conditionText, failed, isTrue, type Judgment, READY, waiting } from "./judgment.ts";

/** Whether traffic needs pods: not for names outside, services without an address, and hand-made endpoints. */
export function needsEndpoints(service: KubeObject): boolean {
  return (
    textAt(service, "spec", "type") !== "ExternalName" &&
    textAt(service, "spec", "clusterIP") !== "None" &&
    Object.keys(mapAt(service, "spec", "selector")).length > 0
  );
}

/** Endpoints may be none at all, but only when they have stayed so for a while: pods may be about to come. */
export function judgeService(service: KubeObject, slices: readonly KubeObject[], settled: boolean): Judgment {
  const ingress = listAt(service, "status", "loadBalancer", "ingress");
  if (textAt(service, "spec", "type") === "LoadBalancer" && ingress.length === 0) {
    return waiting("it has no address of a load balancer; does this cluster have a controller for them?");
  }
  if (!needsEndpoints(service)) {
    return READY;
  }
  const endpoints = slices.flatMap((slice) => listAt(slice, "endpoints"));
  const isReady = (endpoint: KubeObject): boolean => at(endpoint, "conditions", "ready") !== false;
  const ready = endpoints.filter(isReady).length;
  if (ready < endpoints.length) {
    return waiting(`${ready} of ${endpoints.length} endpoints are ready`);
  }
  if (ready > 0 || (slices.length > 0 && settled)) {
    return READY;
  }
  return waiting("its selector matches no pod, or no endpoints were made yet");
}

export function judgeVolumeClaim(claim: KubeObject, bindingMode: string): Judgment {
  const phase = textAt(claim, "status", "phase");
  if (phase === "Bound" || (phase === "Pending" && bindingMode === "WaitForFirstConsumer")) {
    return READY;
  }
  return phase === "Lost" ? failed("its volume is lost") : waiting(`it is ${phase || "not bound"}`);
}

export function judgeVolume(volume: KubeObject): Judgment {
  const phase = textAt(volume, "status", "phase");
  if (phase === "Failed") {
    return failed(textAt(volume, "status", "message") || "it failed");
  }
  return phase === "Available" || phase === "Bound" ? READY : waiting(`it is ${phase || "not available"}`);
}

export function judgeCrd(crd: KubeObject): Judgment {
  const names = condition(crd, "NamesAccepted");
  if (names?.["status"] === "False") {
    return failed(conditionText(names, "its names are taken"));
  }
  const established = condition(crd, "Established");
  return isTrue(established) ? READY : waiting(conditionText(established, "it is not established"));
}

export function judgeApiService(service: KubeObject): Judgment {
  const available = condition(service, "Available");
  return isTrue(available) ? READY : waiting(conditionText(available, "it is not available"));
}

export function judgeNamespace(namespace: KubeObject): Judgment {
  const phase = textAt(namespace, "status", "phase");
  return phase === "Terminating" ? failed("it is being deleted") : READY;
}

/** A token is filled in by a controller. */
export function judgeSecret(secret: KubeObject): Judgment {
  const filled =
    textAt(secret, "type") !== "kubernetes.io/service-account-token" || Object.keys(mapAt(secret, "data")).length > 0;
  return filled ? READY : waiting("its token was not made; does its service account exist?");
}

export function judgeQuota(quota: KubeObject): Judgment {
  return equal(mapAt(quota, "spec", "hard"), mapAt(quota, "status", "hard"))
    ? READY
    : waiting("its status does not show its limits yet");
}

/** One expression of the annotation `pulumi.com/waitFor`: `condition=Type[=Status]` or `jsonpath={.a.b}[=value]`. */
export function judgeExpression(object: KubeObject, expression: string): Judgment {
  const wantedCondition = /^condition=([^=]+)(?:=(.+))?$/.exec(expression);
  if (wantedCondition !== null) {
    const [, type = "", status = "True"] = wantedCondition;
    const found = listAt(object, "status", "conditions").find(
      (entry) => textAt(entry, "type").toLowerCase() === type.toLowerCase(),
    );
    return textAt(found, "status").toLowerCase() === status.toLowerCase()
      ? READY
      : waiting(`condition ${type} is ${textAt(found, "status") || "absent"}, not ${status}`);
  }
  const wantedValue = /^jsonpath=['"]?\{?((?:\.[\w-]+)+)\}?['"]?(?:=(.*))?$/.exec(expression);
  if (wantedValue !== null) {
    const [, path = "", value] = wantedValue;
    const found = at(object, ...path.slice(1).split("."));
    const shown = typeof found === "object" ? JSON.stringify(found) : String(found);
    const met = value === undefined ? found !== undefined : found !== undefined && shown === value;
    return met ? READY : waiting(`${path} is ${shown}${value === undefined ? "" : `, not ${value}`}`);
  }
  return failed(
    `pulumi.com/waitFor has "${expression}"; the bundled plugin knows condition=Type[=Status] and jsonpath={.path}[=value]`,
  );
}
