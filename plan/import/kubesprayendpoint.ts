import { isIPv4 } from "../addresses.ts";
import type { Imported } from "./imported.ts";
import { changed, taken, type Outcome } from "./outcome.ts";
import { isTrue, mapOf, numberOf, textOf } from "./readings.ts";
import { endpointAt } from "./stackrules.ts";

/** What Kubespray has where its inventory says nothing, as far as Plinth's own defaults are others. */
const defaults = { podCidr: "10.233.64.0/18", serviceCidr: "10.233.0.0/18" } as const;

/** Variables that say together how clients reach the API servers. */
export const endpointVariables = [
  ...["loadbalancer_apiserver", "apiserver_loadbalancer_domain_name", "kube_vip_enabled", "kube_vip_address"],
  ...["kube_vip_controlplane_enabled", "kube_vip_interface", "loadbalancer_apiserver_port"],
] as const;

/** How clients reach the API servers: by a VIP that kube-vip has held, or by a load balancer that is somebody else's. */
export function takeEndpoint(imported: Imported): void {
  const { valueOf } = imported;
  const balancer = mapOf(valueOf("loadbalancer_apiserver"));
  const [address, port] = [textOf(balancer["address"]), numberOf(balancer["port"])];
  const domain = textOf(valueOf("apiserver_loadbalancer_domain_name"));
  const vip = textOf(valueOf("kube_vip_address"));
  const add = (what: string, outcome: Outcome): void => {
    imported.configure(outcome.config);
    imported.add({ ...outcome, what, where: imported.placesOf(what) });
  };
  imported.seenReadable(...endpointVariables);
  if (isTrue(valueOf("kube_vip_enabled")) && vip !== undefined && isIPv4(vip)) {
    add(
      "kube_vip_address",
      changed(
        "plinth:vip",
        "keepalived holds it on the control-plane hosts, in front of HAProxy, in place of kube-vip",
        { vip },
      ),
    );
    if (domain !== undefined && domain !== "localhost" && !isIPv4(domain))
      add("apiserver_loadbalancer_domain_name", taken("plinth:vipName", { vipName: domain }));
    return;
  }
  const place = address ?? domain;
  if (place === undefined || place === "localhost") return;
  const externalEndpoint = endpointAt(place, port);
  add(
    address === undefined ? "apiserver_loadbalancer_domain_name" : "loadbalancer_apiserver",
    taken("plinth:externalEndpoint", { externalEndpoint }),
  );
  if (address !== undefined && domain !== undefined)
    add(
      "apiserver_loadbalancer_domain_name",
      changed("plinth:apiserverSans", "certificates are good for it, and Nodes go by the address", {
        apiserverSans: [domain],
      }),
    );
}

/** What Kubespray would have had where its inventory says nothing. */
export function takeDefaults(imported: Imported): void {
  for (const [key, value] of Object.entries(defaults)) {
    if (imported.config[key] !== undefined) continue;
    imported.configure({ [key]: value });
    imported.add({
      ...taken(`plinth:${key}`),
      what: key === "podCidr" ? "kube_pods_subnet" : "kube_service_addresses",
      where: "default of Kubespray",
    });
  }
  if (imported.config["network"] === undefined)
    imported.checks.push(
      "the inventory names no pod network: Kubespray's default is Calico, and Plinth's is flannel (plinth:network)",
    );
}
