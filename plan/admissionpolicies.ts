import { controlPlaneTaint } from "./addons/placement.ts";
import type { ClusterConfig } from "./config.ts";
import type { Host } from "./inventory.ts";
import {
  exemptingLabel,
  longestTokenHours,
  ownNamespaces,
  protectionMode,
  type ProtectionMode,
  type ProtectionName,
} from "./protections.ts";

type Operation = "CREATE" | "UPDATE";

/** Operations on resources of which group and version. */
interface Resources {
  apiGroups: string[];
  apiVersions: string[];
  operations: Operation[];
  resources: string[];
}

/** The `spec` of a ValidatingAdmissionPolicy. */
export interface PolicySpec {
  failurePolicy: "Fail" | "Ignore";
  matchConstraints: {
    resourceRules: Resources[];
    namespaceSelector?: { matchExpressions: { key: string; operator: "NotIn"; values: string[] }[] };
  };
  /** In CEL, evaluated where they are used. */
  variables?: { name: string; expression: string }[];
  /** In CEL; all must be true. */
  validations: { expression: string; message: string }[];
}

/** A ValidatingAdmissionPolicy and its binding, which have one name. */
export interface AdmissionPolicy {
  name: string;
  spec: PolicySpec;
  actions: ("Deny" | "Warn" | "Audit")[];
}

/** What decides on the policies: which hosts serve the control plane only, and how protections are set. */
export interface PolicyInput {
  config: Pick<ClusterConfig, "protections">;
  hosts: readonly Pick<Host, "name" | "roles">[];
}

/** The priorities that the API server brings along for the cluster itself (https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/). */
export const systemPriorities: readonly string[] = ["system-cluster-critical", "system-node-critical"];

/** Type of a Secret that is given a token. */
const tokenSecret = "kubernetes.io/service-account-token";

/** Hosts that carry the taint of the control plane (roster.ts): those that are workers, too, are meant to take pods. */
export function dedicatedControlPlane(hosts: PolicyInput["hosts"]): string[] {
  return hosts
    .filter(({ roles }) => roles.includes("control-plane") && !roles.includes("worker"))
    .map(({ name }) => name)
    .sort();
}

/** Policies in the cluster: for what has no plugin of the API server, or none that warns. */
export function admissionPolicies({ config: { protections }, hosts }: PolicyInput): AdmissionPolicy[] {
  const dedicated = dedicatedControlPlane(hosts);
  const judged = (name: ProtectionName, policies: (mode: Exclude<ProtectionMode, "off">) => AdmissionPolicy[]) => {
    const mode = protectionMode(protections, name);
    return mode === "off" ? [] : policies(mode);
  };
  return [
    ...judged("external-ips", (mode) => (mode === "warn" ? [externalIpsWarning] : [])),
    ...judged("control-plane-hosts", (mode) => (dedicated.length === 0 ? [] : controlPlaneHosts(mode, dedicated))),
    ...judged("system-priorities", systemPriorityPolicies),
    ...judged("token-lifetime", (mode) => (mode === "warn" ? [tokenLifetimeWarning] : [])),
    ...judged("token-secrets", tokenSecretPolicies),
  ];
}

const plural = { pods: "pods", bindings: "pods/binding", tokens: "serviceaccounts/token" } as const;

function core(resources: string[], operations: Operation[] = ["CREATE", "UPDATE"]): Resources {
  return { apiGroups: [""], apiVersions: ["v1"], operations, resources };
}

