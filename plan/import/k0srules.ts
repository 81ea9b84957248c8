import { isIPv4 } from "../addresses.ts";
import type { Imported } from "./imported.ts";
import { serverName } from "../texts.ts";
import { changed, counted, left, taken, type Outcome } from "./outcome.ts";
import { isTrue, listOf, mapOf, numberOf, textMapOf, textOf, versionOf } from "./readings.ts";
import * as stack from "./stackrules.ts";
import { isMap, type Value } from "./values.ts";

type Add = (what: string, outcome: Outcome) => void;

/** What k0s has where its configuration says nothing, as far as Plinth's own defaults are others. */
const defaults = { serviceCidr: "10.96.0.0/12" } as const;

/** `spec.k0s` of k0sctl: the version, and k0s' own ClusterConfig. */
export function k0sRules(k0s: Record<string, Value>, imported: Imported, add: Add): void {
  const apply = (what: string, value: Value | undefined, take: (value: Value) => Outcome): void => {
    if (value === undefined || value === null) return;
    const outcome = take(value);
    imported.configure(outcome.config);
    add(what, outcome);
  };
  apply("spec.k0s.version", k0s["version"], (value) => stack.kubernetesOutcome(versionOf(value) ?? value));
  const spec = mapOf(mapOf(k0s["config"])["spec"]);
  const config = "spec.k0s.config.spec";
  const network = mapOf(spec["network"]);
  apply(`${config}.network.podCIDR`, network["podCIDR"], (value) => stack.networkOutcome("podCidr", value));
  apply(`${config}.network.serviceCIDR`, network["serviceCIDR"], (value) => stack.networkOutcome("serviceCidr", value));
  if (network["serviceCIDR"] === undefined)
    apply("default of k0s: serviceCIDR", defaults.serviceCidr, (value) => stack.networkOutcome("serviceCidr", value));
  apply(`${config}.network.clusterDomain`, network["clusterDomain"], stack.domainOutcome);
  apply(`${config}.network.provider`, network["provider"], stack.podNetworkOutcome);
  apply(`${config}.network.kubeProxy.mode`, mapOf(network["kubeProxy"])["mode"], stack.proxyModeOutcome);
  if (isTrue(mapOf(network["kubeProxy"])["disabled"]))
    add(`${config}.network.kubeProxy.disabled`, left("every Node has kube-proxy"));
  if (network["provider"] === undefined)
    imported.checks.push(
      "the file names no pod network: k0s' default is kube-router, and Plinth's is flannel (plinth:network)",
    );
  for (const field of ["dualStack", "calico", "kuberouter"])
    apply(`${config}.network.${field}`, network[field], () =>
      left(field === "dualStack" ? "the cluster has IPv4 only" : "goes into your own installation of that network"),
    );
  const api = mapOf(spec["api"]);
  apply(`${config}.api.sans`, api["sans"], stack.sansOutcome);
  apply(`${config}.api.extraArgs`, api["extraArgs"], (value) =>
    taken("plinth:apiserverArgs", { apiserverArgs: textMapOf(value) }),
  );
  for (const [field, key] of [
    ["controllerManager", "controllerManagerArgs"],
    ["scheduler", "schedulerArgs"],
  ] as const)
    apply(`${config}.${field}.extraArgs`, mapOf(spec[field])["extraArgs"], (value) =>
      taken(`plinth:${key}`, { [key]: textMapOf(value) }),
    );
  takeEndpoint(network, api, { imported, add, config });
  const storage = mapOf(spec["storage"]);
  apply(`${config}.storage.type`, storage["type"], stack.onlyOne("etcd", "the cluster's data is in etcd"));
  apply(`${config}.storage.etcd.extraArgs`, mapOf(storage["etcd"])["extraArgs"], (value) =>
    taken("plinth:etcdArgs", { etcdArgs: textMapOf(value) }),
  );
  for (const [field, why] of Object.entries(others)) apply(`${config}.${field}`, spec[field], () => left(why));
}

/** Parts of k0s' configuration without a counterpart, and why. */
const others: Readonly<Record<string, string>> = {
  extensions: `what charts bring is ${stack.noPart}`,
  images:
    "images of the cluster's own pods are plinth:corednsImage, metricsServerImage and sandboxImage, registries are plinth:registries",
  workerProfiles: "settings of some kubelets are plinth:groups, or settings of a host (docs/settings.md)",
  konnectivity: "API servers reach kubelets directly",
  telemetry: "Plinth tells nobody anything",
  installConfig: "services have users of their own, made by Plinth",
  featureGates: "feature gates go into plinth:apiserverArgs, controllerManagerArgs, schedulerArgs and kubeletConfig",
  podSecurityPolicy: "Pod Security Admission is in plinth:protections (docs/apiserver.md)",
};

interface Sink {
  imported: Imported;
  add: Add;
  config: string;
}

/** How clients reach the API servers: k0s' own keepalived, or a load balancer that is somebody else's. */
function takeEndpoint(
  network: Record<string, Value>,
  api: Record<string, Value>,
  { imported, add, config }: Sink,
): void {
  const balancing = mapOf(network["controlPlaneLoadBalancing"]);
  const [instance] = listOf(mapOf(balancing["keepalived"])["vrrpInstances"]).map(mapOf);
  const [first, ...more] = listOf(instance?.["virtualIPs"]).flatMap((one) => textOf(one) ?? []);
  const vip = first?.split("/")[0];
  const what = `${config}.network.controlPlaneLoadBalancing`;
  if (vip !== undefined && isIPv4(vip) && isTrue(balancing["enabled"])) {
    const router = numberOf(instance?.["virtualRouterID"]);
    imported.configure({ vip, ...(router === undefined ? {} : { virtualRouterId: String(router) }) });
    for (const { roles } of imported.hosts) if (roles.includes("control-plane")) roles.push("load-balancer");
    const lost =
      more.length === 0 ? "" : `; left out: ${counted(more.length, "further virtual IP", "further virtual IPs")}`;
    add(
      what,
      changed(
        "plinth:vip",
        `keepalived holds it in front of HAProxy on the control-plane hosts, without a password, which VRRP sends in clear${lost}`,
      ),
    );
  } else if (isMap(network["controlPlaneLoadBalancing"])) add(what, left("has no virtual IP of IPv4 that is on"));
  if (isMap(network["nodeLocalLoadBalancing"]))
    add(
      `${config}.network.nodeLocalLoadBalancing`,
      changed("nothing", "Nodes reach the API servers by plinth:vip or plinth:externalEndpoint"),
    );
  const address = textOf(api["externalAddress"]);
  if (address === undefined) return;
  if (imported.config["vip"] === address) add(`${config}.api.externalAddress`, taken("plinth:vip"));
  else if (imported.config["vip"] !== undefined) {
    const isName = serverName.safeParse(address).success;
    imported.configure(isName ? { vipName: address } : { apiserverSans: [address] });
    add(
      `${config}.api.externalAddress`,
      isName ? taken("plinth:vipName") : changed("plinth:apiserverSans", "clients reach the API servers by plinth:vip"),
    );
  } else {
    imported.configure({ externalEndpoint: stack.endpointAt(address, numberOf(api["port"])) });
    add(`${config}.api.externalAddress`, taken("plinth:externalEndpoint"));
  }
}
