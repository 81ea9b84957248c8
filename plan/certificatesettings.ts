import { z } from "zod";

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
