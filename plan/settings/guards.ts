import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";
import { isSelected } from "./layers.ts";

/** A selector as people read it, `disk=nvme, zone=a`. */
export function selectorText(selector: Readonly<Record<string, string>>): string {
  return Object.entries(selector)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
}

/** Groups that no host is in: mostly a label is misspelt. */
export function emptyGroupFindings(hosts: readonly Host[], config: ClusterConfig): Finding[] {
  return config.groups.flatMap((group, index): Finding[] =>
    hosts.some((host) => isSelected(host, group))
      ? []
      : [
          {
            rule: "empty-group",
            kind: "guard",
            hosts: [],
            message: `plinth:groups.${index} (${selectorText(group.selector)}) has no host`,
            remedy: "correct its selector or the labels of hosts, or set this aside where hosts are to come",
          },
        ],
  );
}
