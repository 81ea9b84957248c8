import type { ListedHost } from "./control.ts";
import { portName, type Port } from "./network.ts";
import type { LabHostState } from "./types.ts";

/**
 * What is true of a host now, read from the kernel and not from a record of what was done.
 * A host whose interface is not on the bridge counts as off: its network was taken away, and only a boot brings it back.
 */
export function stateOf(
  name: string,
  listed: ReadonlyMap<string, ListedHost>,
  ports: ReadonlyMap<string, Port>,
): LabHostState {
  const processes = listed.get(name);
  const port = ports.get(portName(name));
  if (processes === undefined) return "off";
  if (processes.frozen) return "paused";
  if (port === undefined) return "off";
  return port.forwarding ? "running" : "partitioned";
}
