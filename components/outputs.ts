import type * as pulumi from "@pulumi/pulumi";
import { hostVersions } from "../plan/facts.ts";
import { rememberedHost } from "../plan/membership.ts";
import type { ClusterValues, PoolValues } from "../plan/outputs.ts";
import type { Preflight } from "./preflight.ts";

/** What the engine knows only once it has made it. */
type MadeByEngine = "caCertificate" | "kubeconfig" | "clusterId" | "tenantKubeconfigs" | "poolMaterial";

/** Outputs of a cluster's stack as the program declares them; plan/outputs.ts says what they are. */
export type ClusterOutputs = {
  [Key in keyof ClusterValues]: Key extends MadeByEngine ? pulumi.Output<ClusterValues[Key]> : ClusterValues[Key];
};

/** Outputs of a pool's stack. */
export type PoolOutputs = PoolValues;

/** The outputs about hosts and roster that clusters and pools have in common. */
export function fleetOutputs(
  { hosts, readings, tombstones, abandoned, rosterGeneration, incarnation, fromSnapshot }: Preflight,
  { machineIds, rosterHosts }: Readonly<Record<"machineIds" | "rosterHosts", Readonly<Record<string, string>>>>,
): Pick<
  PoolValues,
  "hosts" | "hostVersions" | "lost" | "survivors" | "rosterGeneration" | "incarnation" | "fromSnapshot"
> {
  return {
    hosts: {
      ...abandoned,
      ...Object.fromEntries(hosts.map((host) => [host.name, rememberedHost(host, machineIds[host.name])])),
    },
    hostVersions: Object.fromEntries(
      [...readings].flatMap(([name, reading]) => ("facts" in reading ? [[name, hostVersions(reading.facts)]] : [])),
    ),
    lost: tombstones,
    survivors: { ...rosterHosts },
    rosterGeneration,
    incarnation,
    ...(fromSnapshot.length === 0 ? {} : { fromSnapshot }),
  };
}
