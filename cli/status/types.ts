/** One bundle as the host script reports it. */
export interface BundleStatus {
  bundle: string;
  generation: number;
  state: "complete" | "half-done" | "failed";
  reason?: string;
  /** Unit → systemd's ActiveState. */
  units: Record<string, string>;
  /** Paths that are not as they were left. */
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

export interface Observation {
  /** Milliseconds since the epoch. */
  at: number;
  readings: Map<string, HostReading>;
  apiservers: Map<string, ApiserverStatus>;
  leaders: LeaderStatus[];
}
