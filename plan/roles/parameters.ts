import type { z } from "zod";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import { merge } from "../merge.ts";
import { configFor } from "../settings/layers.ts";
import { placeOf, plainly, reasonOf } from "../texts.ts";
import type { RoleShape } from "./shape.ts";

/** A parameter that is not right. */
export interface ParameterIssue {
  path: readonly string[];
  /** Names of parameters and the like, for people; empty: all of them. */
  place: string;
  /** What was expected; goes on after the place. */
  reason: string;
}

/** What a role's parameters are on a host, or what is wrong with them. */
export type ReadParameters = { parameters: unknown } | { issues: ParameterIssue[] };

/** What stack, groups and host say of a role's parameters, laid over each other; unchecked. */
export function saidParameters(role: string, host: Host, config: ClusterConfig): Record<string, unknown> {
  // A null takes away what a lower layer says: the role's own default is back.
  return merge({}, configFor(host, config).parameters[role] ?? {});
}

const strict = new WeakMap<z.ZodObject, z.ZodObject>();

/** A schema that takes no other keys, made once: hosts are many. */
function strictly(schema: z.ZodObject): z.ZodObject {
  const made = strict.get(schema) ?? schema.strict();
  strict.set(schema, made);
  return made;
}

/** The parameters of a role on a host, checked, with the role's own defaults in place. */
export function parametersFor(role: RoleShape, host: Host, config: ClusterConfig): ReadParameters {
  const parsed = strictly(role.parameters).safeParse(saidParameters(role.name, host, config), { error: plainly });
  if (parsed.success) return { parameters: parsed.data };
  return { issues: parsed.error.issues.flatMap(issuesOf) };
}

function issuesOf(issue: z.core.$ZodIssue): ParameterIssue[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const path = [...issue.path.map(String), key];
      return { path, place: path.join("."), reason: "is none of the role's parameters" };
    });
  return [{ path: issue.path.map(String), place: placeOf(issue), reason: reasonOf(issue) }];
}
