import { accessSync, constants, existsSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { delimiter, join } from "node:path";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { subnetOf } from "../../plan/served.ts";
import { joinedStack } from "../../plan/site.ts";
import { instanceName, wayInto } from "../../lab/paths.ts";
import { LAB_STACK } from "./stack.ts";
import type { StackInput } from "../project/inventory.ts";
import type { StackSettings } from "../project/settings.ts";
import type { Lab } from "../../lab/index.ts";
import type { Phases } from "../process/phases.ts";
import { tieEnvironment } from "../process/tie.ts";
import type { Project } from "../project/project.ts";

/** Set to the namespace's name in a process that runs inside of it. */
const MARK = "PLINTH_NAMESPACE";

/** True when the hosts of a stack are the lab's: its own, and those of pools that join its cluster. */
export function isInLab(stack: string, { config, projectName }: StackSettings): boolean {
  return stack === LAB_STACK || joinedStack(config, projectName) === LAB_STACK;
}

/** True when commands for this stack have to run in the lab's namespace and this process does not. */
export function isOutside(stack: string, settings: StackSettings): boolean {
  return isInLab(stack, settings) && process.env[MARK] === undefined;
}

/** The lab as hosts/lab.ts and Pulumi.lab.yaml describe it, which are the input. */
export async function openLab(
  project: Project,
  { hosts, config, planned }: StackInput,
  onProgress: (line: string) => void,
): Promise<Lab> {
  const { Lab } = await import("../../lab/index.ts");
  const gateway = new URL(config.artifactsUrl).hostname;
  return new Lab({
    projectDir: project.dir,
    hosts: hosts.map(({ name, address }) => ({ name, address })),
    subnet: planned.machinesOnly
      ? subnetOfMachines([gateway, ...hosts.map(({ address }) => address)])
      : config.nodeSubnet,
    gateway,
    podCidr: config.podCidr,
    user: config.sshUser ?? "root",
    onProgress,
  });
}

/** A stack of machines says nothing of its subnet, and the lab needs one. */
function subnetOfMachines(addresses: readonly string[]): string {
  const subnet = subnetOf(addresses);
  if (subnet !== undefined) return subnet;
  throw new CliError(
    `The lab needs one subnet, and ${addresses.join(", ")} (the first is of plinth:artifactsUrl) have none of at least /16.`,
    Exit.badInput,
  );
}

function onPath(command: string): string {
  const found = (process.env["PATH"] ?? "")
    .split(delimiter)
    .concat("/usr/sbin", "/sbin")
    .map((dir) => join(dir, command))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  if (found === undefined) throw new CliError(`The program "${command}" is needed and not on PATH.`);
  return found;
}

/**
 * Runs this very command line again inside the lab's namespace. Replaces the process, so that there is one process to
 * interrupt or kill, and does not return.
 */
export function reenter(lab: Pick<Lab, "enter" | "namespace">, phases: Phases): never {
  const [command, ...prefix] = lab.enter;
  if (command === undefined) throw new CliError("The lab gives no way into its namespace.");
  if (process.execve === undefined) throw new CliError("Plinth needs Node 24 or later on Linux.");
  const args = [command, ...prefix, process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const env = { ...process.env, ...phases.environment(), ...tieEnvironment(), [MARK]: lab.namespace };
  // As if it ended: the next one begins with what this one has compiled.
  flushCompileCache();
  process.execve(onPath(command), args, env);
  throw new CliError(`${command} could not be started.`); // Not reached: the process is another one by now.
}

/**
 * For commands that talk to the hosts: goes on inside the lab's namespace, which must exist.
 *
 * @param settings of that stack.
 */
export function enterRunningLab(project: Project, stack: string, settings: StackSettings, phases: Phases): void {
  if (!isOutside(stack, settings)) return;
  // By its name alone: inventory and configuration are read inside, and once.
  const namespace = instanceName(project.dir);
  if (!existsSync(join("/run/netns", namespace))) {
    throw new CliError(
      'The lab is not running: "./plinth up" brings up hosts and cluster, "./plinth lab up" the hosts alone.',
    );
  }
  reenter({ namespace, enter: wayInto(namespace) }, phases);
}
