import { managedNames } from "../names.ts";
import { labelName, labelValue } from "../texts.ts";
import type { HostInput } from "../inventory.ts";
import { changed, left, taken, type Outcome } from "./outcome.ts";
import { isTrue, mapOf, numberOf, textMapOf, textOf, textsOf } from "./readings.ts";
import { forNodes, type Rule } from "./rules.ts";
import type { Value } from "./values.ts";

/** Labels of which a line of the inventory has a field of its own. */
const placeLabels: Readonly<Record<string, "region" | "zone">> = {
  "topology.kubernetes.io/region": "region",
  "topology.kubernetes.io/zone": "zone",
  "failure-domain.beta.kubernetes.io/region": "region",
  "failure-domain.beta.kubernetes.io/zone": "zone",
};

/** Labels of roles, which Plinth itself sets. */
const isOwn = (name: string): boolean => managedNames.test(name) || /^node-role\.kubernetes\.io\//.test(name);

/** Labels of a Node, by name. */
export function labelsOutcome(labels: Readonly<Record<string, string>>): Outcome {
  const good = Object.entries(labels).filter(
    ([name, value]) => !isOwn(name) && labelName.safeParse(name).success && labelValue.safeParse(value).success,
  );
  const places = good.flatMap(([name, value]) => {
    const field = placeLabels[name];
    return field === undefined ? [] : [[field, value] as const];
  });
  const rest = good.filter(([name]) => placeLabels[name] === undefined);
  const lost = Object.keys(labels).filter((name) => !good.some(([other]) => other === name));
  const host: Partial<HostInput> = {
    ...Object.fromEntries(places),
    ...(rest.length === 0 ? {} : { labels: Object.fromEntries(rest) }),
  };
  const becomes = Object.keys(host).join(", ");
  const why = `${lost.join(", ")}: set by Plinth or Kubernetes itself, or no name or value of a label`;
  if (lost.length === 0) return { ...taken(becomes), host };
  return becomes === "" ? left(why) : { ...changed(becomes, why), host };
}

/** A taint as kubectl writes it: `KEY=VALUE:EFFECT`, `KEY:EFFECT`. */
export function taintOf(text: string): NonNullable<HostInput["taints"]>[number] | undefined {
  const [, key = "", value = "", effect = ""] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text.trim()) ?? [];
  if (effect !== "NoSchedule" && effect !== "PreferNoSchedule" && effect !== "NoExecute") return undefined;
  if (!labelName.safeParse(key).success || !labelValue.safeParse(value).success) return undefined;
  return { key, ...(value === "" ? {} : { value }), effect };
}

/** Taints of a Node, but that of control-plane hosts, which Plinth sets. */
export function taintsOutcome(texts: readonly string[]): Outcome {
  const wanted = texts.filter((text) => !/^node-role\.kubernetes\.io\/(control-plane|master)\b/.test(text));
  const taints = wanted.flatMap((text) => taintOf(text) ?? []);
  if (wanted.length === 0) return taken("nothing: control-plane hosts have their taint anyway");
  const host = taints.length === 0 ? {} : { host: { taints } };
  if (taints.length === wanted.length && wanted.length === texts.length) return { ...taken("taints"), ...host };
  if (taints.length === 0) return left("is no taint such as KEY=VALUE:NoSchedule");
  return {
    ...changed(
      "taints",
      "what is no taint such as KEY=VALUE:NoSchedule is left out, and that of control-plane hosts, which Plinth sets",
    ),
    ...host,
  };
}

/** A field of the kubelet's configuration. */
function kubelet(
  names: string | readonly string[],
  field: string,
  read: (value: Value) => unknown,
  ours?: unknown,
): Rule {
  return forNodes(names, (value) => {
    const wanted = read(value);
    if (wanted === undefined) return left(`is nothing that ${field} of the kubelet could be`);
    if (wanted === ours) return taken("nothing: Plinth has the same");
    return taken(`plinth:kubeletConfig.${field}`, { kubeletConfig: { [field]: wanted } });
  });
}

const yes = (value: Value): boolean => isTrue(value);

/** One resource of what is kept free on a Node. */
function reserved(scope: "kube" | "system", resource: string): Rule {
  const field = `${scope}Reserved`;
  const name = `${scope}_${resource.replaceAll("-", "_")}_reserved`;
  const old = `${scope}_master_${resource.replaceAll("-", "_")}_reserved`;
  return forNodes([name, old], (value) =>
    taken(`plinth:kubeletConfig.${field}`, { kubeletConfig: { [field]: { [resource]: textOf(value) ?? "" } } }),
  );
}

