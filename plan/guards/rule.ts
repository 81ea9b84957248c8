import type { ClusterConfig } from "../config.ts";
import type { HostFacts } from "../facts.ts";
import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";

/** Judges one host by what it says about itself. */
export type HostRule = (host: Host, facts: HostFacts, config: ClusterConfig) => Finding[];

/** What is dangerous about one host. */
export function guard(host: Host, rule: string, message: string, remedy: string): Finding {
  return { rule, kind: "guard", hosts: [host.name], message, remedy };
}

/** What is wrong with what was said about one host. */
export function input(host: Host, rule: string, message: string, remedy: string): Finding {
  return { rule, kind: "input", hosts: [host.name], message, remedy };
}

export function mebibytes(kibibytes: number): string {
  return `${Math.round(kibibytes / 1024)} MiB`;
}
