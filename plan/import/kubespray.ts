import { proxySchema } from "../proxysettings.ts";
import { featureGates, nodeRules } from "./noderules.ts";
import { changed, left, taken, type Outcome } from "./outcome.ts";
import { addressesOf, isTrue, listOf, mapOf, numberOf, textMapOf, textOf, textsOf } from "./readings.ts";
import { insecureOutcome, mirrorsOutcome, registryMapOutcome } from "./registries.ts";
import { forNodes, forStack, type Rule } from "./rules.ts";
import * as stack from "./stackrules.ts";
import type { Value } from "./values.ts";

/** Feature gates in the settings of services that take them as an argument. */
const gatesArgument = (key: string, value: Value): Record<string, unknown> => {
  const text = Object.entries(featureGates(value)).map(([name, on]) => `${name}=${String(on)}`);
  return text.length === 0 ? {} : { [key]: { "feature-gates": text.join(",") } };
};

function gates(name: string, key: string): Rule {
  return forStack(name, (value) =>
    textsOf(value).length === 0
      ? taken("nothing: there are none")
      : taken(`plinth:${key}.feature-gates`, gatesArgument(key, value)),
  );
}

function argumentsOutcome(key: string, value: Value): Outcome {
  const args = textMapOf(value);
  if (Object.keys(args).length === 0) return taken("nothing: there are none");
  return taken(`plinth:${key}`, { [key]: args });
}

const argument = (names: string, key: string, flag: string, ours: string): Rule =>
  forStack(names, (value) => {
    const text = textOf(value) ?? "";
    if (text === ours || text === "") return taken("nothing: the default is the same");
    return taken(`plinth:${key}.${flag}`, { [key]: { [flag]: text } });
  });

function proxyOutcome(field: "http" | "https", value: Value): Outcome {
  const url = textOf(value);
  if (url === undefined) return taken("nothing: it is empty");
  if (url.includes("@")) return left(`has a login: run \`pulumi config set --secret --path 'plinth:proxy.${field}'\``);
  const proxy = { [field]: url };
  return proxySchema.safeParse(proxy).success
    ? taken(`plinth:proxy.${field}`, { proxy })
    : left("is no URL of a proxy such as http://proxy.example.net:3128");
}

function noProxyOutcome(value: Value, hasProxy: boolean): Outcome {
  const entries = textsOf(value);
  const good = entries.filter((one) => proxySchema.safeParse({ http: "http://192.0.2.1", noProxy: [one] }).success);
  if (good.length === 0) return taken("nothing: what belongs to the cluster is asked directly anyway");
  if (!hasProxy) return left("there is no proxy that anything could be asked without");
  const config = { proxy: { noProxy: good } };
  return good.length === entries.length
    ? taken("plinth:proxy.noProxy", config)
    : changed("plinth:proxy.noProxy", "what is no name, address or network is left out", config);
}

function oidcOutcome(value: Value, valueOf: (name: string) => Value | undefined): Outcome {
  const [url, client] = [textOf(valueOf("kube_oidc_url")), textOf(valueOf("kube_oidc_client_id"))];
  if (!isTrue(value)) return taken("nothing: it is off");
  if (url === undefined || client === undefined) return left("has no kube_oidc_url or kube_oidc_client_id");
  const claimOf = (name: string, otherwise?: string): Record<string, unknown> | undefined => {
    const claim = textOf(valueOf(`kube_oidc_${name}_claim`)) ?? otherwise;
    const prefix = textOf(valueOf(`kube_oidc_${name}_prefix`));
    return claim === undefined
      ? undefined
      : { claim, prefix: prefix === "-" ? "" : (prefix ?? (name === "username" ? `${url}#` : "")) };
  };
  const groups = claimOf("groups");
  const claimMappings = { username: claimOf("username", "sub"), ...(groups === undefined ? {} : { groups }) };
  return changed(
    "plinth:authentication",
    "flags of OpenID Connect become an issuer of AuthenticationConfiguration; an authority of its own goes into issuer.caFile",
    {
      authentication: { jwt: [{ issuer: { url, audiences: [client] }, claimMappings }] },
    },
  );
}

function runtimesOutcome(value: Value): Outcome {
  const runtimes = listOf(value).map(mapOf);
  if (runtimes.length === 0) return taken("nothing: there are none");
  const byName = runtimes.map((runtime) => {
    const options = mapOf(runtime["options"]);
    return [
      textOf(runtime["name"]) ?? "",
      { type: textOf(runtime["type"]) ?? "", ...(Object.keys(options).length === 0 ? {} : { options }) },
    ];
  });
  return changed("plinth:containerd.runtimes", "what these runtimes need on hosts is brought by nobody but you", {
    containerd: { runtimes: Object.fromEntries(byName) as Record<string, unknown> },
  });
}

