import { isIPv4 } from "../addresses.ts";
import { interfaceName } from "../texts.ts";
import type { Imported } from "./imported.ts";
import { changed, left, taken } from "./outcome.ts";
import { textOf } from "./readings.ts";
import { forStack, type Rule } from "./rules.ts";
import * as stack from "./stackrules.ts";

/** Names that people give to the virtual IP of the API servers in inventories of their own. */
const vips = [
  ...["vip", "api_vip", "apiserver_vip", "k8s_api_vip", "K8S_API_VIP", "control_plane_vip", "cluster_vip"],
  ...["keepalived_vip", "keepalived_virtual_ip", "virtual_ip", "lb_vip", "kube_vip_address", "kube_vip_ip"],
];

/** Variables that many inventories of one's own have, for clusters by kubeadm, k3s or rke2. */
export const homegrownRules: readonly Rule[] = [
  forStack(vips, (value) => {
    const vip = textOf(value)?.split("/")[0];
    if (vip === undefined || !isIPv4(vip)) return left("is no IPv4 address");
    return taken("plinth:vip", { vip });
  }),
  forStack(["cluster_name", "k8s_cluster_name"], stack.clusterNameOutcome),
  forStack(
    ["container_runtime", "container_manager"],
    stack.onlyOne("containerd", "Nodes run containers by containerd"),
  ),
  forStack(
    ["apiserver_endpoint", "control_plane_endpoint", "k8s_endpoint", "load_balancer_ip", "lb_ip", "lb_address"],
    (value, { isSet }) => {
      if (vips.some(isSet)) return left("clients reach the API servers by plinth:vip; its name may be plinth:vipName");
      const place = textOf(value)?.replace(/:6443$/, "");
      if (place === undefined) return left("is empty");
      return changed(
        "plinth:externalEndpoint",
        "where it is a virtual IP of the cluster itself, set plinth:vip in its place",
        {
          externalEndpoint: place,
        },
      );
    },
  ),
  forStack(
    [
      ...["pod_network_cidr", "pod_cidr", "pod_subnet", "pod_network", "k8s_pod_network_cidr", "cluster_cidr"],
      ...["kubernetes_pod_network_cidr", "k8s_pod_cidr", "k3s_cluster_cidr"],
    ],
    (value) => stack.networkOutcome("podCidr", value),
  ),
  forStack(
    ["service_cidr", "service_subnet", "service_network_cidr", "k8s_service_cidr", "svc_cidr", "k3s_service_cidr"],
    (value) => stack.networkOutcome("serviceCidr", value),
  ),
  forStack(["cluster_domain", "dns_domain", "k8s_cluster_domain"], stack.domainOutcome),
  forStack(
    ["kubernetes_version", "k8s_version", "kube_version", "k3s_version", "rke2_version"],
    stack.kubernetesOutcome,
  ),
  forStack(["cni", "cni_plugin", "network_plugin", "k8s_cni", "pod_network_plugin"], stack.podNetworkOutcome),
  forStack(["kube_proxy_mode", "proxy_mode"], stack.proxyModeOutcome),
  forStack(
    ["apiserver_sans", "apiserver_cert_extra_sans", "cert_extra_sans", "tls_san", "tls_sans"],
    stack.sansOutcome,
  ),
  forStack(
    ["keepalived_interface", "vip_interface", "network_interface", "flannel_iface", "flannel_interface"],
    (value) => {
      const name = textOf(value) ?? "";
      return interfaceName.safeParse(name).success
        ? taken("plinth:interface", { interface: name })
        : left("is no name of a network interface");
    },
  ),
];

/** A virtual IP needs hosts that hold it: the control plane, where nobody else is a load balancer. */
export function placeBalancers(imported: Imported): void {
  if (imported.config["vip"] === undefined || imported.hosts.some(({ roles }) => roles.includes("load-balancer")))
    return;
  const planes = imported.hosts.filter(({ roles }) => roles.includes("control-plane"));
  for (const { roles } of planes) roles.push("load-balancer");
  imported.add({
    ...changed("role load-balancer", "no group has load balancers: the control-plane hosts hold the virtual IP"),
    what: "load balancers",
    where: "groups",
  });
}
