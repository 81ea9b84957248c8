import type { Plan } from "../bridged/schema.ts";
import { type PropertyMap, UNKNOWN } from "../provider/values.ts";

const HOUR_MS = 3_600_000;

/** A certificate that is not valid long enough to ever leave its renewal window is ready from the start. */
export function adjustRenewal({ planned }: Plan): void {
  const validity = planned["validityPeriodHours"];
  const early = planned["earlyRenewalHours"];
  if (validity === 0 || (typeof early === "number" && typeof validity === "number" && early >= validity)) {
    planned["readyForRenewal"] = true;
  }
}

/** Past its renewal time a certificate is replaced by the next update. */
export function replaceWhenDue(plan: Plan): void {
  if (plan.prior !== undefined && isDue(plan.planned)) {
    plan.planned["readyForRenewal"] = UNKNOWN;
    plan.replaces.add("readyForRenewal");
  }
}

/** A refresh marks a due certificate; the update that follows replaces it. */
export function refreshRenewal(state: PropertyMap): PropertyMap {
  return isDue(state) ? { ...state, readyForRenewal: true } : state;
}

function isDue({ validityEndTime, earlyRenewalHours }: PropertyMap): boolean {
  if (typeof validityEndTime !== "string" || validityEndTime === UNKNOWN || earlyRenewalHours === UNKNOWN) {
    return false;
  }
  const end = Date.parse(validityEndTime);
  if (Number.isNaN(end)) {
    throw new Error(`validityEndTime in the state is not a time: "${validityEndTime}".`);
  }
  return end - Number(earlyRenewalHours ?? 0) * HOUR_MS <= Date.now();
}
