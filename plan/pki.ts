import type { LeafSpec } from "./bundle.ts";
import { tenantGroup } from "./tenants.ts";

/** The operator's own client certificate. `system:masters` cannot be revoked: it stays in the stack's secret output. */
export const administrator: LeafSpec = {
  name: "admin",
  authority: "kubernetes",
  commonName: "plinth-admin",
  organization: "system:masters",
  dnsNames: [],
  ipAddresses: [],
  uses: ["client_auth"],
};

/** A tenant's client certificate. */
export function tenantLeaf(name: string): LeafSpec {
  return {
    name: `tenant-${name}`,
    authority: "kubernetes",
    commonName: tenantGroup(name),
    organization: tenantGroup(name),
    dnsNames: [],
    ipAddresses: [],
    uses: ["client_auth"],
  };
}
