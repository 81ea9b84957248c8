import { z } from "zod";
import { controlPlaneTaint } from "./addons/placement.ts";
import { dedicatedControlPlane, systemPriorities, type PolicyInput } from "./admissionpolicies.ts";
import { podSecurityDefault } from "./bundles/admission.ts";
import type { ClusterConfig } from "./config.ts";
import { readLook, sentenceOf, words } from "./look.ts";
import type { PreviousRun } from "./previousrun.ts";
import { exemptingLabel, ownNamespaces, protectionMode, type ProtectionName } from "./protections.ts";
import * as told from "./told.ts";

/** Kind, as paths of the API have it → as people write it. */
const kinds = {
  deployments: "Deployment",
  daemonsets: "DaemonSet",
  statefulsets: "StatefulSet",
  replicasets: "ReplicaSet",
  replicationcontrollers: "ReplicationController",
  jobs: "Job",
  cronjobs: "CronJob",
  pods: "Pod",
} as const;

/** What pods are made of. */
export interface Workload {
  kind: (typeof kinds)[keyof typeof kinds];
  namespace: string;
  name: string;
  nodeName?: string;
  priorityClassName?: string;
  /** Each with its key and effect; empty: every one. */
  tolerations: { key: string; effect: string }[];
}

/** A namespace with the labels that decide on protections. */
export interface LabelledNamespace {
  name: string;
  podSecurity?: string;
  /** Protections that it is taken out of. */
  off: ProtectionName[];
}

/** What one look at the API of a cluster tells (`scripts/look/workloads.sh`). */
export interface Workloads {
  namespaces: LabelledNamespace[];
  workloads: Workload[];
  /** What the API server says to pods of a namespace. */
  violations: { namespace: string; sentence: string }[];
  /** What was not looked at. */
  unread: string[];
}

/** A workload that starts no more as it is. */
export interface Refusal {
  protection: ProtectionName;
  /** Such as `DaemonSet agents/exporter`. */
  workload: string;
  reason: string;
}

/** A name of an object of ours or theirs, DNS-1123 subdomain. */
const name = told.nodeName;
const labelled = told.orNothing(told.label);
const namespaceWords = z
  .tuple([name, labelled, labelled, labelled])
  .transform(([name, podSecurity, hosts, priorities]): LabelledNamespace => ({
    name,
    ...(podSecurity === undefined ? {} : { podSecurity }),
    off: [
      ...(hosts === "off" ? (["control-plane-hosts"] as const) : []),
      ...(priorities === "off" ? (["system-priorities"] as const) : []),
    ],
  }));

const toleration = z
  .string()
  .max(400)
  .regex(/^[\w./-]*\|(NoSchedule|NoExecute|PreferNoSchedule|)$/)
  .transform((text) => {
    const [key = "", effect = ""] = text.split("|");
    return { key, effect };
  });

const workloadWords = z
  .tuple(
    [z.enum(Object.keys(kinds) as (keyof typeof kinds)[]), name, name, told.orNothing(name), told.orNothing(name)],
    toleration,
  )
  .transform(([kind, namespace, name, nodeName, priorityClassName, ...tolerations]): Workload => ({
    ...{ kind: kinds[kind], namespace, name, tolerations },
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
  }));

/**
 * Parses the output of `scripts/look/workloads.sh`.
 *
 * @throws Error as {@link readLook}.
 */
export function parseWorkloads(text: string): Workloads {
  const read: Workloads = { namespaces: [], workloads: [], violations: [], unread: [] };
  readLook(text, {
    namespace: words("namespaces", namespaceWords, (namespace) => read.namespaces.push(namespace)),
    workload: words("workloads", workloadWords, (workload) => read.workloads.push(workload)),
    violation: (rest) => {
      const [first = "", ...sentence] = rest.split(" ");
      read.violations.push({ namespace: name.parse(first), sentence: told.sentence.parse(sentence.join(" ")) });
    },
    unread: sentenceOf((what) => read.unread.push(what)),
  });
  return read;
}

/** Protections that may keep a workload from starting. The others leave alone what is there. */
const hindering = ["pod-security", "control-plane-hosts", "system-priorities"] as const;

/**
 * Protections that may keep workloads from starting and that this run enforces on a cluster that had them otherwise, or
 * did not have them.
 */
export function newlyEnforced(
  config: Pick<ClusterConfig, "protections">,
  previous: Pick<PreviousRun, "protections"> | undefined,
): ProtectionName[] {
  if (previous === undefined) return [];
  return hindering.filter(
    (name) => protectionMode(config.protections, name) === "enforce" && previous.protections?.[name] !== "enforce",
  );
}

