import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../../plan/addons/objects.ts";
import { renderKubeconfig } from "../../plan/bundles/kubeconfig.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import { leafHours } from "../../plan/lives.ts";
import { tenantLeaf } from "../../plan/pki.ts";
import { protectionMode } from "../../plan/protections.ts";
import { namespacesOf, planTenants, tenantGroup, tenantRole, type TenantNamespace } from "../../plan/tenants.ts";
import { childOptions } from "../addons/options.ts";
import type { Authority } from "../pki/authority.ts";
import { makeLeaf } from "../pki/leaf.ts";

export interface TenantsArgs {
  /** `tenants`, the name of the cluster, and the life of certificates. */
  config: ClusterConfig;
  /** The cluster's authority, `pki.authorities.kubernetes`: it signs the tenants' certificates. */
  authority: Authority;
  /** URL of the API server. */
  endpoint: string;
}

const rbac = "rbac.authorization.k8s.io";
const labels = labelsOf("tenant", "tenant");

/**
 * Those who share the cluster: namespaces with a pod security level and a quota, the right to use them, and a client
 * certificate each. No host knows of them.
 *
 * Objects are named after namespaces and all have this one parent, so that a namespace that goes from one tenant to
 * another is not made anew.
 *
 * Options: `providers` with the cluster's Kubernetes provider; `dependsOn` and `deletedWith` hold for every object.
 */
export class Tenants extends pulumi.ComponentResource {
  /** Tenant → its kubeconfig, YAML. Secrets. */
  readonly kubeconfigs: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: TenantsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:tenants:Tenants", name, {}, opts);
    const child = childOptions(this, opts);
    const { tenants } = args.config;
    // Never taken away again: with the account all tokens would end that its pods have.
    const automount = protectionMode(args.config.protections, "automount") === "off";
    for (const namespace of planTenants(tenants)) this.makeNamespace(namespace, automount, child);
    this.kubeconfigs = Object.fromEntries(
      Object.entries(tenants).map(([tenant, settings]) => [
        tenant,
        this.kubeconfig(args, tenant, namespacesOf(tenant, settings)[0] ?? tenant),
      ]),
    );
    this.registerOutputs({});
  }

  private makeNamespace(plan: TenantNamespace, automount: boolean, child: pulumi.CustomResourceOptions): void {
    const own = new k8s.core.v1.Namespace(plan.name, { metadata: { name: plan.name, labels: plan.labels } }, child);
    const metadata = { name: "plinth-tenant", namespace: own.metadata.name, labels };
    new k8s.rbac.v1.RoleBinding(
      `${plan.name}-tenant`,
      {
        metadata,
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: tenantRole },
        subjects: [{ apiGroup: rbac, kind: "Group", name: plan.group }],
      },
      child,
    );
    // Kubernetes makes it, too, and whoever comes second finds it there.
    new k8s.core.v1.ServiceAccount(
      `${plan.name}-default`,
      { metadata: { ...metadata, name: "default" }, automountServiceAccountToken: automount },
      child,
    );
    if (plan.quota !== undefined) {
      new k8s.core.v1.ResourceQuota(`${plan.name}-tenant`, { metadata, spec: { hard: plan.quota } }, child);
    }
    if (plan.defaults !== undefined) {
      new k8s.core.v1.LimitRange(
        `${plan.name}-tenant`,
        { metadata, spec: { limits: [{ type: "Container", ...plan.defaults }] } },
        child,
      );
    }
  }

  private kubeconfig(
    { config, authority, endpoint }: TenantsArgs,
    tenant: string,
    namespace: string,
  ): pulumi.Output<string> {
    const spec = tenantLeaf(tenant);
    const { certificate, key } = makeLeaf(spec.name, { spec, authority, hours: leafHours(config) }, this);
    return pulumi.secret(
      pulumi.all([authority.certificate, certificate, key]).apply(([authorityPem, certificatePem, keyPem]) =>
        renderKubeconfig({
          cluster: config.clusterName,
          user: tenantGroup(tenant),
          server: endpoint,
          authority: { pem: authorityPem },
          certificate: { pem: certificatePem },
          key: { pem: keyPem },
          namespace,
        }),
      ),
    );
  }
}
