import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ClusterConfig } from "../../plan/config.ts";
import { PlinthError } from "../../plan/findings.ts";
import { checkInput } from "../../plan/stackinput.ts";
import type { Host } from "../../plan/inventory.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { Project } from "./project.ts";
import { readSettings } from "./settings.ts";

/** The validated inventory and configuration of a stack, as the command line needs them outside of the program. */
export interface StackInput {
  hosts: Host[];
  config: ClusterConfig;
}

async function importInventory(project: Project, stack: string): Promise<unknown> {
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

/**
 * Reads hosts/<stack>.ts and Pulumi.<stack>.yaml, and checks everything that can be checked without a host, as the program
 * does again. Throws a PlinthError with all findings.
 */
export async function readInput(project: Project, stack: string): Promise<StackInput> {
  const { hosts, config, findings } = checkInput(
    await importInventory(project, stack),
    readSettings(project, stack).config,
  );
  if (findings.length > 0 || config === undefined) throw new PlinthError(findings);
  return { hosts, config };
}
