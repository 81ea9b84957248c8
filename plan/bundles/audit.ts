import type { ClusterConfig } from "../config.ts";
import type { Arguments } from "./systemd.ts";

/** Directory of the API server's audit log. */
export const auditDirectory = "/var/log/kubernetes";
/** Path of the API server's audit policy. */
export const auditPolicyPath = "/etc/kubernetes/audit-policy.yaml";

/**
 * The API server's arguments about its audit log, before the operator's own.
 *
 * A file that is full is compressed, to less than a tenth: 10 GB of events lie in about 1 GB.
 */
export const auditArguments: Arguments = {
  "audit-log-compress": "true",
  "audit-log-maxage": "30",
  "audit-log-maxbackup": "100",
  "audit-log-maxsize": "100",
  "audit-log-path": `${auditDirectory}/audit.log`,
  "audit-policy-file": auditPolicyPath,
};

/** How long a log is kept. 0 is no limit, as the API server has it. */
export interface Retention {
  /** Age of its oldest file. */
  days: number;
  /** Files that are full. */
  files: number;
  /** Size of a file in MiB when it is full. */
  megabytes: number;
}

/** How long the API servers of a cluster keep their audit log. */
export function auditRetention({ apiserverArgs }: Pick<ClusterConfig, "apiserverArgs">): Retention {
  const args = { ...auditArguments, ...apiserverArgs };
  const limit = (name: "maxage" | "maxbackup" | "maxsize"): number => Number(args[`audit-log-${name}`]);
  return { days: limit("maxage"), files: limit("maxbackup"), megabytes: limit("maxsize") };
}

/**
 * Who did what, without the contents of secrets and without the noise of health checks, leases and Events. The first rule
 * that fits decides.
 *
 * Secrets and ways into containers come first: no identity reads or enters unseen. Nodes read a Secret for as long as one of
 * their pods uses it, by a watch that they renew every 5 to 10 minutes (client-go's reflector), so the end of those is left
 * out: 500 Nodes with 20 Secrets each are 80,000 events per hour, some 70 MB, spread over the API servers. Of what else
 * Nodes read, the ordinary is left out, and the rest is recorded, whether it was allowed or not.
 */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages:
  - RequestReceived
rules:
  - level: None
    nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi/*"]
  - level: Metadata
    userGroups: ["system:nodes"]
    verbs: ["watch"]
    resources:
      - group: ""
        resources: ["secrets"]
    omitStages:
      - ResponseComplete
  - level: Metadata
    resources:
      - group: ""
        resources:
          - secrets
          - serviceaccounts/token
          - pods/attach
          - pods/exec
          - pods/portforward
          - "*/proxy"
      - group: authentication.k8s.io
        resources: ["tokenreviews"]
  - level: None
    verbs: ["get", "list", "watch"]
    users: ["system:kube-controller-manager", "system:kube-scheduler", "system:apiserver"]
  - level: None
    userGroups: ["system:nodes"]
    verbs: ["get", "list", "watch"]
    resources:
      - group: ""
        resources: ["configmaps", "endpoints", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods", "services"]
      - group: certificates.k8s.io
      - group: discovery.k8s.io
      - group: networking.k8s.io
        resources: ["servicecidrs"]
      - group: node.k8s.io
      - group: resource.k8s.io
      - group: storage.k8s.io
  - level: None
    verbs: ["get", "list", "watch", "update"]
    resources:
      - group: coordination.k8s.io
        resources: ["leases"]
  - level: None
    verbs: ["get", "list", "watch", "create", "update", "patch"]
    resources:
      - group: ""
        resources: ["events"]
      - group: events.k8s.io
        resources: ["events"]
  - level: Metadata
    resources:
      - group: ""
        resources: ["configmaps"]
  - level: Request
    verbs: ["create", "update", "patch", "delete", "deletecollection"]
  - level: Metadata
`;
