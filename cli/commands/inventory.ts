import { Command } from "commander";
import { CliError } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

export function inventoryCommand(): Command {
  return new Command("inventory")
    .description("print the inventory of a stack: what hosts/<stack>.ts comes to")
    .addOption(shared.stackOption())
    .addOption(shared.jsonOption())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth inventory --stack prod", "hosts, addresses and roles"],
          [
            "./plinth inventory --stack prod --json > inventory.json",
            "as data, for `preview --inventory inventory.json`",
          ],
        ]),
        exitCodesHelp([
          [Exit.done, "printed; with --json, hosts are not checked"],
          [Exit.badInput, "there is no such stack, or its inventory is not valid"],
        ]),
      ].join("\n"),
    )
    .action(inventory);
}

async function inventory({ stack, json }: { stack: string; json?: boolean }): Promise<void> {
  const { thisProject, requireStack } = await import("../project/project.ts");
  const { importInventory, importRoles } = await import("../project/inventory.ts");
  const { parseInventory } = await import("../../plan/inventory.ts");
  const { PlinthError } = await import("../../plan/findings.ts");
  const { formatTable } = await import("../render/table.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal({ json: true }); // Stdout is for the inventory alone.
  const project = thisProject();
  requireStack(project, stack);
  const exported = await importInventory(project, stack);
  if (json === true) {
    terminal.print(documentOf(stack, exported));
    return;
  }
  const projectRoles = (await importRoles(project)).map(({ name }) => name);
  const { hosts, findings } = parseInventory(exported, 0, projectRoles);
  if (findings.length > 0) throw new PlinthError(findings);
  const rows = hosts.map(({ name, address, roles, projectRoles: others = [] }) => [
    name,
    address,
    [...roles, ...others].join(", "),
  ]);
  for (const line of formatTable([["host", "address", "roles"], ...rows])) terminal.print(line);
}

/** Whoever reads it checks every host, and can tell the reader of a review what is wrong. */
function documentOf(stack: string, exported: unknown): string {
  if (!Array.isArray(exported)) {
    throw new CliError(`hosts/${stack}.ts must export a list of hosts as its default.`, Exit.badInput);
  }
  const hosts: readonly unknown[] = exported;
  try {
    return JSON.stringify({ stack, hosts }, null, 2);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`The inventory of stack "${stack}" is no data: ${reason}`, Exit.badInput, { cause: error });
  }
}
