import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { grants, type Grant } from "../../plan/addons/access.ts";
import { labelsOf } from "../../plan/addons/objects.ts";
import { admissionPolicies, type AdmissionPolicy } from "../../plan/admissionpolicies.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Host } from "../../plan/inventory.ts";
import { childOptions } from "./options.ts";

export interface ClusterAccessArgs {
  /** `network` decides whether flannel is let in, `protections` which policies there are. */
  config: Pick<ClusterConfig, "network" | "protections">;
  /** The inventory: policies name the hosts that only serve the control plane. */
  hosts: readonly Host[];
}

const rbac = "rbac.authorization.k8s.io";

/**
 * What users and groups of Plinth's own certificates and tokens may do in the cluster, and what nobody may. Hosts need it
 * before they join: let their bundles depend on this component.
 *
 * Options: `providers` with the cluster's Kubernetes provider; `dependsOn` and `deletedWith` hold for every object.
 */
export class ClusterAccess extends pulumi.ComponentResource {
  /** Everything that it declares. */
  readonly objects: readonly pulumi.Resource[];

  constructor(name: string, args: ClusterAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:addons:ClusterAccess", name, {}, opts);
    const options = childOptions(this, opts);
    this.objects = [
      ...grants(args.config).flatMap((grant) => this.give(grant, options)),
      ...admissionPolicies(args).flatMap((policy) => this.protect(policy, options)),
    ];
    this.registerOutputs({});
  }

  private give(grant: Grant, options: pulumi.CustomResourceOptions): pulumi.Resource[] {
    const metadata = { name: `plinth:${grant.name}`, labels: labelsOf("plinth", "access") };
    const known = typeof grant.role === "string" ? grant.role : undefined;
    const own =
      typeof grant.role === "string"
        ? undefined
        : new k8s.rbac.v1.ClusterRole(grant.name, { metadata, rules: grant.role }, options);
    const role = own?.metadata.name ?? known ?? "";
    const binding = new k8s.rbac.v1.ClusterRoleBinding(
      grant.name,
      {
        metadata,
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role },
        subjects: [{ apiGroup: rbac, kind: grant.subject.kind, name: grant.subject.name }],
      },
      options,
    );
    return own === undefined ? [binding] : [own, binding];
  }

  private protect(policy: AdmissionPolicy, options: pulumi.CustomResourceOptions): pulumi.Resource[] {
    const { name, spec, actions } = policy;
    const metadata = { name, labels: labelsOf("plinth", "access") };
    const own = new k8s.admissionregistration.v1.ValidatingAdmissionPolicy(name, { metadata, spec }, options);
    const binding = new k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
      name,
      { metadata, spec: { policyName: own.metadata.name, validationActions: actions } },
      options,
    );
    return [own, binding];
  }
}
