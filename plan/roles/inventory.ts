import type { z } from "zod";
import type { HostInput, Role } from "../inventory.ts";
import type { RoleShape } from "./shape.ts";

/** Some of a structure: the rest is said by a group or the stack. A null takes away what they say. */
type Some<T> = T extends readonly unknown[] ? T : T extends object ? { [Key in keyof T]?: Some<T[Key]> | null } : T;

type Named<Roles extends readonly RoleShape[], Name> = Extract<Roles[number], { name: Name }>;

/**
 * A host as it is written in `hosts/<stack>.ts` of a project with roles: one that the project does not have, or a parameter that a role does
 * not have, does not compile.
 *
 * ```ts
 * import type { HostWith } from "plinth/roles";
 * import type { roles } from "../roles/index.ts";
 * export default [
 *   { name: "w1", address: "192.0.2.21", roles: ["worker", "motd"], parameters: { motd: { owner: "infra" } } },
 * ] satisfies HostWith<typeof roles>[];
 * ```
 */
export type HostWith<Roles extends readonly RoleShape[]> = Omit<HostInput, "roles" | "parameters"> & {
  /** What it does in the cluster, and roles of the project. Default: none. */
  roles?: (Role | Roles[number]["name"])[];
  /** Parameters of roles that it has, over those of `plinth:groups` and `plinth:parameters`. */
  parameters?: {
    [Name in Roles[number]["name"]]?: Some<z.input<Named<Roles, Name>["parameters"]>>;
  };
};
