import type { ClusterConfig } from "../../plan/config.ts";
import { planCluster } from "../../plan/bundles/index.ts";
import { artifactPath } from "../../plan/digests.ts";
import type { Host } from "../../plan/inventory.ts";
import { allScripts, scriptSource } from "../../plan/scripts.ts";

/** What an artifact server lists that has everything for these hosts; digests of binaries are made up. */
export function digestsFor(hosts: readonly Host[], config: ClusterConfig): string {
  const binaries = planCluster(hosts, config).flatMap(({ host, bundle }) =>
    bundle.binaries.map((binary) => `${"a".repeat(64)}  ${artifactPath(binary, host.arch)}`),
  );
  return [...binaries, ...allScripts().map((script) => `${script.sha256}  ${scriptSource(script)}`)].join("\n");
}
