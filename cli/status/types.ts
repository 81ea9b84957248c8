import type { DrillRecord, KnownDrill } from "../../plan/backup/drill.ts";
import type { BackupRecord, TargetState } from "../../plan/backup/record.ts";
import type { CertificateFile } from "../../plan/certificates.ts";
import type { KubeconfigCertificate } from "../../plan/expiry.ts";
import type { HostReport } from "../../plan/hostreport.ts";
import type { FoundTest } from "../../plan/loadtest/claim.ts";
import type { EtcdFacts } from "../../plan/members.ts";
import type { ListedDeployment } from "../../plan/addons/deployments.ts";
import type { NetworkReading } from "../../plan/networkcheck/record.ts";
import type { ListedNode } from "../../plan/nodes.ts";
import type { GoneRules } from "../../plan/rulesets.ts";
import type { Readiness } from "../cluster/api.ts";

/** What one look at a host has found (`scripts/look/status.sh`). */
export interface HostProbe {
  /** Seconds since boot. */
  uptime: number;
  /** /etc/machine-id; empty where there is none. */
  machineId: string;
  /** IPv4 address → interface. */
  addresses: Record<string, string>;
  /** What the host script says; undefined where there is none, or it says nothing. */
  report: HostReport | undefined;
  /** Why it says nothing. */
  reportError: string | undefined;
  /** Undefined where the host has nothing to ask a member with. */
  etcd: EtcdFacts | undefined;
  certificates: CertificateFile[];
  /** Packet filter rules that somebody has flushed. */
  goneRules: GoneRules[];
  /** What it knows of targets of backups. */
  backups: BackupRecord[];
  /** Until when a failover drill has services of the host away, seconds since the epoch; undefined where there is none. */
  failoverUntil?: number;
  /** The last restore drill that it was told of; undefined where there was none. */
  drill?: DrillRecord;
}

/** The host's probe, or why there is none. */
export type ProbeReading = { probe: HostProbe } | { error: string };

/** Who leads: lease name → host, or why it is unknown. */
export interface LeaderStatus {
  lease: string;
  holder: string | undefined;
  /** Seconds since the lease was renewed. */
  age: number | undefined;
  message: string | undefined;
}

/** One Node as the API has it. */
export interface NodeStatus extends ListedNode {
  /** Seconds since its kubelet renewed its lease; undefined when it has none. */
  heartbeat: number | undefined;
}

/** What the cluster runs for itself, or why it is unknown. */
export type AddonsReading = { addons: ListedDeployment[] } | { error: string };

/** The Nodes, or why they could not be listed. */
export type NodesReading = { nodes: NodeStatus[] } | { error: string };

export interface Observation {
  /** Milliseconds since the epoch. */
  at: number;
  readings: Map<string, ProbeReading>;
  apiservers: Map<string, Readiness>;
  leaders: LeaderStatus[];
  nodes: NodesReading;
  /** Undefined for a worker pool, which has none. */
  addons: AddonsReading | undefined;
  /** Certificates in the kubeconfigs of the stack's outputs. */
  kubeconfigs: readonly KubeconfigCertificate[];
  /** The last test of the data path; undefined where there is no cluster. */
  network: NetworkReading | undefined;
  /** Load tests that are in the cluster; undefined where that is not known. */
  loadTests?: FoundTest[];
  /** What members know of targets of backups; undefined where the configuration has none. */
  backups?: TargetState[];
  /** The last restore drill as most members tell it; undefined where the configuration has no backups. */
  drill?: KnownDrill;
}
