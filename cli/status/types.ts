/** One bundle as the host script reports it. */
export interface BundleStatus {
  bundle: string;
  generation: number;
  state: "complete" | "half-done" | "failed";
  reason?: string;
  /** Unit → systemd's ActiveState. */
  units: Record<string, string>;
  /** Names of paths, units, parameters and so on that are not as they were left. */
  drift: string[];
}

export interface CertificateStatus {
  path: string;
  subject: string;
  /** ISO 8601 */
  notBefore: string;
  notAfter: string;
}

/** One etcd member as its own host sees it. */
export interface EtcdStatus {
  /** Hexadecimal. */
  memberId: string;
  leaderId: string;
  version: string;
  /** Bytes on disk. */
  dbSize: number;
  raftIndex: number;
  isLearner: boolean;
  errors: string[];
}

export interface EtcdMember {
  id: string;
  name: string;
  /** False: added, and never seen since. */
  started: boolean;
  isLearner: boolean;
}

/** What one look at a host has found. */
export interface HostProbe {
  /** Seconds since boot. */
  uptime: number;
  /** /etc/machine-id; empty where there is none. */
  machineId: string;
  /** IPv4 address → interface. */
  addresses: Record<string, string>;
  /** Undefined: the host belongs to no cluster. */
  bundles: BundleStatus[] | undefined;
  etcd: EtcdStatus | undefined;
  /** Why `etcd` is missing although etcdctl is there. */
  etcdError: string | undefined;
  members: EtcdMember[] | undefined;
  certificates: CertificateStatus[];
}

/** The host's probe, or why there is none. */
export type HostReading = { probe: HostProbe } | { error: string };

/** Answer of one API server at `/readyz`. */
export interface ApiserverStatus {
  ready: boolean;
  /** What it answered, or why there was no answer. */
  message: string;
}

/** Who leads: lease name → host, or why it is unknown. */
export interface LeaderStatus {
  lease: string;
  holder: string | undefined;
  /** Seconds since the lease was renewed. */
  age: number | undefined;
  message: string | undefined;
}

/** One Node as the API has it. */
export interface NodeStatus {
  name: string;
  /** Undefined: its kubelet has not been heard of for so long that nobody knows. */
  ready: boolean | undefined;
  /** Why it is not ready, and what else its conditions complain about, as `reason: message`. */
  complaints: string[];
  /** Of its kubelet, without the leading v. */
  version: string;
  roles: string[];
  /** False: cordoned. */
  schedulable: boolean;
  /** True: it carries the taint that takes it out of the load balancers. */
  leaving: boolean;
  /** Seconds since its kubelet renewed its lease; undefined when it has none. */
  heartbeat: number | undefined;
  /** /etc/machine-id of the machine that its kubelet runs on. */
  machineId: string;
  /** Internal IPv4 address. */
  address: string;
  /** The stack that answers for it; undefined when none of ours does. */
  owner: string | undefined;
}

/** The Nodes, or why they could not be listed. */
export type NodesReading = { nodes: NodeStatus[] } | { error: string };

export interface Observation {
  /** Milliseconds since the epoch. */
  at: number;
  readings: Map<string, HostReading>;
  apiservers: Map<string, ApiserverStatus>;
  leaders: LeaderStatus[];
  nodes: NodesReading;
}
