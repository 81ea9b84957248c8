import type { BundleFile } from "../bundle.ts";
import { isNode } from "../inventory.ts";
import { paths } from "../names.ts";
import { unitScript } from "../scripts.ts";
import { bridgeInterface, makesCniConfig } from "./cni.ts";
import { vxlanInterface } from "./flannel.ts";
import type { BundlePart } from "./part.ts";
import { scriptFile } from "./scriptfiles.ts";
import { renderUnit, unitFile } from "./systemd.ts";

const unit = "plinth-network-managers.service";
const script = `${paths.scripts}/network-managers`;
/** Interfaces of pods on the host: the bridge, flannel's, and the host's end of each pod's link, as the bridge plugin names it. */
const interfaces = [bridgeInterface, vxlanInterface, "veth*"];

/**
 * A section of its own adds to what others leave alone, where a second `unmanaged-devices` would replace the first
 * (NetworkManager.conf(5), `managed`).
 */
const networkManager = `[device-plinth]
match-device=${interfaces.map((name) => `interface-name:${name}`).join(",")}
managed=0
`;

/** Of several files networkd follows the first that matches, in the order of their names: often `Name=*` of the host's own. */
const networkdLinks = `[Match]
Name=${interfaces.join(" ")}

[Link]
Unmanaged=yes
`;

/** flannel's routes to other hosts lie on the host's own link, which networkd manages (networkd.conf(5)). */
const networkdRoutes = `[Network]
ManageForeignRoutes=no
ManageForeignRoutingPolicyRules=no
`;

const service = renderUnit({
  unit: {
    Description: "Interfaces of pods are not managed: starting this makes NetworkManager and networkd read that",
    After: "NetworkManager.service systemd-networkd.service",
    Before: "containerd.service flanneld.service",
  },
  service: { Type: "oneshot", RemainAfterExit: "yes", ExecStart: script, TimeoutStartSec: "60" },
});

function file(path: string, content: string): BundleFile {
  return { path, mode: "0644", owner: "root:root", restart: [unit], content };
}

/**
 * That what manages the host's network leaves alone the interfaces and routes of pods. networkd.conf counts when networkd
 * starts, which is when it would take routes away.
 */
export const networkManagers: BundlePart = {
  name: "network-managers",
  appliesTo: (host, config) => isNode(host) && makesCniConfig(config),
  plan: () => ({
    downloads: [scriptFile(script, unitScript("network-managers"), { restart: [unit] })],
    files: [
      file("/etc/NetworkManager/conf.d/90-plinth.conf", networkManager),
      file("/etc/systemd/network/00-plinth.network", networkdLinks),
      file("/etc/systemd/networkd.conf.d/90-plinth.conf", networkdRoutes),
      unitFile(unit, service, "0644"),
    ],
    units: [unit],
  }),
};
