import type { Block } from "../../block.ts";
import { networkd } from "./networkd.ts";
import { networkManager } from "./networkmanager.ts";
import { check, type NetworkSettings } from "./settings.ts";

export type { NetworkRoute, NetworkSettings } from "./settings.ts";

/**
 * What a network interface has, by the host's own manager of networks, which runs from then on. Whatever else sets the interface must have let
 * go of it: `ifupdown` by /etc/network/interfaces, where it is refused, and cloud-init or netplan, whose files come later than this one. It may
 * cut the host off, so its role needs `confirm`.
 *
 * Drift: another file, or the manager does not run. Removal: the file goes, and the manager goes by what there is then; where that is nothing,
 * the interface keeps its addresses until the host boots.
 */
export function network(name: string, settings: NetworkSettings): Block {
  const all = check(name, settings);
  return { cutsOff: `the network of ${name}`, ...(all.manager === "networkd" ? networkd(all) : networkManager(all)) };
}