/** Variables of Kubespray that have a counterpart. */
export const kubesprayRules: readonly Rule[] = [
  ...nodeRules,
  forStack(["kube_pods_subnet", "kube_pods_subnets"], (value) => stack.networkOutcome("podCidr", value)),
  forStack(["kube_service_addresses", "kube_service_subnets"], (value) => stack.networkOutcome("serviceCidr", value)),
  forStack(["dns_domain"], stack.domainOutcome),
  forStack(["cluster_name"], (value, { isSet }) =>
    isSet("dns_domain") ? taken("nothing: dns_domain says more") : stack.domainOutcome(value),
  ),
  forStack(["kube_version"], stack.kubernetesOutcome),
  forStack(["kube_network_plugin"], stack.podNetworkOutcome),
  forStack(["kube_proxy_mode"], stack.proxyModeOutcome),
  forStack(["kube_proxy_strict_arp"], (value) =>
    isTrue(value)
      ? taken("plinth:kubeProxyConfig.ipvs.strictARP", { kubeProxyConfig: { ipvs: { strictARP: true } } })
      : taken("nothing: the default is the same"),
  ),
  forStack(["supplementary_addresses_in_ssl_keys"], stack.sansOutcome),
  forStack(["kube_apiserver_node_port_range"], stack.nodePortsOutcome),
  forStack(["kube_network_node_prefix"], stack.nodePrefixOutcome),
  forStack(["etcd_deployment_type"], stack.onlyOne("host", "members of etcd are services of systemd")),
  forStack(["etcd_data_dir"], (value) => stack.directoryOutcome("etcd", value)),
  forStack(["containerd_storage_dir"], (value) => stack.directoryOutcome("containerd", value)),
  forStack(["container_manager"], stack.onlyOne("containerd", "Nodes run containers by containerd")),
  forStack(["dns_mode"], stack.onlyOne("coredns", "the cluster's DNS is CoreDNS")),
  forStack(["kubelet_cgroup_driver"], (value) =>
    textOf(value) === "systemd"
      ? taken("nothing: Plinth's default is the same")
      : taken("plinth:cgroupDriver", { cgroupDriver: textOf(value) }),
  ),
  forStack(["upstream_dns_servers"], (value) => {
    const servers = addressesOf(value);
    if (servers.length === 0) return taken("nothing: there are none");
    return taken("plinth:dnsUpstreams", { dnsUpstreams: servers });
  }),
  forStack(["kube_apiserver_port"], stack.apiPortOutcome),
  forStack(["http_proxy"], (value) => proxyOutcome("http", value)),
  forStack(["https_proxy"], (value) => proxyOutcome("https", value)),
  forStack(["no_proxy", "additional_no_proxy"], (value, { isSet }) =>
    noProxyOutcome(value, isSet("http_proxy") || isSet("https_proxy")),
  ),
  forStack(["containerd_registries_mirrors"], mirrorsOutcome),
  forStack(["containerd_registries", "docker_registry_mirrors"], registryMapOutcome),
  forStack(["containerd_insecure_registries", "docker_insecure_registries", "crio_insecure_registries"], (value) =>
    insecureOutcome(Array.isArray(value) || typeof value === "string" ? value : Object.keys(mapOf(value))),
  ),
  forStack(["containerd_registry_auth", "docker_registry_auth"], (value) =>
    listOf(value).length === 0
      ? taken("nothing: there are none")
      : left(
          "has passwords, which no file gets: run `pulumi config set --secret --path 'plinth:registryCredentials[\"HOST\"].password'`",
        ),
  ),
  forStack(["containerd_additional_runtimes"], runtimesOutcome),
  forNodes(["additional_sysctl"], (value) => {
    const all = listOf(value)
      .map(mapOf)
      .map((one) => [textOf(one["name"]) ?? "", textOf(one["value"]) ?? ""] as const);
    if (all.length === 0) return taken("nothing: there are none");
    return taken("plinth:sysctls", { sysctls: Object.fromEntries(all) });
  }),
  forStack(["kube_feature_gates"], (value) => {
    const named = featureGates(value);
    if (Object.keys(named).length === 0) return taken("nothing: there are none");
    const keys = ["apiserverArgs", "controllerManagerArgs", "schedulerArgs"];
    const config = Object.assign(
      { kubeletConfig: { featureGates: named }, kubeProxyConfig: { featureGates: named } },
      ...keys.map((key) => gatesArgument(key, value)),
    ) as Record<string, unknown>;
    return taken("feature gates of all components", config);
  }),
  gates("kube_apiserver_feature_gates", "apiserverArgs"),
  gates("kube_controller_feature_gates", "controllerManagerArgs"),
  gates("kube_scheduler_feature_gates", "schedulerArgs"),
  forStack(["kube_proxy_feature_gates"], (value) =>
    taken("plinth:kubeProxyConfig.featureGates", { kubeProxyConfig: { featureGates: featureGates(value) } }),
  ),
  forStack(["kube_kubeadm_apiserver_extra_args"], (value) => argumentsOutcome("apiserverArgs", value)),
  forStack(["kube_kubeadm_controller_extra_args"], (value) => argumentsOutcome("controllerManagerArgs", value)),
  forStack(["kube_kubeadm_scheduler_extra_args"], (value) => argumentsOutcome("schedulerArgs", value)),
  argument("event_ttl_duration", "apiserverArgs", "event-ttl", "1h0m0s"),
  argument("kube_apiserver_request_timeout", "apiserverArgs", "request-timeout", "1m0s"),
  argument("kube_controller_node_monitor_grace_period", "controllerManagerArgs", "node-monitor-grace-period", "40s"),
  argument("kube_controller_node_monitor_period", "controllerManagerArgs", "node-monitor-period", "5s"),
  argument(
    "kube_controller_terminated_pod_gc_threshold",
    "controllerManagerArgs",
    "terminated-pod-gc-threshold",
    "12500",
  ),
  forStack(["kube_oidc_auth"], (value, { valueOf }) => oidcOutcome(value, valueOf)),
  forStack(["kubernetes_audit", "kube_encrypt_secret_data", "metrics_server_enabled"], (value) =>
    isTrue(value) ? taken("nothing: every cluster has it") : changed("nothing", "every cluster has it"),
  ),
  forStack(["kube_log_level"], (value) =>
    numberOf(value) === 2
      ? taken("nothing: the default is the same")
      : taken("plinth:kubeletArgs.v", { kubeletArgs: { v: textOf(value) ?? "2" } }),
  ),
];
