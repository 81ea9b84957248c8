import { addonHosts } from "../addons/placement.ts";
import type { Host } from "../inventory.ts";
import type { MonitoringSettings } from "./settings.ts";

/** One of the copies of a program that keeps data. */
export interface Replica {
  /** Last part of the names of its objects. */
  id: string;
  /** The Node that has its data. Undefined where a StorageClass of the cluster gives it a volume. */
  node?: string;
}

/**
 * The copies of Prometheus and Alertmanager: two, on workers that are as far from each other as the inventory tells, and one where there is
 * one Node alone.
 */
export function replicasOf(hosts: readonly Host[], { storage }: Pick<MonitoringSettings, "storage">): Replica[] {
  const chosen = chosenHosts(hosts);
  if (storage.class !== undefined) return ["a", "b"].slice(0, chosen.length).map((id) => ({ id }));
  return chosen.map(({ name }) => ({ id: name, node: name }));
}

/** Workers first: memory and disks of control-plane hosts belong to etcd and the API server. */
function chosenHosts(hosts: readonly Host[]): Host[] {
  const able = addonHosts(hosts);
  const workers = able.filter(({ roles }) => !roles.includes("control-plane"));
  const from = workers.length >= 2 ? workers : [...workers, ...able.filter((host) => !workers.includes(host))];
  const [first, ...others] = from;
  if (first === undefined) return [];
  return [first, ...others.toSorted((one, other) => distance(first, other) - distance(first, one)).slice(0, 1)];
}

/** How little two hosts share: 3 with nothing in common, 0 in one rack. */
function distance(one: Host, other: Host): number {
  if (one.region !== other.region) return 3;
  if (one.zone !== other.zone) return 2;
  return one.rack !== other.rack ? 1 : 0;
}

/** Where a program's data is on a Node that has it. */
export const dataFolder = (program: string, { storage }: Pick<MonitoringSettings, "storage">): string =>
  `${storage.directory}/${program}`;

/** Folders of data on a host: of those programs that have a copy there. */
export function dataFolders(host: Host, hosts: readonly Host[], settings: MonitoringSettings): string[] {
  return replicasOf(hosts, settings).some(({ node }) => node === host.name)
    ? ["alertmanager", "prometheus"].map((program) => dataFolder(program, settings))
    : [];
}
