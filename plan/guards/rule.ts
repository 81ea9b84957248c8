import type { ClusterConfig } from "../config.ts";
import type { HostFacts } from "../facts.ts";
import type { Finding } from "../findings.ts";
import { isMachine, type Host } from "../inventory.ts";

/** Judges one host by what it says about itself. */
export type HostRule = (host: Host, facts: HostFacts, config: ClusterConfig) => Finding[];

/** A rule about what the cluster has of its hosts: machines besides it need not be so. */
export function forCluster(rule: HostRule): HostRule {
  return (host, facts, config) => (isMachine(host) ? [] : rule(host, facts, config));
}

/**
 * What is dangerous.
 *
 * @param hosts names; none where it concerns the cluster as a whole.
 */
export function guard(rule: string, hosts: readonly string[], message: string, remedy: string): Finding {
  return { rule, kind: "guard", hosts: [...hosts], message, remedy };
}

/** What is wrong with what was said about hosts. */
export function input(rule: string, hosts: readonly string[], message: string, remedy: string): Finding {
  return { rule, kind: "input", hosts: [...hosts], message, remedy };
}

export function mebibytes(kibibytes: number): string {
  return `${Math.round(kibibytes / 1024)} MiB`;
}
