import type * as pulumi from "@pulumi/pulumi";

/**
 * Options of the objects in a component.
 *
 * Pulumi hands the provider down to children, but not what they wait for nor with what they are deleted: both are
 * copied here. `deletedWith` spares a `destroy` the deletion of objects one by one in a cluster that goes away whole.
 */
export function childOptions(
  parent: pulumi.Resource,
  opts: pulumi.ComponentResourceOptions = {},
): pulumi.CustomResourceOptions & pulumi.ComponentResourceOptions {
  return {
    parent,
    // Objects have the names that they were given: what is deleted after its replacement was made would be that.
    deleteBeforeReplace: true,
    ...(opts.dependsOn === undefined ? {} : { dependsOn: opts.dependsOn }),
    ...(opts.deletedWith === undefined ? {} : { deletedWith: opts.deletedWith }),
  };
}
