import type { BundleDirectory, BundleDownload, BundleFile, BundleSecret } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import { endpointOf } from "../endpoint.ts";
import type { Host } from "../inventory.ts";
import { rosterCertificate, rosterCredentials, rosterKubeconfigs } from "../rosteraccess.ts";
import { rosterScript, rosterScriptDirectory, rosterScriptPath, rosterSteps } from "../scripts.ts";
import { kubernetesAuthorityFile } from "./apiserver.ts";
import { leafFiles } from "./certificates.ts";
import { scriptFile } from "./scriptfiles.ts";

/**
 * The roster's scripts, as files of the control-plane hosts: were they part of the commands, every change of a script
 * would drain every Node.
 */
export function rosterScripts(): BundleDownload[] {
  return rosterSteps.map((step) => scriptFile(rosterScriptPath(step), rosterScript(step)));
}

export const rosterDirectories: readonly BundleDirectory[] = [
  { path: rosterScriptDirectory, mode: "0755", owner: "root:root" },
  { path: rosterCredentials, mode: "0700", owner: "root:root" },
];

/** How the roster's steps reach the API. Nothing is restarted for them: each step reads them anew. */
export function rosterFiles(host: Host, hosts: readonly Host[], config: ClusterConfig): BundleFile[] {
  const settings = {
    cluster: config.clusterName,
    endpoint: endpointOf(hosts, config),
    authorityFile: kubernetesAuthorityFile,
  };
  return rosterKubeconfigs(host, settings).map((file) => ({ ...file, mode: "0600", owner: "root:root" }));
}

/** The certificate that the roster's steps show. */
export function rosterSecrets(): BundleSecret[] {
  return leafFiles({ leaf: "roster", path: rosterCertificate, owner: "root:root" });
}