/** Everything that has a pod's template at `spec.template`. CronJobs have it elsewhere; their Jobs are told. */
const templated: Resources[] = [
  {
    apiGroups: ["apps"],
    apiVersions: ["v1"],
    operations: ["CREATE", "UPDATE"],
    resources: ["deployments", "daemonsets", "statefulsets", "replicasets"],
  },
  { apiGroups: ["batch"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["jobs"] },
];

function actionsOf(mode: Exclude<ProtectionMode, "off">): AdmissionPolicy["actions"] {
  return mode === "enforce" ? ["Deny"] : ["Warn", "Audit"];
}

/** Namespaces that a protection is for: neither the cluster's own nor those whose label takes them out. */
function guarded(protection: ProtectionName): PolicySpec["matchConstraints"]["namespaceSelector"] {
  return {
    matchExpressions: [
      { key: "kubernetes.io/metadata.name", operator: "NotIn", values: [...ownNamespaces] },
      { key: exemptingLabel(protection), operator: "NotIn", values: ["off"] },
    ],
  };
}

/**
 * Who is never refused: kubelets, whose pods the plugin NodeRestriction keeps to their own Node, and who may change Nodes
 * anyway, such as the administrator with `kubectl debug node/cp1`. Controllers that make pods for others are neither.
 */
const trusted = {
  name: "trusted",
  expression:
    "'system:nodes' in request.userInfo.groups || authorizer.group('').resource('nodes').check('patch').allowed()",
};

interface Described {
  name: string;
  protection: ProtectionName;
  mode: Exclude<ProtectionMode, "off">;
  resources: Resources[];
  /** In CEL; who is trusted need not keep to them. */
  validations: PolicySpec["validations"];
}

function policy({ name, protection, mode, resources, validations }: Described): AdmissionPolicy {
  const refused = mode === "enforce" ? "" : `; this will be refused once ${protection} is enforced`;
  return {
    name: `plinth-${name}`,
    spec: {
      // What only warns hinders nobody when it cannot be judged.
      failurePolicy: mode === "enforce" ? "Fail" : "Ignore",
      matchConstraints: {
        resourceRules: resources,
        namespaceSelector: guarded(protection) ?? { matchExpressions: [] },
      },
      variables: [trusted],
      validations: validations.map(({ expression, message }) => ({
        expression: `${expression} || variables.trusted`,
        message: `${message}${refused}`,
      })),
    },
    actions: actionsOf(mode),
  };
}

/**
 * The warning for who makes what pods are made of: that is let through, and no pod comes of it.
 *
 * @param validations of a pod's spec at `object.spec.template.spec`.
 */
function templateWarning(
  protection: ProtectionName,
  mode: Exclude<ProtectionMode, "off">,
  validations: PolicySpec["validations"],
): AdmissionPolicy {
  const consequence = mode === "enforce" ? "its pods are refused" : `its pods will be refused once it is enforced`;
  return {
    name: `plinth-${protection}-templates`,
    spec: {
      failurePolicy: "Ignore",
      matchConstraints: {
        resourceRules: templated,
        namespaceSelector: guarded(protection) ?? { matchExpressions: [] },
      },
      validations: validations.map(({ expression, message }) => ({
        expression,
        message: `${message}; ${consequence} (${protection})`,
      })),
    },
    actions: ["Warn"],
  };
}

const quoted = (words: readonly string[]) => `[${words.map((word) => JSON.stringify(word)).join(", ")}]`;

/**
 * A toleration of the taint of control-plane hosts: by its key or by none, for its effect or for all. What the DaemonSet
 * controller adds has other keys (`node.kubernetes.io/…`), and so has what is added for Nodes that are lost.
 */
function tolerates(spec: string): string {
  return `(has(${spec}.tolerations) && ${spec}.tolerations.exists(t, (!has(t.key) || t.key in ["", "${controlPlaneTaint}"]) && (!has(t.effect) || t.effect in ["", "NoSchedule"])))`;
}

const tolerationMessage = `spec.tolerations has the taint ${controlPlaneTaint}, which keeps pods off control-plane hosts, or has every taint`;

function controlPlaneHosts(mode: Exclude<ProtectionMode, "off">, names: readonly string[]): AdmissionPolicy[] {
  const protection = "control-plane-hosts";
  const isNamed = (spec: string) => `(has(${spec}.nodeName) && ${spec}.nodeName in ${quoted(names)})`;
  const named = "spec.nodeName is a control-plane host";
  return [
    policy({
      ...{ name: protection, protection, mode },
      resources: [core([plural.pods])],
      validations: [
        // A pod that had it before keeps it: nothing running may be kept from being changed, or from being ended.
        {
          expression: `!${tolerates("object.spec")} || (oldObject != null && ${tolerates("oldObject.spec")})`,
          message: tolerationMessage,
        },
        { expression: `oldObject != null || !${isNamed("object.spec")}`, message: named },
      ],
    }),
    policy({
      ...{ name: `${protection}-bindings`, protection, mode },
      resources: [core([plural.bindings, "bindings"], ["CREATE"])],
      validations: [
        {
          // The scheduler itself keeps to taints.
          expression: `!(object.target.name in ${quoted(names)}) || request.userInfo.username == "system:kube-scheduler"`,
          message: "target.name is a control-plane host",
        },
      ],
    }),
    templateWarning(protection, mode, [
      { expression: `!${tolerates("object.spec.template.spec")}`, message: tolerationMessage },
      { expression: `!${isNamed("object.spec.template.spec")}`, message: named },
    ]),
  ];
}

function systemPriorityPolicies(mode: Exclude<ProtectionMode, "off">): AdmissionPolicy[] {
  const protection = "system-priorities";
  const plain = (spec: string) =>
    `!has(${spec}.priorityClassName) || !(${spec}.priorityClassName in ${quoted(systemPriorities)})`;
  const message = `spec.priorityClassName is for the cluster's own pods, which push all others aside`;
  return [
    policy({
      ...{ name: protection, protection, mode },
      // It cannot be changed later.
      resources: [core([plural.pods], ["CREATE"])],
      validations: [{ expression: plain("object.spec"), message }],
    }),
    templateWarning(protection, mode, [{ expression: plain("object.spec.template.spec"), message }]),
  ];
}

function tokenSecretPolicies(mode: Exclude<ProtectionMode, "off">): AdmissionPolicy[] {
  const protection = "token-secrets";
  const account = (of: string) => `${of}.metadata.annotations["kubernetes.io/service-account.name"]`;
  return [
    policy({
      ...{ name: protection, protection, mode },
      resources: [core(["secrets"])],
      validations: [
        {
          // Its type never changes, so one that is updated was there before; it may not come to another account.
          expression: `!has(object.type) || object.type != "${tokenSecret}" || (oldObject != null && ${account("object")} == ${account("oldObject")})`,
          message: `a Secret of the type ${tokenSecret} holds a token that never ends; use kubectl create token, or a projected volume`,
        },
      ],
    }),
  ];
}

/** What the API server shortens. */
const tokenLifetimeWarning: AdmissionPolicy = {
  name: "plinth-token-lifetime",
  spec: {
    failurePolicy: "Ignore",
    matchConstraints: { resourceRules: [core([plural.tokens], ["CREATE"])] },
    validations: [
      {
        expression: `!has(object.spec.expirationSeconds) || object.spec.expirationSeconds <= ${longestTokenHours * 3600}`,
        message: `the token lives for more than ${longestTokenHours} hours, and will be shortened once token-lifetime is enforced`,
      },
    ],
  },
  actions: ["Warn", "Audit"],
};

/** What the plugin DenyServiceExternalIPs refuses. */
const externalIpsWarning: AdmissionPolicy = {
  name: "plinth-external-ips",
  spec: {
    failurePolicy: "Ignore",
    matchConstraints: { resourceRules: [core(["services"])] },
    validations: [
      {
        expression:
          "!has(object.spec.externalIPs) || object.spec.externalIPs.all(ip, oldObject != null && has(oldObject.spec.externalIPs) && ip in oldObject.spec.externalIPs)",
        message:
          "spec.externalIPs takes traffic that is meant for others, and will be refused once external-ips is enforced",
      },
    ],
  },
  actions: ["Warn", "Audit"],
};
