import type { KubeconfigCertificate } from "../../plan/expiry.ts";
import type { ClusterApi } from "../cluster/api.ts";
import type { StackInput } from "../project/inventory.ts";
import { backupProblems, backupsOf, judge, lastDrill, nodesOfInterest, warnings, type Problem } from "./judge.ts";
import { observe } from "./observe.ts";
import type { Observation } from "./types.ts";

/** What one look at a whole stack has found. */
export interface StatusLook {
  observation: Observation;
  /** Everything that is not as it should be; empty: the stack is healthy. */
  problems: Problem[];
  /** What an operator may see to in time. */
  warnings: Problem[];
  vips: string[];
}

/**
 * Looks at a stack and judges it: what `status` shows, and what those go by that need a healthy cluster.
 *
 * @param api, kubeconfigs as `observe` takes them. The API's connections are closed afterwards.
 */
export async function lookAtStack(
  input: StackInput,
  stack: string,
  api: Promise<ClusterApi | undefined>,
  kubeconfigs: Promise<readonly KubeconfigCertificate[]>,
): Promise<StatusLook> {
  const { hosts, config } = input;
  const seen = nodesOfInterest(hosts, stack, await observe(input, api, stack, kubeconfigs));
  const { backup } = config;
  const observation =
    backup === undefined ? seen : { ...seen, backups: backupsOf(backup, seen), drill: lastDrill(hosts, seen) };
  const vips = [config.vip, config.serviceVip].filter((vip) => vip !== undefined);
  const problems = [
    ...judge(hosts, vips, observation, stack, config.networkCheck),
    ...(backup === undefined ? [] : backupProblems(backup, hosts, observation, stack)),
  ];
  return { observation, problems, warnings: warnings(hosts, observation, stack), vips };
}
