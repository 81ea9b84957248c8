import * as pulumi from "@pulumi/pulumi";

/** The part of the SDK's resources that tells where in a program each was declared. */
interface Traced {
  stackTrace?: unknown;
}

/**
 * Keeps the SDK from noting down where in the program each resource was declared: a stack trace without limit, a
 * kilobyte in the state and paths of the operator's machine for every resource. It has no switch for that. A later SDK may
 * do it otherwise: then nothing happens here, and the test of the state's size tells.
 */
export function withoutSourcePositions(): void {
  const traced = pulumi.Resource as unknown as Traced;
  if (typeof traced.stackTrace === "function") traced.stackTrace = () => [];
}

/** Whether the value of a configuration key, `NAMESPACE:KEY`, is encrypted in the stack's file, as a whole or in part. */
export function isConfigSecret(key: string): boolean {
  // The SDK has it, and leaves it out of its types.
  const { isConfigSecret: isSecret } = pulumi.runtime as unknown as { isConfigSecret: (name: string) => boolean };
  return isSecret(key);
}
