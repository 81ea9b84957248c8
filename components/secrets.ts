import * as pulumi from "@pulumi/pulumi";
import { holdsSecret } from "../plan/secrets.ts";

/**
 * A value in which every text with a secret of the configuration is a secret itself, so that the state has it encrypted and
 * nothing shows it. Of what is known later the same holds then.
 */
export function markSecrets(value: unknown, secrets: readonly string[]): unknown {
  const mark = (inner: unknown): unknown => {
    if (typeof inner === "string") return holdsSecret(inner, secrets) ? pulumi.secret(inner) : inner;
    if (pulumi.Output.isInstance(inner) || inner instanceof Promise)
      return pulumi.output(inner).apply((known) => pulumi.output(mark(known)));
    if (Array.isArray(inner)) return inner.map(mark);
    if (!isPlain(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, one]) => [key, mark(one)]));
  };
  return mark(value);
}

/** Resources and the like are none of ours to look into. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Marks the inputs of all resources that are declared from now on. */
export function keepSecret(secrets: readonly string[]): void {
  pulumi.runtime.registerStackTransformation(({ props, opts }) => ({
    props: markSecrets(props, secrets) as pulumi.Inputs,
    opts,
  }));
}
