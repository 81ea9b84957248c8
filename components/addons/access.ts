import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { grants, type Grant } from "../../plan/addons/access.ts";
import { labelsOf } from "../../plan/addons/objects.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import { childOptions } from "./options.ts";

export interface ClusterAccessArgs {
  /** `network` decides whether flannel is let in. */
  config: Pick<ClusterConfig, "network">;
}

const rbac = "rbac.authorization.k8s.io";

/**
 * What users and groups of Plinth's own certificates and tokens may do in the cluster. Hosts need it before they join:
 * let their bundles depend on this component.
 *
 * Options: `providers` with the cluster's Kubernetes provider; `dependsOn` and `deletedWith` hold for every object.
 */
export class ClusterAccess extends pulumi.ComponentResource {
  constructor(name: string, args: ClusterAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:addons:ClusterAccess", name, {}, opts);
    for (const grant of grants(args.config)) this.give(grant, childOptions(this, opts));
    this.registerOutputs({});
  }

  private give(grant: Grant, options: pulumi.CustomResourceOptions): void {
    const metadata = { name: `plinth:${grant.name}`, labels: labelsOf("plinth", "access") };
    let role: pulumi.Input<string>;
    if (typeof grant.role === "string") role = grant.role;
    else role = new k8s.rbac.v1.ClusterRole(grant.name, { metadata, rules: grant.role }, options).metadata.name;
    new k8s.rbac.v1.ClusterRoleBinding(
      grant.name,
      {
        metadata,
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role },
        subjects: [{ apiGroup: rbac, kind: grant.subject.kind, name: grant.subject.name }],
      },
      options,
    );
  }
}
