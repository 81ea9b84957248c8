import * as pulumi from "@pulumi/pulumi";

/** Options of a resource that waits for others without the state remembering it. */
export interface HeldOptions {
  /** What must have succeeded before. For previews, which tell the order. */
  heldBy: readonly pulumi.Resource[];
}

const successes = new WeakMap<pulumi.Resource, Promise<unknown>>();

/**
 * An input that is there once other resources have succeeded: until then the engine does not hear of the resource that it
 * is given to. It fails when one of them does.
 *
 * Unlike `dependsOn`, this leaves nothing in the state. The order of hosts is another one for a first bring-up, for later
 * changes and for each inventory; the engine takes a resource that the state names as a dependency and that a run for some
 * hosts only declares later for one that is declared twice ("Duplicate resource URN"). And with 500 hosts it would be 24,000
 * dependencies.
 */
export function heldUntil<T>(before: readonly pulumi.Resource[], value: pulumi.Input<T>): pulumi.Input<T> {
  if (before.length === 0) return value;
  return pulumi.output(Promise.all(before.map(success)).then(() => value)) as pulumi.Output<T>;
}

/** The same once one of them has succeeded; it fails when all of them do. */
export function heldUntilAny<T>(before: readonly pulumi.Resource[], value: pulumi.Input<T>): pulumi.Input<T> {
  if (before.length === 0) return value;
  return pulumi.output(Promise.any(before.map(success)).then(() => value)) as pulumi.Output<T>;
}

/** Done when the engine has answered. */
function success(resource: pulumi.Resource): Promise<unknown> {
  const known = successes.get(resource);
  if (known !== undefined) return known;
  // The plain value: an output carries its resource, which would become a dependency.
  const { urn } = resource as unknown as { urn: { promise(): Promise<string> } };
  const answer = urn.promise();
  successes.set(resource, answer);
  return answer;
}
