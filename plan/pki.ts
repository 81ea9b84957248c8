import type { Authority, LeafSpec } from "./bundle.ts";
import { metricsReaderName, metricsUser } from "./metrics/endpoints.ts";
import { tenantGroup } from "./tenants.ts";

/** Names of the resources that hold keys and ids. They are in URNs and never change. */
export const keyNames = {
  clusterId: "cluster-id",
  serviceAccount: "service-account",
  encryption: "encryption-key",
  /** Of its key, and of its certificate. */
  authority: (authority: Authority): string => `${authority}-ca`,
  /** Of its key, its request and its certificate. */
  leaf: (host: string, leaf: string): string => `${host}-${leaf}`,
  bootstrapToken: (host: string): string => `${host}-bootstrap-token`,
} as const;

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

/** Client certificate of whoever reads figures. */
export const metricsReader: LeafSpec = {
  name: "metrics-reader",
  authority: "kubernetes",
  commonName: metricsUser,
  dnsNames: [metricsReaderName],
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
