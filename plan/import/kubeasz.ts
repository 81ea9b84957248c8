import { isIPv4 } from "../addresses.ts";
import type { Imported } from "./imported.ts";
import { changed, left, taken } from "./outcome.ts";
import { isTrue, numberOf, textOf } from "./readings.ts";
import { insecureOutcome } from "./registries.ts";
import { forNodes, forStack, type Rule } from "./rules.ts";
import * as stack from "./stackrules.ts";
import type { Value } from "./values.ts";

/** Places that kubeasz fills in when it makes a cluster: nobody has decided on them. */
const isPlaceholder = (value: Value): boolean => /^__\w+__$/.test(textOf(value) ?? "");

/** Variables of kubeasz, of its hosts file and of config.yml, that have a counterpart. */
export const kubeaszRules: readonly Rule[] = [
  forStack(["CLUSTER_CIDR"], (value) => stack.networkOutcome("podCidr", value)),
  forStack(["SERVICE_CIDR"], (value) => stack.networkOutcome("serviceCidr", value)),
  forStack(["CLUSTER_DNS_DOMAIN"], stack.domainOutcome),
  forStack(["CLUSTER_NETWORK"], stack.podNetworkOutcome),
  forStack(["PROXY_MODE"], stack.proxyModeOutcome),
  forStack(["NODE_PORT_RANGE"], stack.nodePortsOutcome),
  forStack(["NODE_CIDR_LEN"], stack.nodePrefixOutcome),
  forStack(["CONTAINER_RUNTIME"], stack.onlyOne("containerd", "Nodes run containers by containerd")),
  forStack(["SECURE_PORT"], stack.apiPortOutcome),
  forStack(["K8S_VER"], (value) =>
    isPlaceholder(value) ? taken("nothing: it was never filled in") : stack.kubernetesOutcome(value),
  ),
  forStack(["CLUSTER_NAME"], stack.clusterNameOutcome),
  forStack(["MASTER_CERT_HOSTS"], stack.sansOutcome),
  forStack(["INSECURE_REG"], insecureOutcome),
  forStack(
    ["SANDBOX_IMAGE"],
    stack.leftFor(
      "is an image of a registry that kubeasz sets up: Plinth's default is the official one (plinth:sandboxImage)",
    ),
  ),
  forStack(["ETCD_DATA_DIR"], (value) => stack.directoryOutcome("etcd", value)),
  forStack(["ETCD_WAL_DIR"], (value) =>
    textOf(value) === undefined
      ? taken("nothing: it is empty")
      : left("a member has its log beside its data: put plinth:directories.etcd on the faster disk"),
  ),
  forStack(["CONTAINERD_ROOT_DIR"], (value) => stack.directoryOutcome("containerd", value)),
  forStack(["KUBELET_ROOT_DIR"], (value) => stack.directoryOutcome("kubelet", value)),
  forNodes(["MAX_PODS"], (value) =>
    numberOf(value) === 110
      ? taken("nothing: Plinth has the same")
      : taken("plinth:kubeletConfig.maxPods", { kubeletConfig: { maxPods: numberOf(value) } }),
  ),
  forStack(["KUBE_RESERVED_ENABLED", "SYS_RESERVED_ENABLED"], (value) =>
    isTrue(value)
      ? taken("nothing: every Node keeps something free (plinth:kubeletConfig.kubeReserved, systemReserved)")
      : changed("nothing", "every Node keeps something free (plinth:kubeletConfig.kubeReserved, systemReserved)"),
  ),
  forStack(["ENABLE_CLUSTER_AUDIT", "metricsserver_install", "dns_install"], (value) =>
    isTrue(value) ? taken("nothing: every cluster has it") : changed("nothing", "every cluster has it"),
  ),
  forStack(
    ["FLANNEL_BACKEND"],
    stack.onlyOne("vxlan", "flannel works by VXLAN, and by plain routes where hosts share a subnet"),
  ),
  forStack(["DIRECT_ROUTING"], (value) =>
    isTrue(value)
      ? taken("nothing: it is what Plinth does")
      : changed("nothing", "hosts of one subnet have plain routes to each other's pods"),
  ),
  forStack(["ENABLE_SETTING_HOSTNAME"], (value) =>
    isTrue(value)
      ? left("names of machines stay as they are, Nodes are called like their hosts (docs/ansible.md, hostname)")
      : taken("nothing: names of machines stay as they are"),
  ),
  forStack(
    ["CA_EXPIRY"],
    stack.leftFor("authorities live for plinth:authorityDays, ten years by default, and can be replaced in time"),
  ),
  forStack(
    ["CERT_EXPIRY"],
    stack.leftFor("leaves live for plinth:certificateDays, a year by default, and `up` renews them in time"),
  ),
];

/** The virtual IP of the hosts in ex_lb, which keepalived and HAProxy hold there as Plinth's load balancers do. */
export function takeExternalBalancer(imported: Imported): void {
  imported.seenReadable("EX_APISERVER_VIP", "EX_APISERVER_PORT", "LB_ROLE", "K8S_NODENAME");
  const { valueOf } = imported;
  const vip = textOf(valueOf("EX_APISERVER_VIP"));
  if (vip === undefined) return;
  const add = (what: string, outcome: ReturnType<typeof taken>): void => {
    imported.add({ ...outcome, what, where: imported.placesOf(what) });
  };
  if (!isIPv4(vip)) {
    add("EX_APISERVER_VIP", left("is no IPv4 address"));
    return;
  }
  imported.configure({ vip });
  add("EX_APISERVER_VIP", taken("plinth:vip"));
  const port = numberOf(valueOf("EX_APISERVER_PORT"));
  if (port !== undefined && port !== 6443)
    add(
      "EX_APISERVER_PORT",
      changed("nothing", "clients reach the VIP at port 6443: kubeconfigs with another port are made anew"),
    );
  if (valueOf("LB_ROLE") !== undefined)
    add("LB_ROLE", changed("nothing", "load balancers are equal: VRRP decides who holds the VIP"));
}
