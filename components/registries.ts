import { readFile } from "node:fs/promises";
import type { ClusterConfig } from "../plan/config.ts";
import type { Finding } from "../plan/findings.ts";
import { expandHome } from "./host/access.ts";

/** A finding for every registry whose `caFile` cannot be read on this machine or holds no certificate. */
export async function checkRegistryAuthorities(registries: ClusterConfig["registries"]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [registry, { caFile }] of Object.entries(registries)) {
    if (caFile === undefined) continue;
    const problem = await problemOf(expandHome(caFile));
    if (problem === undefined) continue;
    findings.push({
      rule: "registry-authority",
      kind: "input",
      hosts: [],
      message: `plinth:registries.${registry}.caFile ${caFile} ${problem}`,
      remedy: "name a file of this machine with the PEM certificate of the authority that signed the registry's",
    });
  }
  return findings;
}

async function problemOf(path: string): Promise<string | undefined> {
  try {
    const text = await readFile(path, "utf8");
    return text.includes("-----BEGIN CERTIFICATE-----") ? undefined : "holds no PEM certificate";
  } catch (error) {
    return `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
  }
}
