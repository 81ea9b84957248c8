import * as pulumi from "@pulumi/pulumi";
import { newlyEnforced, refusals, refusalWarnings } from "../plan/refusals.ts";
import type { WorkloadReader } from "./host/workloads.ts";
import type { Preflight } from "./preflight.ts";

/**
 * Warns of workloads that protections refuse at their next start which this run is the first to enforce. A cluster that is
 * new has none.
 *
 * @param read Default: nothing is looked at.
 */
export async function warnOfRefusals(checked: Preflight, read: WorkloadReader | undefined): Promise<void> {
  const { bootstrapped, config, hosts, previous, usableRosterHosts } = checked;
  const protections = bootstrapped ? newlyEnforced(config, previous) : [];
  if (protections.length === 0 || read === undefined) return;
  try {
    const seen = await read(usableRosterHosts);
    for (const warning of refusalWarnings(refusals(protections, { config, hosts }, seen), seen.unread))
      await pulumi.log.warn(warning);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    await pulumi.log.warn(
      `which workloads ${protections.join(", ")} will refuse at their next start could not be looked at: ${error.message}`,
    );
  }
}
