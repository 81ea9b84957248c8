import { errorText } from "../provider/errors.ts";
import type { ConfiguredProvider, ProviderDefinition } from "../provider/types.ts";
import type { PropertyMap } from "../provider/values.ts";
import { Cluster } from "./cluster.ts";
import { checkConfig, diffConfig, readOptions } from "./config.ts";
import { isPatch, parseToken } from "./kinds.ts";
import { type Access, loadAccess } from "../../kube/kubeconfig.ts";
import { KubeResource } from "./resource.ts";

/** The part of @pulumi/kubernetes that Plinth serves by itself: every kind of object, without Helm and Kustomize. */
export const kubernetesProvider: ProviderDefinition = {
  name: "kubernetes",
  version: "4.34.2",
  acceptSecrets: true,
  resources: {},
  configurable: { checkConfig, diffConfig, configure },
};

/** Components and releases that have the shape of a kind but are none. */
const NO_KINDS = new Set(["helm.sh", "kustomize", "yaml"]);

function configure(config: PropertyMap): ConfiguredProvider {
  const options = readOptions(config);
  let access: Access | undefined;
  let problem = "";
  try {
    access = loadAccess(options.kubeconfig, options.choice);
  } catch (error) {
    problem = errorText(error);
  }
  const cluster = new Cluster(access ?? problem);
  return {
    resource: (token) => {
      const type = parseToken(token);
      return type === undefined || NO_KINDS.has(type.group) || isPatch(type)
        ? undefined
        : new KubeResource(type, cluster, options, access?.namespace ?? "");
    },
    close: () => {
      cluster.close();
    },
  };
}
