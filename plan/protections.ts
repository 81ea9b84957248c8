import { z } from "zod";

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
} as const satisfies Record<string, readonly [ProtectionMode, ...ProtectionMode[]]>;

export type ProtectionMode = "enforce" | "warn" | "off";
export type ProtectionName = keyof typeof protectionModes;

const names = Object.keys(protectionModes).join(", ");

export const protectionsSchema = z.strictObject(
  {
    "external-ips": z.enum(protectionModes["external-ips"]).optional(),
    "event-rate-limit": z.enum(protectionModes["event-rate-limit"]).optional(),
    "pod-security": z.enum(protectionModes["pod-security"]).optional(),
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

/** A ValidatingAdmissionPolicy and its binding, which have one name. */
export interface AdmissionPolicy {
  name: string;
  /** Operations on resources of which group and version. */
  resources: { apiGroups: string[]; apiVersions: string[]; operations: string[]; resources: string[] };
  /** In CEL; all must be true. */
  validations: { expression: string; message: string }[];
  actions: ("Deny" | "Warn" | "Audit")[];
}

/** Policies in the cluster: for what has no plugin of the API server, or none that warns. */
export function admissionPolicies(protections: Protections): AdmissionPolicy[] {
  return protectionMode(protections, "external-ips") === "warn" ? [externalIpsWarning] : [];
}

/** What the plugin DenyServiceExternalIPs refuses. */
const externalIpsWarning: AdmissionPolicy = {
  name: "plinth-external-ips",
  resources: { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["services"] },
  validations: [
    {
      expression:
        "!has(object.spec.externalIPs) || object.spec.externalIPs.all(ip, oldObject != null && has(oldObject.spec.externalIPs) && ip in oldObject.spec.externalIPs)",
      message:
        "spec.externalIPs takes traffic that is meant for others, and will be refused once external-ips is enforced",
    },
  ],
  actions: ["Warn", "Audit"],
};
