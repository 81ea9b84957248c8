import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readRoles } from "../../components/roles.ts";
import { bundlesOf } from "../../plan/bringup.ts";
import type { Bundle, BundleSecret } from "../../plan/bundle.ts";
import { artifactsOf, planBundle, planHost, type HostArtifacts } from "../../plan/bundles/index.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import { PlinthError } from "../../plan/findings.ts";
import { prometheusFiles, type PrometheusFile, type PrometheusPlaces } from "../../plan/metrics/files.ts";
import { findingsWithout, revealedTexts } from "../../plan/secrets.ts";
import type { HostFacts } from "../../plan/facts.ts";
import { roleOfBundle, type RoleShape } from "../../plan/roles/shape.ts";
import { defaultMtu } from "../../plan/mtu.ts";
import { surroundingsOf } from "../../plan/surroundings.ts";
import { movedDirectories } from "../../plan/settings/directories.ts";
import { configFor } from "../../plan/settings/layers.ts";
import { checkInput } from "../../plan/stackinput.ts";
import type { Host } from "../../plan/inventory.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { Project } from "./project.ts";
import { reveal, type Decrypt, type StackSettings } from "./settings.ts";

/** Settings that commands use themselves, and those that say what hosts fetch. The program uses all of them. */
const commandKeys = [
  ...(["clusterName", "nodeSubnet", "podCidr", "vip", "serviceVip", "servicePorts", "artifactsUrl"] as const),
  ...(["sshUser", "sshPort", "sshPrivateKeyFile", "sshKnownHostsFile", "sshDials"] as const),
  ...(["bastion", "sudoPassword"] as const),
  ...(["kubernetesVersion", "etcdVersion", "containerdVersion", "runcVersion", "cniVersion"] as const),
  ...(["network", "networkCheck", "flannelVersion", "images", "sandboxImage"] as const),
  ...(["backup", "resticVersion", "ageVersion"] as const),
] satisfies readonly (keyof ClusterConfig)[];
export type CommandConfig = Pick<ClusterConfig, (typeof commandKeys)[number]>;

/** The validated inventory and configuration of a stack, as the command line needs them outside of the program. */
export interface StackInput {
  hosts: Host[];
  config: CommandConfig;
  planned: Planned;
}

/** What follows from the whole configuration. Secrets that only the engine decrypts make no difference to it. */
export interface Planned {
  /** Whether the stack has no cluster, but machines alone. */
  machinesOnly: boolean;
  /** Names of the bundles that a host is to have. */
  bundlesOf: (host: Host) => string[];
  artifacts: () => HostArtifacts;
  /** The files of a host that are made while the cluster is. */
  secretsOf: (host: Host) => BundleSecret[];
  /** What the roles of the project put on a host that tells this of itself. */
  roleBundlesOf: (host: Host, facts: HostFacts) => Bundle[];
  /** The directories of a host that hold data and are not where they are by default. */
  movedDirectoriesOf: (host: Host) => string[];
  /** What a Prometheus of the user's own needs; undefined where hosts tell no figures. */
  prometheusFiles: (places: PrometheusPlaces) => PrometheusFile[] | undefined;
}

/** The same, with the files that it was read from. */
export interface LoadedStack extends StackInput {
  settings: StackSettings;
}

export function plannedFrom(hosts: readonly Host[], config: ClusterConfig): Planned {
  return {
    machinesOnly: config.machinesOnly === true,
    bundlesOf: (host) => bundlesOf(host, config).map(({ name }) => name),
    artifacts: () => artifactsOf(hosts, config),
    secretsOf: (host) => planHost({ host, hosts, config }).flatMap(({ secrets }) => secrets),
    roleBundlesOf: (host, facts) => {
      const surroundings = surroundingsOf(host, facts, defaultMtu);
      const entries = bundlesOf(host, config).filter(({ name }) => roleOfBundle(name) !== undefined);
      return entries.map((entry) => planBundle(entry, { host, hosts, config, surroundings }));
    },
    movedDirectoriesOf: (host) => movedDirectories(configFor(host, config)),
    prometheusFiles: (places) => (config.metrics === undefined ? undefined : prometheusFiles(hosts, config, places)),
  };
}

/** What `hosts/<stack>.ts` exports, unchecked. Its code runs; that of a proposal is not there. */
export async function importInventory(project: Project, stack: string): Promise<unknown> {
  if (project.proposal?.hosts !== undefined) return project.proposal.hosts;
  const path = join(project.dir, "hosts", `${stack}.ts`);
  if (!existsSync(path)) throw new CliError(`The inventory ${path} is missing.`, Exit.badInput);
  try {
    const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
    return module.default;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`The inventory ${path} cannot be loaded: ${reason}`, Exit.badInput, { cause: error });
  }
}

/** The roles of the project, as the program reads them. Their code runs, that of a proposal never does. */
export async function importRoles(project: Project): Promise<readonly RoleShape[]> {
  try {
    return await readRoles(project.dir);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`${reason.replace(/^t/, "T")}.`, Exit.badInput, { cause: error });
  }
}

/**
 * Checks hosts/<stack>.ts, or what stands in for it, and the settings of the stack as far as that goes without a host, as the program
 * does again. Secrets that commands need are decrypted; all others are left to the program. Throws a PlinthError with all findings.
 */
export async function readInput(
  project: Project,
  stack: string,
  read: StackSettings,
  decrypt: Decrypt,
): Promise<LoadedStack> {
  const settings = await reveal(read, commandKeys, decrypt);
  const { hosts, config, findings } = checkInput(
    await importInventory(project, stack),
    settings.config,
    await importRoles(project),
  );
  const secrets = revealedTexts(read.config, settings.config);
  if (findings.length > 0 || config === undefined) throw new PlinthError(findingsWithout(findings, secrets));
  return { hosts, config, planned: plannedFrom(hosts, config), settings };
}
