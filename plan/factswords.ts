import { isMachine, type Host } from "./inventory.ts";
import { reader } from "./names.ts";
import { movedDirectories } from "./settings/directories.ts";

/**
 * What the look at a host before a change is told (scripts/look/base.sh): that the host carries roles alone, so that what only the cluster's
 * hosts are judged by is left out; or directories besides the usual ones that are to hold data.
 *
 * @param config that of this host.
 */
export function factsWords(host: Host, config: Parameters<typeof movedDirectories>[0]): string[] {
  return isMachine(host) ? [reader.machine] : movedDirectories(config);
}
