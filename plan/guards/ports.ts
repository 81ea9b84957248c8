import { bundlesOf } from "../bringup.ts";
import { socketsOf } from "../bundles/compose.ts";
import type { Socket } from "../bundles/part.ts";
import type { ClusterConfig } from "../config.ts";
import type { Listener } from "../facts.ts";
import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";
import { guard, type HostRule } from "./rule.ts";

/** A port that a service of ours needs, and the bundle that the service belongs to. */
type Need = Socket & { bundle: string };

const anyAddress = ["0.0.0.0", "*", "::", "[::]"];

function needsOf(host: Host, config: ClusterConfig): Need[] {
  return bundlesOf(host, config).flatMap(({ name, parts }) =>
    socketsOf(parts, host, config).map((socket) => ({ ...socket, bundle: name })),
  );
}

function whoIs({ command, pid, unit }: Listener): string {
  if (pid === "-") return "the kernel or a program that does not show";
  return `${command} (pid ${pid}${unit === "-" ? "" : `, unit ${unit}`})`;
}

/** Ports that services of ours need and somebody else has. */
export const portFindings: HostRule = (host, facts, config) => {
  const needs = needsOf(host, config);
  // Any unit of ours: HAProxy and the API server of one host share a port, on different addresses.
  const isOurs = (listener: Listener): boolean =>
    needs.some(
      ({ unit, bundle, protocol }) =>
        facts.bundles[bundle] !== undefined &&
        protocol === listener.protocol &&
        // The socket of a VXLAN device is the kernel's.
        (unit === listener.unit || (protocol === "udp" && listener.pid === "-")),
    );
  const taken = new Map<string, Finding>();
  for (const need of needs) {
    const blocks = (listener: Listener): boolean =>
      listener.protocol === need.protocol &&
      listener.port === need.port &&
      (need.address === "*" || listener.address === need.address || anyAddress.includes(listener.address)) &&
      !isOurs(listener);
    for (const listener of facts.listeners.filter(blocks)) {
      const port = need.protocol === "tcp" ? `port ${need.port}` : `UDP port ${need.port}`;
      const what = need.what ?? need.unit.replace(/\.service$/, "");
      const message = `${port}, which ${what} needs, is taken by ${whoIs(listener)} at ${listener.address}`;
      taken.set(message, guard("port-taken", [host.name], message, "stop that program or move it to another port"));
    }
  }
  return [...taken.values()];
};
