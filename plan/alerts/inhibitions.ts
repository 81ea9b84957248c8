/** One alert makes others silent while it lasts: what follows from a fault is no page of its own. */
export interface Inhibition {
  /** Alerts any of which does it, as one fires. */
  by: readonly string[];
  /** Labels of these, as regular expressions that fit the whole. Default: whatever they are. */
  where?: Readonly<Record<string, string>>;
  /** Alerts that it makes silent; `all` but the ones that do it. */
  silent: readonly string[] | "all";
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
export const inhibitions: readonly Inhibition[] = [
  { by: ["HostDown"], silent: "all", equal: ["instance"] },
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

/** An alert that fires: its labels, `alertname` among them. */
export type Firing = Readonly<Record<string, string>>;

const fits = (alert: Firing, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(labels).every(([name, pattern]) => new RegExp(`^(?:${pattern})$`).test(alert[name] ?? ""));

const nameOf = ({ alertname = "" }: Firing): string => alertname;

const isSource = ({ by, where = {} }: Inhibition, alert: Firing): boolean =>
  by.includes(nameOf(alert)) && fits(alert, where);

const isTarget = ({ by, silent, only = {} }: Inhibition, alert: Firing): boolean =>
  (silent === "all" ? !by.includes(nameOf(alert)) : silent.includes(nameOf(alert))) && fits(alert, only);

/** Those of the alerts that somebody hears of: what Alertmanager does by the rules that are rendered here. */
export function heard(firing: readonly Firing[]): Firing[] {
  const follows = (alert: Firing): boolean =>
    inhibitions.some(
      (one) =>
        isTarget(one, alert) &&
        firing.some(
          (source) =>
            isSource(one, source) && (one.equal ?? []).every((label) => (source[label] ?? "") === (alert[label] ?? "")),
        ),
    );
  return firing.filter((alert) => !follows(alert));
}

/** An entry of Alertmanager's `inhibit_rules`. */
export interface InhibitRule {
  source_matchers: string[];
  target_matchers: string[];
  equal?: string[];
}

const matchers = (labels: Readonly<Record<string, string>>): string[] =>
  Object.entries(labels).map(([name, pattern]) => `${name}=~"${pattern}"`);

/** Alertmanager's `inhibit_rules`. */
export function inhibitRules(): InhibitRule[] {
  return inhibitions.map(({ by, where = {}, silent, only = {}, equal }) => ({
    source_matchers: [`alertname=~"${by.join("|")}"`, ...matchers(where)],
    target_matchers: [
      silent === "all" ? `alertname!~"${by.join("|")}"` : `alertname=~"${silent.join("|")}"`,
      ...matchers(only),
    ],
    ...(equal === undefined ? {} : { equal: [...equal] }),
  }));
}
