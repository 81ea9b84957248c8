import type { Bundle } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import {
  apiserverBinaries,
  apiserverChecks,
  apiserverDirectories,
  apiserverFiles,
  apiserverSecrets,
  apiserverUnit,
  apiserverUser,
  kubernetesAuthorityFile,
} from "./apiserver.ts";
import { authorityFile } from "./certificates.ts";
import {
  controllerBinary,
  controllerCheck,
  controllerDirectories,
  controllerFiles,
  controllers,
  controllerSecrets,
  controllerUnit,
} from "./controllers.ts";
import { rosterDirectories, rosterFiles, rosterScripts, rosterSecrets } from "./rosterscripts.ts";

/** API server, controller manager and scheduler of one host, and what the roster runs there. */
export function controlPlaneBundle(host: Host, hosts: readonly Host[], config: ClusterConfig): Bundle {
  const units = [apiserverUnit, ...controllers.map(controllerUnit)];
  return {
    name: "controlplane",
    users: [apiserverUser, ...controllers.map((controller) => controller.name)].map((name) => ({
      name,
      home: "/nonexistent",
    })),
    packages: [],
    directories: [
      { path: "/etc/kubernetes", mode: "0755", owner: "root:root" },
      { path: "/etc/kubernetes/pki", mode: "0755", owner: "root:root" },
      ...apiserverDirectories,
      ...controllers.flatMap(controllerDirectories),
      ...rosterDirectories,
    ],
    binaries: [
      ...apiserverBinaries(config),
      ...controllers.map((controller) => controllerBinary(controller, config)),
      { name: "kubectl", version: config.kubernetesVersion },
    ],
    downloads: rosterScripts(),
    files: [
      ...apiserverFiles(host, hosts, config),
      ...controllers.flatMap((controller) => controllerFiles(controller, host, config)),
      ...rosterFiles(host, hosts, config),
    ],
    secrets: [
      authorityFile("kubernetes", kubernetesAuthorityFile, { restart: units }),
      ...apiserverSecrets(),
      ...controllers.flatMap(controllerSecrets),
      ...rosterSecrets(),
    ],
    units,
    checks: [...apiserverChecks(host), ...controllers.map(controllerCheck)],
  };
}
