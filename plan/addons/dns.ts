import { nthAddress, parseNetwork } from "../addresses.ts";
import type { ClusterConfig } from "../config.ts";

/**
 * The service address of the cluster's DNS: the tenth of the service network, as kubeadm has it.
 *
 * It lies in the range that kube-apiserver does not hand out by itself, so no other Service can have taken it.
 */
export function clusterDnsAddress(config: Pick<ClusterConfig, "serviceCidr">): string {
  const services = parseNetwork(config.serviceCidr);
  if (services === undefined) throw new Error(`plinth:serviceCidr ${config.serviceCidr} is not a network`);
  return nthAddress(services, 10);
}
