import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";
import { replicasOf } from "./replicas.ts";

/** What is wrong with `plinth:monitoring`, besides the form of its values. */
export function validateMonitoring(
  hosts: readonly Host[],
  { metrics, monitoring }: Pick<ClusterConfig, "metrics" | "monitoring">,
): Finding[] {
  if (monitoring === undefined) return [];
  const finding = (message: string, remedy: string): Finding => ({
    ...{ rule: "monitoring", kind: "input" as const, hosts: [] },
    ...{ message, remedy },
  });
  return [
    ...(metrics === undefined
      ? [
          finding(
            "plinth:monitoring is set and plinth:metrics is not: hosts would tell Prometheus nothing",
            "set plinth:metrics, {} for its defaults, or remove plinth:monitoring",
          ),
        ]
      : []),
    ...(replicasOf(hosts, monitoring).length === 0
      ? [
          finding(
            "plinth:monitoring is set, and no Node takes Prometheus: each has a taint that it does not tolerate",
            "add a worker without taints, or remove plinth:monitoring",
          ),
        ]
      : []),
  ];
}