/** A sentence about pods, and not the one in front of them that says which namespace it is. */
const aboutPods = /^[-a-z0-9.]+( \(and \d+ other pods?\))?: /;

/** The workloads that protections would refuse at their next start, in the order of their names. */
export function refusals(
  protections: readonly ProtectionName[],
  { config, hosts }: { config: ClusterConfig; hosts: PolicyInput["hosts"] },
  seen: Workloads,
): Refusal[] {
  const dedicated = dedicatedControlPlane(hosts);
  const byName = new Map(seen.namespaces.map((namespace) => [namespace.name, namespace]));
  const isGuarded = (protection: ProtectionName, namespace: string) =>
    !ownNamespaces.includes(namespace) && byName.get(namespace)?.off.includes(protection) !== true;
  const reasons: Partial<Record<ProtectionName, (workload: Workload) => string | undefined>> = {
    "control-plane-hosts": ({ nodeName, tolerations }) => {
      if (dedicated.length === 0) return undefined;
      if (nodeName !== undefined && dedicated.includes(nodeName)) return `names ${nodeName}`;
      const tolerated = tolerations.find(
        ({ key, effect }) => ["", controlPlaneTaint].includes(key) && ["", "NoSchedule"].includes(effect),
      );
      if (tolerated === undefined) return undefined;
      return tolerated.key === "" ? "tolerates every taint" : "tolerates the taint of control-plane hosts";
    },
    "system-priorities": ({ priorityClassName }) =>
      priorityClassName !== undefined && systemPriorities.includes(priorityClassName)
        ? `has the priority ${priorityClassName}`
        : undefined,
  };
  const own = protections.flatMap((protection) =>
    seen.workloads.flatMap((workload): Refusal[] => {
      const reason = reasons[protection]?.(workload);
      if (reason === undefined || !isGuarded(protection, workload.namespace)) return [];
      return [{ protection, workload: `${workload.kind} ${workload.namespace}/${workload.name}`, reason }];
    }),
  );
  const pods = protections.includes("pod-security") ? podSecurityRefusals(config, seen) : [];
  return [...own, ...pods].toSorted((a, b) => (a.workload < b.workload ? -1 : a.workload > b.workload ? 1 : 0));
}

function podSecurityRefusals(config: ClusterConfig, { namespaces, violations }: Workloads): Refusal[] {
  const judged = podSecurityDefault(
    config,
    namespaces.map(({ name, podSecurity }) => ({
      name,
      labels: podSecurity === undefined ? {} : { "pod-security.kubernetes.io/enforce": podSecurity },
    })),
  );
  return violations
    .filter(({ namespace, sentence }) => judged?.namespaces.includes(namespace) === true && aboutPods.test(sentence))
    .map(({ namespace, sentence }) => {
      const colon = sentence.indexOf(": ");
      return {
        protection: "pod-security",
        workload: `Pod ${namespace}/${sentence.slice(0, colon)}`,
        reason: sentence.slice(colon + 2),
      };
    });
}

/** How many workloads a warning names. */
const mostNamed = 20;

/** Where a namespace says that its pods need what a protection refuses. */
function wayOut(protection: ProtectionName): string {
  const label =
    protection === "pod-security"
      ? "pod-security.kubernetes.io/enforce=privileged"
      : `${exemptingLabel(protection)}=off`;
  return `change them, label their namespaces ${label}, or set plinth:protections.${protection} to warn first`;
}

/** One warning a protection, each of bounded length; and one of what was not looked at. */
export function refusalWarnings(found: readonly Refusal[], unread: readonly string[]): string[] {
  const warnings = [...Map.groupBy(found, ({ protection }) => protection)].map(([protection, refused]) => {
    const named = refused.slice(0, mostNamed).map(({ workload, reason }) => `${workload} (${reason})`);
    const more = refused.length - named.length;
    const list = more > 0 ? `${named.join(", ")}, and ${more} more` : named.join(", ");
    return `refused at their next start, because ${protection} is enforced from this run on: ${list}; what runs goes on; ${wayOut(protection)}`;
  });
  if (unread.length === 0) return warnings;
  const what = [...new Set(unread)].sort();
  const listed = what.length > 10 ? `${what.slice(0, 10).join(", ")}, and ${what.length - 10} more` : what.join(", ");
  return [
    ...warnings,
    `not looked at for what protections refuse from this run on, because there is too much of it or it did not answer: ${listed}`,
  ];
}
