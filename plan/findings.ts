/** One thing that is wrong with what was asked for. */
export interface Finding {
  /** Name of the rule, kebab case, e.g. `duplicate-address`. Overrides are named after it. */
  rule: string;
  /**
   * `input`: the inventory, the configuration or the access to a host is wrong; nothing can be planned.
   * `guard`: what was asked for is understood and dangerous.
   */
  kind: "input" | "guard";
  /** Names of the hosts concerned; empty when it concerns the cluster as a whole. */
  hosts: string[];
  /** One sentence: what was found and what was expected. No full stop at the end. */
  message: string;
  /** One sentence: what to do next. No full stop at the end. */
  remedy: string;
}

/** `rule: message (hosts): remedy` on one line. */
export function describeFinding(finding: Finding): string {
  const where = finding.hosts.length > 0 ? `${finding.hosts.join(", ")}: ` : "";
  return `${where}${finding.message}; ${finding.remedy} [${finding.rule}]`;
}

/** All findings of one run. Thrown before any host is touched. */
export class PlinthError extends Error {
  readonly kind: "input" | "guard";
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    const count = findings.length === 1 ? "1 finding" : `${findings.length} findings`;
    super(`${count}, no host was changed:\n${findings.map((finding) => `  - ${describeFinding(finding)}`).join("\n")}`);
    this.name = "PlinthError";
    this.kind = findings.some((finding) => finding.kind === "input") ? "input" : "guard";
    this.findings = findings;
  }
}
