import type { BundleDownload, BundleFile, LeafSpec } from "../bundle.ts";
import { endpointOf } from "../endpoint.ts";
import type { Host } from "../inventory.ts";
import { rosterCertificate, rosterCredentials, rosterGroup, rosterKubeconfigs, rosterUser } from "../rosteraccess.ts";
import { rosterScript, rosterScriptDirectory, rosterScriptPath, rosterSteps } from "../scripts.ts";
import { kubernetesAuthorityFile } from "./apiserver.ts";
import { leafFiles } from "./certificates.ts";
import type { BundlePart, Placement } from "./part.ts";
import { scriptFile } from "./scriptfiles.ts";

/**
 * The roster's scripts, as files of the control-plane hosts: were they part of the commands, every change of a script
 * would drain every Node.
 */
function rosterScripts(): BundleDownload[] {
  return rosterSteps.map((step) => scriptFile(rosterScriptPath(step), rosterScript(step)));
}

/** How the roster's steps reach the API. Nothing is restarted for them: each step reads them anew. */
function kubeconfigs({ host, hosts, config }: Placement): BundleFile[] {
  const settings = {
    cluster: config.clusterName,
    endpoint: endpointOf(hosts, config),
    authorityFile: kubernetesAuthorityFile,
  };
  return rosterKubeconfigs(host, settings).map((file) => ({ ...file, mode: "0600", owner: "root:root" }));
}

/** The certificate that the roster's steps show. */
function leafOf(host: Host): LeafSpec {
  return {
    name: "roster",
    authority: "kubernetes",
    commonName: rosterUser(host.name),
    organization: rosterGroup,
    dnsNames: [],
    ipAddresses: [],
    uses: ["client_auth"],
  };
}

/** What the roster's steps run, and with whose rights, on a control-plane host. */
export const rosterScriptsPart: BundlePart = {
  name: "roster-scripts",
  directories: [
    { path: rosterScriptDirectory, mode: "0755", owner: "root:root" },
    { path: rosterCredentials, mode: "0700", owner: "root:root" },
  ],
  plan: (placement) => ({
    binaries: [{ name: "kubectl", version: placement.config.kubernetesVersion }],
    downloads: rosterScripts(),
    files: kubeconfigs(placement),
    secrets: leafFiles({ leaf: leafOf(placement.host), path: rosterCertificate, owner: "root:root" }),
  }),
};
