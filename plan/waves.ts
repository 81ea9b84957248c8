import type { HostReading } from "./facts.ts";
import type { Host, Role } from "./inventory.ts";

/** Bundles in the order in which they are changed on one host. */
export const bundleOrder = ["etcd", "controlplane", "loadbalancer"] as const;
export type BundleName = (typeof bundleOrder)[number];

const roleOf: Record<BundleName, Role> = { etcd: "etcd", controlplane: "control-plane", loadbalancer: "load-balancer" };

/** One bundle on one host. */
export interface Step {
  host: string;
  bundle: BundleName;
}

/** The bundles of a host, by its roles. */
export function bundlesOf(host: Host, hasVip: boolean): BundleName[] {
  return bundleOrder.filter((bundle) => host.roles.includes(roleOf[bundle]) && (bundle !== "loadbalancer" || hasVip));
}

/**
 * Whether the control plane has been brought up once, as the hosts tell it: then every change rolls.
 *
 * The hosts and not the stack's outputs, because an `up` that was killed after the last host was done has left no
 * outputs, and restarting all members of such a cluster at once would stop it just the same.
 */
export function isBootstrapped(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): boolean {
  const members = hosts.filter((host) => host.roles.includes("etcd"));
  return members.every((host) => {
    const reading = readings.get(host.name);
    return (
      reading !== undefined &&
      "facts" in reading &&
      reading.facts.bundles["etcd"] !== undefined &&
      reading.facts.bundles["etcd"].generation > 0
    );
  });
}

/** A step and the steps that must have succeeded before it. */
export interface OrderedStep extends Step {
  after: Step[];
}

/**
 * The order of all steps.
 *
 * Before the bootstrap: all etcd members at once (none of them becomes healthy alone), then all control planes, then
 * all load balancers. Afterwards one chain through all hosts in the order of the inventory, so that at most one host is
 * changed at a time and the first failure stops the rest.
 */
export function orderSteps(hosts: readonly Host[], options: { bootstrapped: boolean; hasVip: boolean }): OrderedStep[] {
  const steps = hosts.flatMap((host) =>
    bundlesOf(host, options.hasVip).map((bundle): Step => ({ host: host.name, bundle })),
  );
  if (options.bootstrapped)
    return steps.map((step, index) => ({ ...step, after: steps.slice(Math.max(0, index - 1), index) }));
  const stages = bundleOrder
    .map((bundle) => steps.filter((step) => step.bundle === bundle))
    .filter((stage) => stage.length > 0);
  return stages.flatMap((stage, index) => stage.map((step) => ({ ...step, after: stages[index - 1] ?? [] })));
}
