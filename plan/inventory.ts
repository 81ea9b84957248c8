import { z } from "zod";
import { isIPv4 } from "./addresses.ts";
import type { Finding } from "./findings.ts";
import { managedNames } from "./names.ts";
import { printable } from "./printable.ts";
import { bastionChain } from "./reach.ts";
import { parametersSchema, roleNamePattern } from "./roles/shape.ts";
import { settingsSchema } from "./settings/schema.ts";
import {
  interfaceName,
  labelName,
  labelValue,
  loginName,
  oneLine,
  placeOf,
  plainly,
  reasonOf,
  sshAddress,
  sshHostKey,
} from "./texts.ts";

/** What a host does in the cluster. A control-plane host of a stacked cluster has the first three. */
export const roles = ["etcd", "control-plane", "load-balancer", "worker"] as const;
/** What a host does, as `roles` of it lists. */
export type Role = (typeof roles)[number];

/** DNS-1123 label: the name is the host name, the etcd member name and later the Node name. */
const hostName = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    "must be a DNS-1123 label (lower case letters, digits, '-'; at most 63)",
  );

export const ipv4 = z.string().refine(isIPv4, "must be an IPv4 address such as 192.0.2.11");

const ownName = labelName.refine((name) => !managedNames.test(name), {
  error: "is set on Nodes by Kubernetes or by Plinth itself; take it out",
});

/** A taint of a Node. */
export const taintSchema = z.strictObject({
  key: ownName,
  value: labelValue.default(""),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});
/**
 * A taint of a Node: `value` has its default, the empty text.
 *
 * @interface
 */
export type Taint = z.output<typeof taintSchema>;

export const hostSchema = z.strictObject({
  /** Unique within the stack; DNS-1123 label. */
  name: hostName,
  /** IPv4 address of one of its interfaces, by which other hosts reach it: that of the Node, of etcd's peer, of certificates. */
  address: ipv4,
  /** What it does in the cluster. Default: nothing; it is a machine besides it, as in a stack without a cluster. */
  roles: z.array(z.enum(roles)).default([]),
  /** The roles of the project that it has. Written into `roles` of the inventory, with the others. */
  projectRoles: z.array(z.string().regex(roleNamePattern)).optional(),
  /** Parameters of roles of the project, by role, over those of `plinth:groups` and `plinth:parameters`. */
  parameters: parametersSchema.optional(),
  /** CPU architecture in Go's terms. Default `amd64`. */
  arch: z.enum(["amd64", "arm64"]).default("amd64"),
  /** Network interface that carries `address` and may carry the VIP. Default: config `interface`. */
  interface: interfaceName.optional(),
  /** SSH user; root, or a user with sudo. Default: config `sshUser`. */
  user: loginName.optional(),
  /** Address or DNS name by which the operator's machine reaches it by SSH, and nothing else does. Default: `address`. */
  sshAddress: sshAddress.optional(),
  /** SSH port. Default: config `sshPort`. */
  port: z.int().min(1).max(65535).optional(),
  /**
   * Jump hosts on the way to it, the first one from the operator's machine first, each as `[user@]host[:port]`; `[]`: none. Default:
   * config `bastion`.
   */
  bastion: bastionChain.optional(),
  /** Public host key as one line `TYPE BASE64`. Default: looked up in config `sshKnownHostsFile` by `sshAddress`. */
  hostKey: sshHostKey.optional(),
  /** Region, zone and rack: labels of the Node (`topology.kubernetes.io/region`, `…/zone`, `topology.plinth/rack`). */
  region: labelValue.optional(),
  zone: labelValue.optional(),
  rack: labelValue.optional(),
  /** Whether the worker changes before all others, alone. Default: false; where none is, the first one does. */
  canary: z.boolean().optional(),
  /** Labels of the Node. */
  labels: z.record(ownName, labelValue).default({}),
  /** Annotations of the Node. */
  annotations: z.record(ownName, oneLine).default({}),
  /** Taints of the Node, besides the one of control-plane hosts. */
  taints: z
    .array(taintSchema)
    .refine((all) => new Set(all.map(({ key, effect }) => `${key}:${effect}`)).size === all.length, {
      error: "must not have one key with the same effect twice",
    })
    .default([]),
  /** What it has otherwise than all others, over `plinth:groups`: settings of kubelet, kube-proxy, containerd, kernel, directories. */
  settings: settingsSchema.optional(),
});

