import * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../../../plan/config.ts";
import type { Host } from "../../../plan/inventory.ts";
import { replicasOf } from "../../../plan/monitoring/replicas.ts";
import type { MonitoringSettings } from "../../../plan/monitoring/settings.ts";
import type { Authority } from "../../pki/authority.ts";
import type { Leaf } from "../../pki/leaf.ts";
import { childOptions } from "../options.ts";
import { declareAlertmanager } from "./alertmanager.ts";
import { layGround } from "./ground.ts";
import { declareKubeStateMetrics } from "./kubestatemetrics.ts";
import { declarePrometheus } from "./prometheus.ts";

export interface MonitoringArgs {
  config: ClusterConfig;
  settings: MonitoringSettings;
  /** The inventory: what is watched, and where copies are. */
  hosts: readonly Host[];
  /** The cluster's authority. */
  authority: Authority;
  /** The identity that may read figures. */
  reader: Leaf;
  /** Nodes that have to be there before pods are waited for, those with the folders of data among them. Default: none. */
  nodes?: readonly pulumi.Resource[];
}

/**
 * Prometheus, Alertmanager and kube-state-metrics: two of each on workers, in a namespace of their own.
 *
 * Options: `providers` with the cluster's Kubernetes provider; `dependsOn` (Nodes) and `deletedWith` hold for every object.
 */
export class Monitoring extends pulumi.ComponentResource {
  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:addons:Monitoring", name, {}, opts);
    const { config, settings, hosts, authority, reader, nodes = [] } = args;
    const child = childOptions(this, opts);
    const ground = layGround({ config, authority, reader, nodes }, this, child);
    const common = { settings, hosts, replicas: replicasOf(hosts, settings), ground };
    const kubeStateMetrics = declareKubeStateMetrics(common, child);
    const alertmanager = declareAlertmanager(common, child);
    declarePrometheus({ ...common, config, alertmanager, kubeStateMetrics }, child);
    this.registerOutputs({});
  }
}
