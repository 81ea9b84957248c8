import type { Finding } from "../findings.ts";
import { isMachine } from "../inventory.ts";
import type { PreviousRun } from "../previousrun.ts";
import { guard, type HostRule } from "./rule.ts";

/** Bundles that hosts do not give up while they stay: others go by what they serve, which is handed over by those that leave. */
const serving = ["etcd", "controlplane", "loadbalancer"];

/** Hosts of the control plane that are to be machines besides the cluster from one run to the next. */
export const servingFindings: HostRule = (host, { bundles }) => {
  const carried = serving.filter((name) => bundles[name] !== undefined);
  if (!isMachine(host) || carried.length === 0) return [];
  return [
    guard(
      "machine-serves",
      [host.name],
      `the inventory has it as a machine besides the cluster, and it carries ${carried.join(", ")}`,
      "give it its roles back, or take it out of the inventory, run up, and add it again: a host that leaves hands over what it serves",
    ),
  ];
};

/**
 * A stack whose last run has left a cluster, or a pool of its workers, and that is to have machines alone.
 *
 * @param previous what the run before has left.
 */
export function clusterLeftFindings(previous: PreviousRun | undefined): Finding[] {
  const { kind, caCertificate, endpoint, clusterStack } = previous ?? {};
  if (kind === "machines" || (caCertificate ?? endpoint ?? clusterStack) === undefined) return [];
  return [
    guard(
      "cluster-left",
      [],
      "the last run of this stack has left a cluster, or a pool of its workers, and no host of the inventory has a role of one",
      "give the hosts their roles back; to give the cluster up, run ./plinth destroy with that inventory, and up with this one",
    ),
  ];
}
