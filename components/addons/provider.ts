import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

export interface KubernetesProviderArgs {
  /** Kubeconfig of the administrator, YAML. Becomes a secret if it is none yet. */
  kubeconfig: pulumi.Input<string>;
  /**
   * What names the cluster for as long as it lives, e.g. the stack's `clusterId`. Only another value means another
   * cluster, in which every object is made anew; without it a new endpoint or a renewed authority would do that.
   */
  clusterIdentifier: pulumi.Input<string>;
}

/**
 * The way to the cluster's API for all in-cluster objects: server-side apply, conflicts reported and not forced. What is to
 * be made and exists already is taken over: it is of a run that died, or of a state that was lost.
 *
 * @param opts `dependsOn`: whatever must be up before the API answers under the kubeconfig's address.
 */
export function kubernetesProvider(args: KubernetesProviderArgs, opts?: pulumi.ResourceOptions): k8s.Provider {
  return new k8s.Provider(
    "kubernetes",
    {
      kubeconfig: pulumi.secret(args.kubeconfig),
      clusterIdentifier: args.clusterIdentifier,
      enableServerSideApply: true,
      upsertExistingObjects: true,
    },
    // A run that heals takes fields back by a variable of the environment, which the plugin reads by itself and the SDK would make a
    // setting of: that run would change the provider, and the next one change it back.
    { ...opts, ignoreChanges: ["enablePatchForce"] },
  );
}
