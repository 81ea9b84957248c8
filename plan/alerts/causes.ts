/** One alert makes others silent while it lasts: what follows from a fault is no page of its own. */
export interface Inhibition {
  /** Alerts any of which does it, as one fires. */
  by: readonly string[];
  /** Labels of these, as regular expressions that fit the whole. Default: whatever they are. */
  where?: Readonly<Record<string, string>>;
  /** Alerts that it makes silent, or those that it does not. */
  silent: readonly string[] | { allBut: readonly string[] };
  /** Labels of those, likewise. */
  only?: Readonly<Record<string, string>>;
  /** Labels in which both must be the same. Default: none. */
  equal?: readonly string[];
}

/** Jobs of what needs the API server of its own host, and of that itself. */
const controlPlane = "apiserver|kube-controller-manager|kube-scheduler";
/** What goes by the API, and says nothing more while nobody answers there. */
const needsApi = [
  ...["ApiServerDown", "ApiErrors", "ApiSlow", "BalancerEmpty", "ControllerManagerDown", "SchedulerDown"],
  ...["NodeNotReady", "AddonUnavailable"],
];
/** What tells that a service of a host is not there. */
const ofService = ["HostServiceDown", "ServiceRestarting", "TargetDown"];

/** Which alerts follow from which. What pages is never made silent by what does not. */
export const causes: readonly Inhibition[] = [
  { by: ["HostDown"], silent: { allBut: ["HostDown"] }, equal: ["instance"] },
  // What ran there, and has no other place yet. These name no host.
  { by: ["HostDown"], silent: ["AddonUnavailable", "PrometheusReplicaDown", "AlertmanagerReplicaDown"] },
  {
    by: ["HostDiskFull", "HostFilesystemReadOnly"],
    silent: ["EtcdMemberDown", "ApiServerDown", "NodeNotReady", "NodeUnderPressure", "FactsStale", ...ofService],
    equal: ["instance"],
  },
  { by: ["HostDiskFull"], silent: ["HostDiskFilling"], equal: ["instance", "mountpoint"] },
  {
    by: ["EtcdNoLeader"],
    silent: ["ApiDown", "EtcdMemberDown", "EtcdMemberSlow", "EtcdLeaderChanges", "BackupFailed", ...needsApi],
  },
  { by: ["EtcdNoLeader", "ApiDown"], silent: ofService, only: { job: `etcd|${controlPlane}` } },
  { by: ["ApiDown"], silent: needsApi },
  { by: ["EtcdMemberDown"], silent: ["ApiServerDown", "EtcdMemberSlow", "EtcdDiskSlow"], equal: ["instance"] },
  { by: ["EtcdMemberDown"], silent: ofService, only: { job: `etcd|${controlPlane}` }, equal: ["instance"] },
  { by: ["ApiServerDown"], silent: ofService, only: { job: controlPlane }, equal: ["instance"] },
  { by: ["ControllerManagerDown"], silent: ofService, only: { job: "kube-controller-manager" } },
  { by: ["SchedulerDown"], silent: ofService, only: { job: "kube-scheduler" } },
  { by: ["EtcdDatabaseFull"], silent: ["EtcdDatabaseFilling"], equal: ["instance"] },
  { by: ["EtcdDiskSlow"], silent: ["EtcdMemberSlow"], equal: ["instance"] },
  { by: ["HostServiceDown"], silent: ["ServiceRestarting", "TargetDown"], equal: ["instance", "job"] },
  {
    by: ["HostServiceDown"],
    where: { job: "kubelet|containerd|flanneld" },
    silent: ["NodeNotReady"],
    equal: ["instance"],
  },
  { by: ["HostServiceDown"], where: { job: "plinth-facts" }, silent: ["FactsStale"], equal: ["instance"] },
  { by: ["NodeNotReady"], silent: ["TargetDown"], only: { job: "kubelet" }, equal: ["instance"] },
  { by: ["DnsDown"], silent: ["DnsErrors"] },
  { by: ["DnsDown"], silent: ["TargetDown"], only: { job: "coredns" } },
  { by: ["DnsDown"], silent: ["AddonUnavailable"], only: { deployment: "coredns" } },
  { by: ["VirtualIpLost", "VirtualIpTwice"], silent: ["VirtualIpFlapping"], equal: ["address"] },
  { by: ["CertificateEnding"], silent: ["CertificateExpiring"], equal: ["instance", "path"] },
  { by: ["BackupStale"], silent: ["BackupFailed"], only: { kind: "data" }, equal: ["target"] },
  { by: ["DrillFailed"], silent: ["DrillOverdue"] },
];
