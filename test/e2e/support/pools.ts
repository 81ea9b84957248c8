import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import type { Project } from "./project.ts";

/** What a pool does not take from its cluster. */
const ownSettings = [
  ...["interface", "artifactsUrl", "sshUser", "sshPrivateKeyFile", "sshKnownHostsFile", "openFilesLimit"],
  ...["oomScoreAdjust", "restrictOomScoreAdj", "cgroupDriver", "kubeletConfig", "kubeProxyConfig", "sysctls"],
  ...["images", "sandboxImage"],
];

/** Writes the configuration of a stack whose hosts join the lab's cluster. */
export function writePoolSettings(project: Project, stack: string): void {
  const { config } = parse(readFileSync(path.join(project.dir, "Pulumi.lab.yaml"), "utf8")) as {
    config: Record<string, unknown>;
  };
  const own = Object.entries(config).filter(([key]) => ownSettings.includes(key.replace("plinth:", "")));
  const settings = { ...Object.fromEntries(own), "plinth:clusterStack": "organization/plinth/lab" };
  writeFileSync(path.join(project.dir, `Pulumi.${stack}.yaml`), stringify({ config: settings }));
}

/** Writes the inventory of such a stack. */
export function writePoolInventory(
  project: Project,
  stack: string,
  addresses: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = {},
): void {
  const hosts = Object.entries(addresses).map(([name, address]) => ({ name, address, roles: ["worker"], labels }));
  writeFileSync(path.join(project.dir, `hosts/${stack}.ts`), `export default ${JSON.stringify(hosts)};\n`);
}
