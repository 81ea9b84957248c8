import { apiserverUnit } from "../bundles/apiserver.ts";
import { etcdUnit } from "../bundles/etcd.ts";
import { flannelUnit } from "../bundles/flannel.ts";
import { kubeletUnit } from "../bundles/kubelet.ts";
import { kubeProxyUnit } from "../bundles/kubeproxy.ts";
import { haproxyUnit } from "../bundles/loadbalancer.ts";
import { servicePortAddress } from "../bundles/serviceports.ts";
import type { ClusterConfig } from "../config.ts";
import type { Listener } from "../facts.ts";
import type { Finding } from "../findings.ts";
import { isNode, type Host } from "../inventory.ts";
import { ports } from "../ports.ts";
import type { BundleName } from "../waves.ts";
import { guard, type HostRule } from "./rule.ts";

interface Need {
  protocol: Listener["protocol"];
  /** `*`: all of the host's. */
  address: string;
  port: number;
  what: string;
  /** The unit of ours that listens, and its bundle. */
  unit: string;
  bundle: BundleName;
}

const loopback = "127.0.0.1";
const anyAddress = ["0.0.0.0", "*", "::", "[::]"];

function needsOf(host: Host, config: ClusterConfig): Need[] {
  const wanted: Need[] = [];
  const want = (bundle: BundleName, unit: string, address: string, port: number, what?: string): void => {
    wanted.push({ protocol: "tcp", address, port, what: what ?? unit.replace(/\.service$/, ""), unit, bundle });
  };
  if (host.roles.includes("etcd")) {
    want("etcd", etcdUnit, host.address, ports.etcdClient);
    want("etcd", etcdUnit, host.address, ports.etcdPeer);
  }
  if (host.roles.includes("control-plane")) {
    want("controlplane", apiserverUnit, host.address, ports.apiserver);
    want("controlplane", "kube-controller-manager.service", loopback, ports.controllerManager);
    want("controlplane", "kube-scheduler.service", loopback, ports.scheduler);
  }
  if (host.roles.includes("load-balancer") && config.vip !== undefined) {
    want("loadbalancer", haproxyUnit, config.vip, ports.apiserver);
    want("loadbalancer", haproxyUnit, loopback, ports.haproxyHealth);
    for (const port of config.servicePorts) {
      const address = servicePortAddress(port, config);
      if (address !== undefined) want("loadbalancer", haproxyUnit, address, port.port, `service port ${port.name}`);
    }
  }
  if (isNode(host)) {
    want("node", kubeletUnit, host.address, ports.kubelet);
    want("node", kubeletUnit, loopback, ports.kubeletHealth);
    want("node", kubeProxyUnit, "*", ports.kubeProxyHealth);
    want("node", kubeProxyUnit, loopback, ports.kubeProxyMetrics);
    if (config.network === "flannel") {
      wanted.push({
        protocol: "udp",
        address: "*",
        port: ports.vxlan,
        what: "flannel",
        unit: flannelUnit,
        bundle: "node",
      });
    }
  }
  return wanted;
}

function whoIs({ command, pid, unit }: Listener): string {
  if (pid === "-") return "the kernel or a program that does not show";
  return `${command} (pid ${pid}${unit === "-" ? "" : `, unit ${unit}`})`;
}

/** Ports that services of ours need and somebody else has. */
export const portFindings: HostRule = (host, facts, config) => {
  const needs = needsOf(host, config);
  // Any unit of ours: HAProxy and the API server of one host share a port, on different addresses.
  const isOurs = (listener: Listener): boolean =>
    needs.some(
      ({ unit, bundle, protocol }) =>
        facts.bundles[bundle] !== undefined &&
        protocol === listener.protocol &&
        // The socket of a VXLAN device is the kernel's.
        (unit === listener.unit || (protocol === "udp" && listener.pid === "-")),
    );
  const taken = new Map<string, Finding>();
  for (const need of needs) {
    const blocks = (listener: Listener): boolean =>
      listener.protocol === need.protocol &&
      listener.port === need.port &&
      (need.address === "*" || listener.address === need.address || anyAddress.includes(listener.address)) &&
      !isOurs(listener);
    for (const listener of facts.listeners.filter(blocks)) {
      const port = need.protocol === "tcp" ? `port ${need.port}` : `UDP port ${need.port}`;
      const message = `${port}, which ${need.what} needs, is taken by ${whoIs(listener)} at ${listener.address}`;
      taken.set(message, guard("port-taken", [host.name], message, "stop that program or move it to another port"));
    }
  }
  return [...taken.values()];
};
