import { Command } from "commander";
import { CliError } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

export function explainCommand(): Command {
  return new Command("explain")
    .description(
      "print the settings of a host and the parameters of its roles, and whether Plinth, a role, the stack, a group or the host decides on each",
    )
    .argument("<host>", "name of a host of the inventory")
    .argument("[key]", "a key of the configuration, with names in there separated by dots")
    .addOption(shared.stackOption())
    .addOption(shared.jsonOption())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth explain w1", "all settings of a host"],
          ["./plinth explain w1 kubeletConfig.kubeReserved", "some of them"],
          ["./plinth explain w1 parameters.motd", "the parameters of a role"],
          ["./plinth explain w1 --json", "as data"],
        ]),
        "",
        "Hosts are not asked: what follows from them (the resolv.conf of pods, the MTU of links) is not told.",
        exitCodesHelp([
          [Exit.done, "printed"],
          [Exit.badInput, "there is no such stack, host or key, or inventory or configuration are not valid"],
        ]),
      ].join("\n"),
    )
    .action(explainHost);
}

async function explainHost(
  name: string,
  key: string | undefined,
  { stack, json }: { stack: string; json?: boolean },
): Promise<void> {
  const { thisProject, requireStack } = await import("../project/project.ts");
  const { importInventory, importRoles } = await import("../project/inventory.ts");
  const { readSettings } = await import("../project/settings.ts");
  const { checkInput } = await import("../../plan/stackinput.ts");
  const { PlinthError } = await import("../../plan/findings.ts");
  const { maskedSettings } = await import("../../plan/settings/masked.ts");
  const { explain, explainedBelow, explainedKeys } = await import("../../plan/settings/explain.ts");
  const { isSelected } = await import("../../plan/settings/layers.ts");
  const { explainedDocument, explainedLines } = await import("../render/explain.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal({ json: true }); // Stdout is for the settings alone.
  const project = thisProject();
  requireStack(project, stack);
  const raw = maskedSettings(readSettings(project, stack).config);
  const { hosts, config, findings } = checkInput(
    await importInventory(project, stack),
    raw,
    await importRoles(project),
  );
  if (findings.length > 0) throw new PlinthError(findings);
  if (config === undefined) {
    throw new CliError(`The configuration of stack "${stack}" is secret where it must be read.`, Exit.badInput);
  }
  const host = hosts.find((candidate) => candidate.name === name);
  if (host === undefined) {
    const known = hosts.map((candidate) => candidate.name).join(", ");
    throw new CliError(`There is no host "${name}" in hosts/${stack}.ts (there are: ${known}).`, Exit.badInput);
  }
  const values = explainedBelow(explain(host, hosts, config), key);
  if (values.length === 0) {
    throw new CliError(
      `${name} has no setting "${key ?? ""}" (the keys are: ${explainedKeys.join(", ")}).`,
      Exit.badInput,
    );
  }
  const groups = config.groups.flatMap((group, index) => (isSelected(host, group) ? [index] : []));
  if (json === true) terminal.print(JSON.stringify(explainedDocument({ stack, host: name, groups, values }), null, 2));
  else for (const line of explainedLines(values, stack)) terminal.print(line);
}