/**
 * A host as it is written in `hosts/<stack>.ts` of a project without roles of its own; with them it is `HostWith`.
 *
 * @interface
 */
export type HostInput = Omit<z.input<typeof hostSchema>, "projectRoles">;
/**
 * A validated host with defaults filled in.
 *
 * @interface
 */
export type Host = z.output<typeof hostSchema>;

/**
 * Checks each host on its own.
 *
 * @param least how many hosts there must be.
 * @param projectRoles names of the roles of the project.
 * @returns the hosts that are well formed, and a finding for everything that is not.
 */
export function parseInventory(
  input: unknown,
  least: 0 | 1 = 1,
  projectRoles: readonly string[] = [],
): { hosts: Host[]; findings: Finding[] } {
  if (!Array.isArray(input) || input.length < least) {
    const finding: Finding = {
      rule: "inventory",
      kind: "input",
      hosts: [],
      message: `the inventory must be a ${least === 0 ? "" : "non-empty "}list of hosts`,
      remedy: "export default [ { name, address, roles }, … ] from hosts/<stack>.ts",
    };
    return { hosts: [], findings: [finding] };
  }
  const hosts: Host[] = [];
  const findings: Finding[] = [];
  const written = writtenHost(projectRoles);
  input.forEach((item: unknown, index) => {
    const parsed = written.safeParse(item, { error: plainly });
    if (parsed.success) {
      hosts.push(parsed.data);
      return;
    }
    const label = nameOf(item) ?? `host number ${index + 1}`;
    for (const issue of parsed.error.issues) {
      const field = issue.path.length > 0 ? `field '${placeOf(issue)}' ` : "";
      findings.push({
        rule: "inventory",
        kind: "input",
        hosts: [label],
        message: `${field}${reasonOf(issue)}`,
        remedy: "correct this line of the inventory",
      });
    }
  });
  return { hosts, findings };
}

const isOwnRole = (role: string): role is Role => (roles as readonly string[]).includes(role);

/** Hosts as they are written: one list has Plinth's roles and those of the project. */
function writtenHost(projectRoles: readonly string[]) {
  const known = [...roles, ...projectRoles];
  const written = z.array(z.enum(known)).default([]);
  return hostSchema
    .omit({ projectRoles: true })
    .extend({ roles: written })
    .transform(({ roles: all, ...host }): Host => {
      const others = [...new Set(all.filter((role) => !isOwnRole(role)))];
      return { ...host, roles: all.filter(isOwnRole), ...(others.length === 0 ? {} : { projectRoles: others }) };
    });
}

function nameOf(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null || !("name" in item)) return undefined;
  return typeof item.name === "string" ? printable(item.name, 100) : undefined;
}

/** Whether the host runs pods, and is a Node: workers, and control-plane hosts for what the cluster itself needs. */
export function isNode(host: Pick<Host, "roles">): boolean {
  return host.roles.includes("worker") || host.roles.includes("control-plane");
}

/** Whether a host has nothing to do with a cluster but that it may be in its stack: it has roles of the project alone, or none. */
export function isMachine(host: { readonly roles: readonly unknown[] }): boolean {
  return host.roles.length === 0;
}

/** The hosts that have a role, in the order of the inventory. */
export function withRole<Ranked extends { readonly roles: readonly Role[] }>(
  hosts: readonly Ranked[],
  role: Role,
): Ranked[] {
  return hosts.filter((host) => host.roles.includes(role));
}
