import { FleetApi } from "./api.ts";
import { SimulatedCluster } from "./cluster.ts";
import type { HostPlace } from "./host.ts";
import { Mirror, type MirroredScript } from "./mirror.ts";
import { FleetSshd, newKeyPair, type FleetCounters } from "./sshd.ts";
import { StartupGate, type StartupLimit } from "./startups.ts";

/** Ports of a fleet; addresses keep fleets apart. */
export const fleetPorts = { ssh: 2222, mirror: 8410 } as const;

/** How a program reaches a fleet. */
export interface FleetAccess {
  /** `/16` network of everything below. */
  subnet: string;
  /** Address for the API servers. */
  vip: string;
  artifactsUrl: string;
  sshPort: number;
  /** Key that opens every host, OpenSSH format. */
  privateKey: string;
}

/** Hosts that exist in this process only: each answers SSH on a loopback address of its own, and does no work. */
export class Fleet {
  readonly access: FleetAccess;
  readonly cluster: SimulatedCluster;
  readonly #sshd: FleetSshd;
  readonly #api: FleetApi;
  readonly #mirror: Mirror;

  private constructor(access: FleetAccess, mirror: Mirror, limit?: StartupLimit) {
    this.access = access;
    this.cluster = new SimulatedCluster();
    this.#mirror = mirror;
    this.#api = new FleetApi(access.vip);
    this.#sshd = new FleetSshd(this.cluster, new StartupGate(limit), access.sshPort, (host) => this.#api.serve(host));
  }

  /** Starts a fleet without hosts in the first network 127.N.0.0/16 that no other fleet has. */
  static async start(limit?: StartupLimit): Promise<Fleet> {
    for (let n = 31; n < 255; n++) {
      const address = `127.${n}.255.5`;
      try {
        const mirror = await Mirror.start(address, fleetPorts.mirror);
        const access = {
          subnet: `127.${n}.0.0/16`,
          vip: `127.${n}.255.10`,
          artifactsUrl: `http://${address}:${fleetPorts.mirror}`,
          sshPort: fleetPorts.ssh,
          privateKey: newKeyPair().private,
        };
        return new Fleet(access, mirror, limit);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      }
    }
    throw new Error("no network 127.N.0.0/16 is free for a simulated fleet: end the benches that still run");
  }

  /** Adds a host. Returns its public host key, `TYPE BASE64`. */
  add(place: HostPlace): Promise<string> {
    return this.#sshd.serve(this.cluster.add(place));
  }

  /** The mirror has these scripts from now on. */
  publish(scripts: readonly MirroredScript[]): void {
    this.#mirror.scripts = scripts;
  }

  counters(): FleetCounters {
    return this.#sshd.counters();
  }

  resetCounters(): void {
    this.#sshd.reset();
  }

  async close(): Promise<void> {
    await Promise.all([this.#sshd.close(), this.#api.close(), this.#mirror.close()]);
  }
}