/** Feature gates, as a map of them or as `NAME=true`. */
export function featureGates(value: Value): Record<string, boolean> {
  const pairs = Array.isArray(value)
    ? textsOf(value).map((text) => text.split(/[=:]/).map((part) => part.trim()))
    : Object.entries(textMapOf(value));
  return Object.fromEntries(pairs.map(([name = "", on]) => [name, on === undefined || isTrue(on)]));
}

/** Settings of the kubelet in Kubespray. Numbers are taken as they are, amounts and durations as text. */
export const nodeRules: readonly Rule[] = [
  { names: ["node_labels"], scope: "host", take: (value) => labelsOutcome(textMapOf(value)) },
  { names: ["node_taints"], scope: "host", take: (value) => taintsOutcome(textsOf(value)) },
  {
    names: ["node_annotations"],
    scope: "host",
    take: (value) => ({ ...taken("annotations"), host: { annotations: textMapOf(value) } }),
  },
  kubelet("kubelet_max_pods", "maxPods", numberOf, 110),
  forNodes("kubelet_pod_pids_limit", (value) =>
    numberOf(value) === -1
      ? changed("nothing", "without a limit one pod can take all processes of a host: Plinth's is 4096")
      : taken("plinth:kubeletConfig.podPidsLimit", { kubeletConfig: { podPidsLimit: numberOf(value) } }),
  ),
  kubelet("kubelet_logfiles_max_nr", "containerLogMaxFiles", numberOf, 5),
  kubelet("kubelet_logfiles_max_size", "containerLogMaxSize", textOf, "20Mi"),
  kubelet("kubelet_max_parallel_image_pulls", "maxParallelImagePulls", numberOf, 5),
  kubelet("kubelet_event_record_qps", "eventRecordQPS", numberOf, 5),
  kubelet("kubelet_status_update_frequency", "nodeStatusUpdateFrequency", textOf, "10s"),
  kubelet("kubelet_shutdown_grace_period", "shutdownGracePeriod", textOf, "60s"),
  kubelet("kubelet_shutdown_grace_period_critical_pods", "shutdownGracePeriodCriticalPods", textOf, "20s"),
  kubelet("kubelet_image_gc_high_threshold", "imageGCHighThresholdPercent", numberOf, 85),
  kubelet("kubelet_image_gc_low_threshold", "imageGCLowThresholdPercent", numberOf, 75),
  kubelet("kubelet_streaming_connection_idle_timeout", "streamingConnectionIdleTimeout", textOf),
  kubelet("kubelet_cpu_manager_policy", "cpuManagerPolicy", textOf, "none"),
  kubelet("kubelet_cpu_manager_policy_options", "cpuManagerPolicyOptions", textMapOf),
  kubelet("kubelet_topology_manager_policy", "topologyManagerPolicy", textOf, "none"),
  kubelet("kubelet_topology_manager_scope", "topologyManagerScope", textOf, "container"),
  kubelet("kubelet_seccomp_default", "seccompDefault", yes, true),
  kubelet("kubelet_protect_kernel_defaults", "protectKernelDefaults", yes, true),
  kubelet("kubelet_fail_swap_on", "failSwapOn", yes, true),
  kubelet("kubelet_feature_gates", "featureGates", featureGates),
  kubelet("eviction_hard", "evictionHard", (value) =>
    Object.keys(mapOf(value)).length === 0 ? undefined : textMapOf(value),
  ),
  kubelet("kube_resolv_conf", "resolvConf", textOf, "/etc/resolv.conf"),
  ...(["cpu", "memory", "ephemeral-storage", "pid"] as const).flatMap((resource) => [
    reserved("kube", resource),
    reserved("system", resource),
  ]),
  forNodes(["kubelet_config_extra_args", "kubelet_node_config_extra_args"], (value) => {
    const settings = mapOf(value);
    if (Object.keys(settings).length === 0) return taken("nothing: there are none");
    return taken("plinth:kubeletConfig", { kubeletConfig: settings });
  }),
  forNodes(["kubelet_custom_flags", "kubelet_node_custom_flags"], (value) => {
    const flags = textsOf(value).map((text) => /^--([a-z][a-z0-9-]*)(?:[= ](.*))?$/.exec(text));
    const named = flags.flatMap((flag) => (flag === null ? [] : [[flag[1] ?? "", flag[2] ?? "true"] as const]));
    if (flags.length === 0) return taken("nothing: there are none");
    if (named.length < flags.length) return left("has something else than flags such as --v=2");
    return taken("plinth:kubeletArgs", { kubeletArgs: Object.fromEntries(named) });
  }),
];
