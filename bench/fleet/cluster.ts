import { createHash } from "node:crypto";
import { type HostPlace, SimulatedHost } from "./host.ts";

/** A Node that a registration has made. */
export interface SimulatedNode {
  name: string;
  machineId: string;
  address: string;
  owner: string;
}

/** A member of etcd, as `etcdctl member list` has it. */
export interface SimulatedMember {
  /** In hex. */
  id: string;
  name: string;
  peerUrl: string;
}

/** The hosts, and what they have in common: members of etcd and Nodes. */
export class SimulatedCluster {
  readonly hosts = new Map<string, SimulatedHost>();
  readonly nodes = new Map<string, SimulatedNode>();
  /** By peer URL. */
  readonly members = new Map<string, SimulatedMember>();

  add(place: HostPlace): SimulatedHost {
    const host = new SimulatedHost(place);
    this.hosts.set(host.name, host);
    return host;
  }

  /** A host becomes a member of etcd, unless it is one. */
  join(host: SimulatedHost): void {
    const peerUrl = `https://${host.address}:2380`;
    const id = createHash("sha256").update(peerUrl).digest("hex").slice(0, 16).replace(/^0/, "1");
    if (!this.members.has(peerUrl)) this.members.set(peerUrl, { id, name: host.name, peerUrl });
  }

  memberOf(host: SimulatedHost): SimulatedMember | undefined {
    return this.members.get(`https://${host.address}:2380`);
  }
}
