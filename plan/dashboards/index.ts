import { apiServers } from "./api.ts";
import { backup } from "./backup.ts";
import { changes } from "./changes.ts";
import { cluster } from "./cluster.ts";
import type { DashboardModel } from "./dashboard.ts";
import { etcd } from "./etcd.ts";
import { network } from "./network.ts";
import { node } from "./node.ts";

/** All dashboards, by the name of their file. */
export const dashboards: Readonly<Record<string, DashboardModel>> = {
  cluster,
  etcd,
  api: apiServers,
  node,
  network,
  backup,
  changes,
};

/** Dashboards as files for Grafana, `NAME.json`; always the same text for the same release. */
export function renderDashboards(): { path: string; text: string }[] {
  return Object.entries(dashboards).map(([name, model]) => ({
    path: `${name}.json`,
    text: `${JSON.stringify(model, null, 2)}\n`,
  }));
}
