import type { Authority } from "./bundle.ts";
import type { ClusterConfig } from "./config.ts";
import { isNode, type Host } from "./inventory.ts";
import { rosterGroup, rosterUser } from "./rosteraccess.ts";
import { tenantGroup } from "./tenants.ts";
import { apiserverServiceAddress } from "./validate.ts";

/** One leaf certificate with a key of its own. */
export interface LeafSpec {
  /** Unique on its host, e.g. `apiserver`. */
  name: string;
  authority: Authority;
  commonName: string;
  organization?: string;
  dnsNames: string[];
  ipAddresses: string[];
  /** Extended key usages besides digital signature. */
  uses: ("server_auth" | "client_auth")[];
}

/** Validity of leaves in hours, and how long before the end they are renewed (a third of their life). */
export function leafHours(config: ClusterConfig): { validity: number; earlyRenewal: number } {
  const validity = config.certificateDays * 24;
  return { validity, earlyRenewal: Math.floor(validity / 3) };
}

/** Names and addresses under which clients reach the API server of a host. */
export function apiserverNames(host: Host, config: ClusterConfig): { dnsNames: string[]; ipAddresses: string[] } {
  const service = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    `kubernetes.default.svc.${config.clusterDomain}`,
  ];
  const dnsNames = [host.name, "localhost", ...service];
  const ipAddresses = ["127.0.0.1", host.address, apiserverServiceAddress(config)];
  if (config.vip !== undefined) ipAddresses.push(config.vip);
  const external = config.externalEndpoint;
  if (external !== undefined) (/^[\d.]+$/.test(external) ? ipAddresses : dnsNames).push(external);
  return { dnsNames, ipAddresses };
}

/** The leaf certificates of one host, by its roles. Names follow kubeadm's table of certificates. */
export function leavesOf(host: Host, config: ClusterConfig): LeafSpec[] {
  const leaves: LeafSpec[] = [];
  const own = { dnsNames: [host.name, "localhost"], ipAddresses: ["127.0.0.1", host.address] };
  const local = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };
  const none = { dnsNames: [], ipAddresses: [] };
  if (host.roles.includes("etcd")) {
    leaves.push(
      // etcd's own gRPC gateway dials the member with its server certificate, hence client_auth too.
      { name: "etcd-server", authority: "etcd", commonName: host.name, ...own, uses: ["server_auth", "client_auth"] },
      { name: "etcd-peer", authority: "etcd", commonName: host.name, ...own, uses: ["server_auth", "client_auth"] },
      {
        name: "etcd-healthcheck",
        authority: "etcd",
        commonName: "plinth-etcd-healthcheck",
        ...none,
        uses: ["client_auth"],
      },
    );
  }
  if (host.roles.includes("control-plane")) {
    leaves.push(
      {
        name: "apiserver",
        authority: "kubernetes",
        commonName: "kube-apiserver",
        ...apiserverNames(host, config),
        uses: ["server_auth"],
      },
      {
        name: "apiserver-etcd-client",
        authority: "etcd",
        commonName: "kube-apiserver-etcd-client",
        ...none,
        uses: ["client_auth"],
      },
      {
        name: "apiserver-kubelet-client",
        authority: "kubernetes",
        commonName: "kube-apiserver-kubelet-client",
        organization: "plinth:kubelet-api-clients",
        ...none,
        uses: ["client_auth"],
      },
      {
        name: "front-proxy-client",
        authority: "front-proxy",
        commonName: "front-proxy-client",
        ...none,
        uses: ["client_auth"],
      },
      // Clients of the API server and servers of their own health and metrics, on the loopback address.
      {
        name: "controller-manager",
        authority: "kubernetes",
        commonName: "system:kube-controller-manager",
        ...local,
        uses: ["client_auth", "server_auth"],
      },
      {
        name: "scheduler",
        authority: "kubernetes",
        commonName: "system:kube-scheduler",
        ...local,
        uses: ["client_auth", "server_auth"],
      },
      {
        name: "roster",
        authority: "kubernetes",
        commonName: rosterUser(host.name),
        organization: rosterGroup,
        ...none,
        uses: ["client_auth"],
      },
    );
  }
  if (isNode(host)) {
    leaves.push(
      {
        name: "kubelet-server",
        authority: "kubernetes",
        commonName: `system:node:${host.name}`,
        organization: "system:nodes",
        dnsNames: [host.name],
        ipAddresses: [host.address],
        uses: ["server_auth"],
      },
      { name: "kube-proxy", authority: "kubernetes", commonName: "system:kube-proxy", ...none, uses: ["client_auth"] },
    );
    if (config.network === "flannel") {
      leaves.push({
        name: "flannel",
        authority: "kubernetes",
        commonName: "plinth:flannel",
        ...none,
        uses: ["client_auth"],
      });
    }
  }
  return leaves;
}

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
