import { z } from "zod";
import { systemNamespace } from "./addons/objects.ts";

/**
 * Protections of the API against what those may do who share the cluster: name → how it may be set, the default first.
 *
 * `enforce` refuses, `warn` lets through and tells the client and the audit log, `off` does nothing.
 */
export const protectionModes = {
  /** Services do not take addresses of hosts and others by `externalIPs`. Those that have some keep them. */
  "external-ips": ["enforce", "warn", "off"],
  /** Nobody floods the API with events. Nothing is refused for good, so there is nothing to warn of. */
  "event-rate-limit": ["enforce", "off"],
  /** Pods in namespaces without a label of their own keep to the standard `baseline`. */
  "pod-security": ["enforce", "warn", "off"],
  /** Pods keep off Nodes that only serve the control plane: they neither name one nor tolerate its taint. */
  "control-plane-hosts": ["enforce", "warn", "off"],
  /** Pods do not push others aside by the priorities of the cluster itself. */
  "system-priorities": ["enforce", "warn", "off"],
  /** Tokens of service accounts that are asked for end within {@link longestTokenHours}. Enforced, they are shortened. */
  "token-lifetime": ["enforce", "warn", "off"],
  /** No Secret holds a token of a service account, which would never end. Those that are there stay. */
  "token-secrets": ["enforce", "warn", "off"],
  /** Pods in namespaces of tenants get a token only if they ask for one. None is refused, so there is nothing to warn of. */
  automount: ["enforce", "off"],
} as const satisfies Record<string, readonly [ProtectionMode, ...ProtectionMode[]]>;

export type ProtectionMode = "enforce" | "warn" | "off";
export type ProtectionName = keyof typeof protectionModes;

/** Namespaces of the cluster itself: its network and its agents need what no tenant may have. */
export const ownNamespaces: readonly string[] = [systemNamespace];

/**
 * The label that takes a namespace out of a protection, with the value `off`. Tenants cannot set it: labels of a namespace
 * are written by who may change namespaces.
 */
export function exemptingLabel(name: ProtectionName): string {
  return `protections.plinth/${name}`;
}

/**
 * How long a token lives at most that is asked for. No pod needs more: a kubelet asks for a new token when the one it has is
 * older than 24 hours, whatever its lifetime (https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/).
 */
export const longestTokenHours = 24;

const names = Object.keys(protectionModes).join(", ");

export const protectionsSchema = z.strictObject(
  {
    "external-ips": z.enum(protectionModes["external-ips"]).optional(),
    "event-rate-limit": z.enum(protectionModes["event-rate-limit"]).optional(),
    "pod-security": z.enum(protectionModes["pod-security"]).optional(),
    "control-plane-hosts": z.enum(protectionModes["control-plane-hosts"]).optional(),
    "system-priorities": z.enum(protectionModes["system-priorities"]).optional(),
    "token-lifetime": z.enum(protectionModes["token-lifetime"]).optional(),
    "token-secrets": z.enum(protectionModes["token-secrets"]).optional(),
    automount: z.enum(protectionModes.automount).optional(),
  } satisfies Record<ProtectionName, z.ZodType>,
  {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `has ${issue.keys.join(", ")}, which is no protection; there are ${names}`
        : undefined,
  },
);

export type Protections = z.output<typeof protectionsSchema>;

/** How a protection is set. */
export function protectionMode(protections: Protections, name: ProtectionName): ProtectionMode {
  return protections[name] ?? protectionModes[name][0];
}

/** How each protection is set, for outputs. */
export function modesOf(protections: Protections): Record<ProtectionName, ProtectionMode> {
  const names = Object.keys(protectionModes) as ProtectionName[];
  return Object.fromEntries(names.map((name) => [name, protectionMode(protections, name)])) as Record<
    ProtectionName,
    ProtectionMode
  >;
}
