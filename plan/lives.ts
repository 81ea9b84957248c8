import { z } from "zod";
import type { ClusterConfig } from "./config.ts";

/** Hours of a life, or text of them as `pulumi config set` writes it. */
const hours = (least: number, why: string) =>
  z.coerce.number().min(least, `must be at least ${least}: ${why}`).max(87600, "must be at most 87600, ten years");

/** How long certificates live that do not live for `plinth:certificateDays`. */
export const certificatesSchema = z.strictObject({
  /**
   * Life of leaf certificates, operators' and tenants' among them, hours. Less than three, and fractions, are for tests: only Plinth's own
   * tls plugin takes parts of an hour. Default: `plinth:certificateDays`.
   */
  leafHours: hours(0.1, "an up takes minutes").optional(),
  /**
   * Life of the certificates that kubelets ask for, hours; kubelets renew theirs when 10 to 30 % of it are left. Default: that of the
   * leaves. The least is what Kubernetes signs for (`spec.expirationSeconds` of a CertificateSigningRequest: 600 s).
   */
  kubeletHours: hours(0.17, "Kubernetes signs for 10 minutes or more").optional(),
});

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
