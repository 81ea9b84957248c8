/** A host that the lab should have. */
export interface LabHost {
  /** Host name, as shown by `hostname`: at most 12 lower-case letters, digits and inner hyphens. */
  name: string;
  /** IPv4 address inside the lab's subnet, without prefix length. */
  address: string;
}

export interface LabOptions {
  /** Directory of the project; two clones of it have two labs that do not see each other. */
  projectDir: string;
  hosts: LabHost[];
  /** IPv4 network of the lab in CIDR form, e.g. `10.27.0.0/24`. */
  subnet: string;
  /** Address of the operator (the bridge) in that network. No host uses it as a gateway: the lab has no way out. */
  gateway: string;
  /** IPv4 network of pods in CIDR form: what the firewall of hosts like `forward-drop` lets through. */
  podCidr: string;
  /** Login name of the account with passwordless sudo on every host. */
  user: string;
  /** Receives one sentence per step, for a person to read. Default: nothing is told. */
  onProgress?: (line: string) => void;
}

/**
 * - `running`: booted and on the network (whether it answers is another question: see `ssh`)
 * - `paused`: every process stands still, as in a machine whose firmware or hypervisor took the CPU away
 * - `partitioned`: runs, but no packet goes in or out
 * - `off`: no process
 */
export type LabHostState = "running" | "paused" | "partitioned" | "off";

export interface LabHostStatus extends LabHost {
  state: LabHostState;
  /** Whether it accepts a login with the lab's key and presents the pinned host key. */
  ssh: boolean;
  /** Process id, on the operator's machine, of the host's init; null when there is none. */
  pid: number | null;
  /** Seconds since the host booted; null when it is off. */
  uptime: number | null;
  /** Names of the variants of hosts that the lab has (see variants.ts); not there for plain ones. */
  like?: string[];
}

/** A wish that the lab cannot fulfil as asked: the message says why and what to do. Not a defect. */
export class LabError extends Error {
  override name = "LabError";
}
