import { z } from "zod";
import type { Family } from "../distributions.ts";
import { roles as ownRoles, type Host } from "../inventory.ts";
import type { Block } from "./block.ts";
import type { RoleConfig } from "./config.ts";
import { isRoleName, longestRoleName, stages, type RoleShape, type RoleStage } from "./shape.ts";

/** What a host has told of itself, as far as roles follow it. */
export interface RoleFacts {
  /** Of its distribution. Default, and where nothing is known yet: `debian`. */
  family: Family;
  /** Whether SELinux has a policy there. */
  selinux: boolean;
}

/** What the function of a role is given. */
export interface RoleContext<Parameters> {
  host: Host;
  /** All hosts of the stack, in the order of the inventory. */
  hosts: readonly Host[];
  /**
   * The stack's configuration as it is for the host, with defaults, without what has secrets in it: `backup`, `notices`, `proxy`, `registryCredentials`,
   * `sudoPassword`, and `secrets`, which roles name by `secret`.
   */
  config: RoleConfig;
  /** As the schema has made them of what stack, groups and host say. */
  parameters: Parameters;
  facts: RoleFacts;
}

/** What makes a role. */
export interface RoleDefinition<Name extends string, Schema extends z.ZodObject> {
  /**
   * Unique within the project and none of Plinth's own roles; lower-case letters, digits and `-`, at most 40 characters. It is part of names
   * on hosts and in the state: another name is another role.
   */
  name: Name;
  /** What its parameters must be, key by key. Default: it has none. */
  parameters?: Schema;
  /**
   * When hosts get it: before they become part of the cluster, or once they are its Nodes. Default: `before-cluster`. It must not change while
   * hosts have the role.
   */
  stage?: RoleStage;
  /**
   * Seconds, 20 to 600, within which the run must reach a host anew after each change of the role there, its removal too; otherwise the host
   * returns by itself to what it was before. For what may cut a host off: the network's settings, its firewall, its server of SSH.
   * Default: changes stay.
   */
  confirm?: number;
  /** Hosts that have it although they do not list it. Default: none. */
  appliesTo?: (host: Host) => boolean;
  /**
   * What a host gets: a pure function, asked several times in a run. Blocks are applied in their order.
   *
   * An error that it throws is a finding of that host.
   */
  plan: (context: RoleContext<z.output<Schema>>) => readonly Block[];
}

/** A role of a project, see {@link defineRole}. */
export interface ProjectRole<Name extends string = string, Schema extends z.ZodObject = z.ZodObject> extends RoleShape {
  readonly name: Name;
  readonly parameters: Schema;
}

/**
 * Defines a role. It is one of the project's once `roles/index.ts` lists it.
 *
 * @throws Error when the name cannot be one.
 */
export function defineRole<const Name extends string, Schema extends z.ZodObject = z.ZodObject<Record<string, never>>>(
  definition: RoleDefinition<Name, Schema>,
): ProjectRole<Name, Schema> {
  const { name, stage = "before-cluster", confirm, appliesTo, plan } = definition;
  if (!isRoleName(name))
    throw new Error(
      `a role cannot have the name ${JSON.stringify(definition.name)}: use lower-case letters, digits and single '-', at most ${longestRoleName} characters`,
    );
  if ((ownRoles as readonly string[]).includes(name))
    throw new Error(`a role cannot have the name ${name}: it is one of Plinth's own (${ownRoles.join(", ")})`);
  if (!stages.includes(stage)) throw new Error(`the role ${name} must have one of the stages ${stages.join(", ")}`);
  if (confirm !== undefined && !(Number.isInteger(confirm) && confirm >= 20 && confirm <= 600))
    throw new Error(`the role ${name} must have a whole number of 20 to 600 seconds as confirm, found ${confirm}`);
  return {
    name,
    stage,
    ...(confirm === undefined ? {} : { confirm }),
    parameters: definition.parameters ?? (z.object({}) as unknown as Schema),
    appliesTo: (host) => appliesTo?.(host as Host) ?? false,
    plan: (context) => plan(context as RoleContext<z.output<Schema>>),
  };
}
