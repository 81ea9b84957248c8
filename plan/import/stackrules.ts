import { parseNetwork } from "../addresses.ts";
import { configSchema } from "../config.ts";
import { kubernetesMinors } from "../together.ts";
import { changed, counted, left, taken, type Outcome } from "./outcome.ts";
import { certifiedNames, numberOf, textOf, textsOf, versionOf } from "./readings.ts";
import type { Value } from "./values.ts";

/** What several tools have in one form or another, as an outcome for a stack's configuration. */

/** What Plinth has where nothing is said. */
const defaults = configSchema.parse({ clusterName: "a", nodeSubnet: "192.0.2.0/24", artifactsUrl: "http://192.0.2.1" });

/** A network of the cluster. A canonical one is wanted: 10.233.64.0/18, not 10.233.64.1/18. */
export function networkOutcome(key: "podCidr" | "serviceCidr", value: Value): Outcome {
  const [first = "", ...more] = textsOf(value);
  const networks = [first, ...more].filter((text) => parseNetwork(text) !== undefined);
  const [network] = networks;
  if (network === undefined) return left("is no canonical IPv4 network such as 10.0.0.0/16");
  if (more.length === 0) return taken(`plinth:${key}`, { [key]: network });
  return changed(`plinth:${key}`, "the cluster has IPv4 only", { [key]: network });
}

/** What clusters run for their users, for a sentence with `is` in front. */
export const noPart = "no part of Plinth: install it after `up`, by Helm or as you do with other applications";

/** Port of the API servers, and of the virtual IP in front of them. */
const apiPort = 6443;

export const apiPortOutcome = (value: Value): Outcome =>
  numberOf(value) === apiPort
    ? taken("nothing: it is Plinth's port")
    : changed("nothing", `API servers and the VIP have port ${apiPort}; a load balancer of your own may have another`);

/** `plinth:externalEndpoint` of a name or an address, and the port where it is another one. */
export const endpointAt = (place: string, port: number | undefined): string =>
  port === undefined || port === apiPort ? place : `${place}:${port}`;

export function clusterNameOutcome(value: Value): Outcome {
  const name = textOf(value) ?? "";
  if (configSchema.shape.clusterName.safeParse(name).success) return taken("plinth:clusterName", { clusterName: name });
  return left("is no DNS-1123 label of at most 40 characters");
}

export function domainOutcome(value: Value): Outcome {
  const text = textOf(value);
  if (text === undefined) return left("is no DNS domain");
  return taken("plinth:clusterDomain", text === defaults.clusterDomain ? {} : { clusterDomain: text });
}

/** A version of Kubernetes: taken where Plinth writes files for it. */
export function kubernetesOutcome(value: Value): Outcome {
  const version = versionOf(value);
  if (version === undefined) return left("is no version such as 1.36.3");
  const minor = Number(version.split(".")[1]);
  const { oldest, newest } = kubernetesMinors;
  const own = defaults.kubernetesVersion;
  if (version === own) return taken("nothing: Plinth's default is the same");
  if (minor < oldest || minor > newest)
    return changed("nothing", `the new cluster starts with ${own}: Plinth knows 1.${oldest} to 1.${newest}`);
  return changed(
    "plinth:kubernetesVersion",
    `digests of ${version} may have to be locked first, by \`./plinth artifacts --update\`; the default is ${own}`,
    { kubernetesVersion: version },
  );
}

/** flannel is Plinth's own; any other pod network is somebody else's. */
export function podNetworkOutcome(value: Value): Outcome {
  const name = textOf(value) ?? "";
  if (name === "flannel") return taken("plinth:network", { network: "flannel" });
  return changed(
    "plinth:network",
    `install ${name === "" || name === "cni" ? "your network" : name} yourself after \`up\`, for example by Helm: Nodes are ready once it is there`,
    {
      network: "none",
    },
  );
}

export function proxyModeOutcome(value: Value): Outcome {
  const mode = textOf(value)?.toLowerCase() ?? "";
  if (mode === "nftables") return taken("nothing: Plinth's default is the same");
  if (mode !== "iptables" && mode !== "ipvs") return left("is neither nftables nor iptables nor ipvs");
  return taken("plinth:kubeProxyConfig.mode", { kubeProxyConfig: { mode } });
}

/** Names and addresses for certificates of the API servers. */
export function sansOutcome(value: Value): Outcome {
  const { good, bad } = certifiedNames(value);
  if (good.length + bad.length === 0) return taken("nothing: there are none");
  if (good.length === 0) return left("has no IPv4 address and no DNS name");
  const config = { apiserverSans: good };
  return bad.length === 0
    ? taken("plinth:apiserverSans", config)
    : changed(
        "plinth:apiserverSans",
        `left out: ${counted(bad.length, "name", "names")} that certificates do not hold, which have IPv4 addresses and DNS names`,
        config,
      );
}

export function nodePortsOutcome(value: Value): Outcome {
  const range = textOf(value) ?? "";
  if (!/^\d+-\d+$/.test(range)) return left("is no range such as 30000-32767");
  if (range === "30000-32767") return taken("nothing: Kubernetes' default is the same");
  return taken("plinth:apiserverArgs.service-node-port-range", { apiserverArgs: { "service-node-port-range": range } });
}

export function nodePrefixOutcome(value: Value): Outcome {
  const prefix = numberOf(value);
  if (prefix === undefined) return left("is no prefix such as 24");
  if (prefix === 24) return taken("nothing: Kubernetes' default is the same");
  const config = { controllerManagerArgs: { "node-cidr-mask-size": String(prefix) } };
  return taken("plinth:controllerManagerArgs.node-cidr-mask-size", config);
}

/** Where data is that grows. */
export function directoryOutcome(name: "etcd" | "containerd" | "kubelet", value: Value): Outcome {
  const path = textOf(value) ?? "";
  if (path === `/var/lib/${name}`) return taken("nothing: Plinth's default is the same");
  if (!path.startsWith("/")) return left("is no absolute path");
  return taken(`plinth:directories.${name}`, { directories: { [name]: path } });
}

/** A runtime or a way to run something, of which Plinth has one. */
export const onlyOne =
  (wanted: string, what: string) =>
  (value: Value): Outcome =>
    textOf(value) === wanted ? taken("nothing: it is what Plinth does") : changed("nothing", what);

export const leftFor = (why: string) => (): Outcome => left(why);
