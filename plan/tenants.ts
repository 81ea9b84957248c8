import { labelsOf, type Labels } from "./addons/objects.ts";
import type { ClusterConfig } from "./config.ts";
import type { Finding } from "./findings.ts";
import type { ClusterValues } from "./outputs.ts";

/** Config `tenants`: name → what it has. */
export type Tenants = ClusterConfig["tenants"];
type Tenant = Tenants[string];

/** Tenant → its namespaces, as outputs have it. */
export type TenantNamespaces = ClusterValues["tenants"];

/** A LimitRange's values for containers that say nothing. */
export interface ContainerDefaults {
  /** Requests. */
  defaultRequest: Record<string, string>;
  /** Limits. */
  default: Record<string, string>;
}

/** One namespace of a tenant and what stands in it. */
export interface TenantNamespace {
  name: string;
  tenant: string;
  labels: Labels;
  /** Group of the tenant's certificate, which is bound to `tenantRole` in this namespace. */
  group: string;
  /** `hard` of the ResourceQuota; undefined: none. */
  quota: Record<string, string> | undefined;
  /** What the quota makes necessary: it refuses containers that say nothing about a resource that it counts. */
  defaults: ContainerDefaults | undefined;
}

/**
 * What a tenant may do in its namespaces: everything but change the quota and the namespace itself. `admin` and not
 * `edit`, because most charts bring Roles for their service accounts. It is no way up: the API server lets nobody grant
 * more than they have themselves, and what they have ends at the namespace.
 */
export const tenantRole = "admin";

/** Group (and user) of a tenant's certificate. Its rights are role bindings: they end with them, not with the certificate. */
export function tenantGroup(tenant: string): string {
  return `plinth:tenant:${tenant}`;
}

/** The namespaces of a tenant; the first is the default of its kubeconfig. */
export function namespacesOf(name: string, tenant: Pick<Tenant, "namespaces">): string[] {
  return tenant.namespaces ?? [name];
}

/** Config `tenants` as the output of the same name. */
export function tenantNamespaces(tenants: Tenants): TenantNamespaces {
  return Object.fromEntries(
    Object.entries(tenants).map(([name, tenant]) => [name, { namespaces: namespacesOf(name, tenant) }]),
  );
}

/** Everything that tenants have in the cluster, namespace by namespace. */
export function planTenants(tenants: Tenants): TenantNamespace[] {
  return Object.entries(tenants).flatMap(([tenant, settings]) =>
    namespacesOf(tenant, settings).map((name): TenantNamespace => ({
      name,
      tenant,
      labels: {
        ...labelsOf("tenant", "tenant"),
        "plinth/tenant": tenant,
        ...podSecurityLabels(settings.podSecurity),
      },
      group: tenantGroup(tenant),
      quota: Object.keys(settings.quota).length === 0 ? undefined : settings.quota,
      defaults: containerDefaults(settings.quota),
    })),
  );
}

/** Enforced on pods, and told to who creates a Deployment of such pods: that is let through, and no pod comes of it. */
function podSecurityLabels(level: Tenant["podSecurity"]): Labels {
  return {
    "pod-security.kubernetes.io/enforce": level,
    "pod-security.kubernetes.io/warn": level,
  };
}

/** What a container is taken to need that says nothing, by resource. Small: it must fit into any quota. */
const presumed: Record<string, { request: string; limit: string }> = {
  cpu: { request: "50m", limit: "500m" },
  memory: { request: "64Mi", limit: "256Mi" },
  "ephemeral-storage": { request: "64Mi", limit: "1Gi" },
};

function containerDefaults(quota: Readonly<Record<string, string>>): ContainerDefaults | undefined {
  const defaults: ContainerDefaults = { defaultRequest: {}, default: {} };
  for (const [resource, { request, limit }] of Object.entries(presumed)) {
    const limited = quota[`limits.${resource}`] !== undefined;
    const requested = quota[`requests.${resource}`] ?? quota[resource];
    if (limited) defaults.default[resource] = limit;
    // Without a request of its own a container would request its limit.
    if (limited || requested !== undefined) defaults.defaultRequest[resource] = request;
  }
  return Object.keys(defaults.defaultRequest).length === 0 ? undefined : defaults;
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** Longer ones do not fit into the 64 characters of a certificate's common name. */
const longestTenant = 64 - tenantGroup("").length;
const resourceName = /^[a-z0-9]([-a-z0-9./]*[a-z0-9])?$/;
const quantity = /^\d+(\.\d+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;

function isReserved(namespace: string): boolean {
  return namespace === "default" || namespace.startsWith("kube-");
}

/** What is wrong with config `tenants`. */
export function validateTenants(tenants: Tenants): Finding[] {
  const findings: Finding[] = [];
  const report = (message: string, remedy: string): void => {
    findings.push({ rule: "tenants", kind: "input", hosts: [], message, remedy });
  };
  const owners = new Map<string, string[]>();
  for (const [name, tenant] of Object.entries(tenants)) {
    const key = `plinth:tenants.${name}`;
    if (!label.test(name) || name.length > longestTenant) {
      report(
        `${key} is no name of a tenant`,
        `use a DNS-1123 label (lower case letters, digits, '-') of at most ${longestTenant} characters`,
      );
    }
    for (const namespace of namespacesOf(name, tenant)) {
      owners.set(namespace, [...(owners.get(namespace) ?? []), name]);
      if (isReserved(namespace)) {
        report(`${key} has the namespace ${namespace}, which belongs to the cluster`, "choose one of the tenant's own");
      } else if (!label.test(namespace) && namespace !== name) {
        report(`${key} has the namespace ${namespace}, which is no name of one`, "use a DNS-1123 label");
      }
    }
    for (const [resource, amount] of Object.entries(tenant.quota)) {
      if (!resourceName.test(resource)) {
        report(`${key}.quota has ${resource}, which is no resource`, "use names of a ResourceQuota, e.g. requests.cpu");
      }
      if (!quantity.test(amount)) {
        report(`${key}.quota has ${resource}: ${amount}, which is no quantity`, "use e.g. 500m, 4 or 8Gi");
      }
    }
  }
  for (const [namespace, names] of owners) {
    if (names.length < 2) continue;
    const whose = [...new Set(names)].join(" and ");
    report(
      `the namespace ${namespace} stands ${names.length} times in plinth:tenants (${whose})`,
      "give it to one tenant",
    );
  }
  return findings;
}

/**
 * Namespaces that the last complete run made and that are in the configuration no more: everything in them would be
 * deleted. A namespace that another tenant takes over stays.
 *
 * @param previous undefined when no run has been completed yet, or none that knew of tenants.
 */
export function guardTenants(tenants: Tenants, previous: TenantNamespaces | undefined): Finding[] {
  const kept = new Set(Object.values(tenantNamespaces(tenants)).flatMap(({ namespaces }) => namespaces));
  return Object.entries(previous ?? {}).flatMap(([tenant, { namespaces }]): Finding[] => {
    const lost = namespaces.filter((namespace) => !kept.has(namespace));
    if (lost.length === 0) return [];
    const what = lost.length === 1 ? `the namespace ${lost.join()}` : `the namespaces ${lost.join(", ")}`;
    return [
      {
        rule: "tenant-removal",
        kind: "guard",
        hosts: [],
        message: `${what} of tenant ${tenant} would be deleted with everything inside, because plinth:tenants does not have ${lost.length === 1 ? "it" : "them"} any more`,
        remedy: "put it back, or save what is needed and set plinth:overrides to [tenant-removal] for this run",
      },
    ];
  });
}
