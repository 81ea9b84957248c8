import * as pulumi from "@pulumi/pulumi";

/**
 * The name of a resource that an earlier release declared below a component of its own: with it a resource of that
 * release's state is taken over as it is.
 *
 * @param parent today's parent, which was the component's.
 * @param type token of the component.
 * @param name of the component.
 */
export function formerParent(parent: pulumi.Resource, type: string, name: string): pulumi.Alias[] {
  return [{ parent: pulumi.createUrn(name, type, parent) }];
}
