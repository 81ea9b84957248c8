import { z } from "zod";
import type { Block } from "./block.ts";

/** When hosts get what a role has for them: before they become part of the cluster, or once they are its Nodes. */
export const stages = ["before-cluster", "after-node"] as const;
export type RoleStage = (typeof stages)[number];

/**
 * A role as what has nothing to do with its parameters sees it; `defineRole` makes one, whose types say more.
 */
export interface RoleShape {
  readonly name: string;
  readonly stage: RoleStage;
  /** Seconds within which a change has to be confirmed, see `RoleDefinition` in define.ts; undefined: it need not be. */
  readonly confirm?: number;
  /** What its parameters must be. */
  readonly parameters: z.ZodObject;
  /** Hosts that have it besides those that list it. */
  appliesTo(host: unknown): boolean;
  /** What a host gets. */
  plan(context: unknown): readonly Block[];
}

/** Roles are part of names of bundles, resources and files. */
export const roleNamePattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
export const longestRoleName = 40;

/** Whether a role can be called so. */
export function isRoleName(name: unknown): name is string {
  return typeof name === "string" && name.length <= longestRoleName && roleNamePattern.test(name);
}

const prefix = "role-";

/** The bundle of a role on a host. */
export function roleBundle(role: string): string {
  return `${prefix}${role}`;
}

/** The role of a bundle; undefined: it is one of Plinth's own, or of nobody: a host says what it likes. */
export function roleOfBundle(bundle: string): string | undefined {
  const name = bundle.startsWith(prefix) ? bundle.slice(prefix.length) : undefined;
  return isRoleName(name) ? name : undefined;
}

/** How `plinth:secrets` calls secrets. */
export const secretNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Parameters by role, as the stack, a group or a host has them. */
export const parametersSchema = z.record(
  z.string().regex(roleNamePattern, "must be the name of a role"),
  z.record(z.string(), z.unknown()),
);
