import type { ClusterConfig } from "../config.ts";
import { vxlanOverhead } from "../mtu.ts";

/** containerd makes the CNI configuration of a Node from this once the kubelet has told it the Node's pod network. */
export const cniTemplatePath = "/etc/containerd/cni.template";
/** The bridge that all pods of a Node are on. */
export const bridgeInterface = "cni0";
export const cniConfigDirectory = "/etc/cni/net.d";

/** What containerd makes of the template. */
export const cniConfigPath = `${cniConfigDirectory}/10-containerd-net.conflist`;

/**
 * Largest packet of pods, bytes. The one for VXLAN on all Nodes, also where flannel routes directly: a pod does not know
 * which way its peer is, and two sizes on one path would cost fragments.
 *
 * @param linkMtu see `linkMtuOf`.
 */
export function podMtu(linkMtu: number): number {
  return linkMtu - vxlanOverhead;
}

/**
 * The template of the CNI configuration for flannel: a bridge, and addresses from the Node's own part of the pod network.
 *
 * - `ipMasq` is off: flannel masquerades what leaves the pod network, and nothing else.
 * - `forceAddress`: a Node that got another pod network gives its bridge the new address.
 * - `dataDir` is in memory: after a power cut no pod is left, and addresses that are still taken on disk would be lost.
 *
 * @param linkMtu see `linkMtuOf`.
 */
export function renderCniTemplate(linkMtu: number): string {
  return `{
  "cniVersion": "1.0.0",
  "name": "plinth",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "${bridgeInterface}",
      "isGateway": true,
      "forceAddress": true,
      "hairpinMode": true,
      "ipMasq": false,
      "mtu": ${podMtu(linkMtu)},
      "ipam": {
        "type": "host-local",
        "dataDir": "/run/ipam-state",
        "ranges": [{{range $i, $range := .PodCIDRRanges}}{{if $i}}, {{end}}[{"subnet": "{{$range}}"}]{{end}}],
        "routes": [{{range $i, $route := .Routes}}{{if $i}}, {{end}}{"dst": "{{$route}}"}{{end}}]
      }
    },
    {
      "type": "portmap",
      "backend": "nftables",
      "capabilities": {"portMappings": true}
    }
  ]
}
`;
}

/** Whether containerd makes the CNI configuration; a network of one's own brings it along. */
export function makesCniConfig(config: ClusterConfig): boolean {
  return config.network === "flannel";
}
