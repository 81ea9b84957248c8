import type * as pulumi from "@pulumi/pulumi";
import { hostVersions } from "../plan/facts.ts";
import { rememberedHost } from "../plan/membership.ts";
import type { ClusterValues, MachineValues, PoolValues } from "../plan/outputs.ts";
import type { Preflight } from "./preflight.ts";

/** What the engine knows only once it has made it. */
type MadeByEngine =
  "caCertificate" | "kubeconfig" | "clusterId" | "tenantKubeconfigs" | "poolMaterial" | "metricsIdentity";

/** Outputs of a cluster's stack as the program declares them; plan/outputs.ts says what they are. */
export type ClusterOutputs = {
  [Key in keyof ClusterValues]: Key extends MadeByEngine ? pulumi.Output<ClusterValues[Key]> : ClusterValues[Key];
};

/** Outputs of a stack of machines alone. */
export type MachineOutputs = Omit<MachineValues, "clusterId"> & { clusterId: pulumi.Output<string> };

/** Outputs of a pool's stack. */
export type PoolOutputs = PoolValues;

/** The outputs about hosts that all stacks have in common. */
export function hostOutputs(
  { hosts, readings, tombstones, abandoned }: Preflight,
  machineIds: Readonly<Record<string, string>>,
): Pick<PoolValues, "hosts" | "hostVersions" | "lost"> {
  return {
    hosts: {
      ...abandoned,
      ...Object.fromEntries(hosts.map((host) => [host.name, rememberedHost(host, machineIds[host.name])])),
    },
    hostVersions: Object.fromEntries(
      [...readings].flatMap(([name, reading]) => ("facts" in reading ? [[name, hostVersions(reading.facts)]] : [])),
    ),
    lost: tombstones,
  };
}

/** The outputs about hosts and roster that clusters and pools have in common. */
export function fleetOutputs(
  checked: Preflight,
  { machineIds, rosterHosts }: Readonly<Record<"machineIds" | "rosterHosts", Readonly<Record<string, string>>>>,
): Pick<
  PoolValues,
  "hosts" | "hostVersions" | "lost" | "survivors" | "rosterGeneration" | "incarnation" | "fromSnapshot"
> {
  const { rosterGeneration, incarnation, fromSnapshot } = checked;
  return {
    ...hostOutputs(checked, machineIds),
    survivors: { ...rosterHosts },
    rosterGeneration,
    incarnation,
    ...(fromSnapshot.length === 0 ? {} : { fromSnapshot }),
  };
}
