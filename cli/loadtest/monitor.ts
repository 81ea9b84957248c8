import { setTimeout as sleep } from "node:timers/promises";
import type { Glance } from "../../plan/loadtest/meanwhile.ts";
import type { ClusterApi } from "../cluster/api.ts";
import { glanceAt, watchedHosts, type HostLook } from "./hosts.ts";

/** Milliseconds from one look to the next, while the load runs. */
const every = 5000;

/** Looks at Nodes and hosts before, during and after a load. */
export class Monitor {
  readonly glances: Glance[] = [];
  readonly #look: HostLook;
  readonly #api: Pick<ClusterApi, "nodes">;
  #origin = performance.now();

  constructor(look: HostLook, api: Pick<ClusterApi, "nodes">) {
    this.#look = look;
    this.#api = api;
  }

  /** Looks at all hosts before the load. */
  async first(): Promise<void> {
    await this.#glance(this.#look.input.hosts);
  }

  /** The load begins now. */
  start(origin: number): void {
    const shift = (origin - this.#origin) / 1000;
    for (const glance of this.glances) glance.at -= shift;
    this.#origin = origin;
  }

  /** Looks until it is stopped: at the hosts without which nobody else works, as there are few of them. */
  async run(stop: AbortSignal): Promise<void> {
    const hosts = watchedHosts(this.#look.input.hosts);
    while (!stop.aborted) {
      const next = performance.now() + every;
      await this.#glance(hosts);
      await sleep(Math.max(0, next - performance.now()), undefined, { signal: stop }).catch((error: unknown) => {
        if (!stop.aborted) throw error;
      });
    }
  }

  /** Looks at all hosts after the load, and reads what balancers have said since the first look. */
  async last(): Promise<void> {
    const [first] = this.glances;
    await this.#glance(this.#look.input.hosts, (host) => {
      const begin = first?.hosts.get(host);
      return begin === undefined || "error" in begin ? undefined : begin.clock;
    });
  }

  async #glance(hosts: HostLook["input"]["hosts"], since?: (host: string) => number | undefined): Promise<void> {
    const at = (performance.now() - this.#origin) / 1000;
    const [nodes, seen] = await Promise.all([this.#api.nodes(), glanceAt(this.#look, hosts, since)]);
    this.glances.push({
      at,
      nodes: "error" in nodes ? nodes : new Map(nodes.value.map(({ name, ready }) => [name, ready])),
      hosts: seen,
    });
  }
}
