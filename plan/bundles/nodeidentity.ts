import { endpointFor } from "../endpoint.ts";
import { renderKubeconfig } from "./kubeconfig.ts";
import { nodeAuthorityFile } from "./kubelet.ts";
import { nodeCredentials } from "./nodecredentials.ts";
import type { Placement } from "./part.ts";

/**
 * Kubeconfig of a service that acts as the host's Node: what it may do to Nodes is limited to its own, by the admission plugin
 * NodeRestriction as for the kubelet.
 */
export function renderNodeKubeconfig({ host, hosts, config }: Placement): string {
  return renderKubeconfig({
    cluster: config.clusterName,
    user: `system:node:${host.name}`,
    server: endpointFor(host, hosts, config),
    authority: { file: nodeAuthorityFile },
    certificate: { file: nodeCredentials },
    key: { file: nodeCredentials },
  });
}

/** The command of such a service: there is nothing to be done before the kubelet has its certificate. */
export function asNode(command: string): string {
  return [`/bin/sh -c 'until test -s ${nodeCredentials}; do sleep 0.2; done; exec "$$0" "$$@"'`, command].join(
    " \\\n  ",
  );
}
