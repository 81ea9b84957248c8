import type { ClusterConfig } from "./config.ts";

/** Life of leaves in hours, and how long before the end they are renewed: a third of their life, in whole hours where there are some. */
export function leafHours({ certificates, certificateDays }: ClusterConfig): {
  validity: number;
  earlyRenewal: number;
} {
  const validity = certificates.leafHours ?? certificateDays * 24;
  const third = validity / 3;
  return { validity, earlyRenewal: third < 1 || !Number.isInteger(validity) ? third : Math.floor(third) };
}

/** Life of the certificates of kubelets, hours: the most that a request to the cluster's signers gets. */
export function kubeletHours(config: ClusterConfig): number {
  return config.certificates.kubeletHours ?? leafHours(config).validity;
}
