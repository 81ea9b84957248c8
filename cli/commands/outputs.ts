import { Command, Option } from "commander";
import { CliError } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

interface OutputsOptions {
  stack: string;
  json?: boolean;
  showSecrets?: boolean;
}

export function outputsCommand(): Command {
  return new Command("outputs")
    .description("print the outputs of a stack: endpoint, CA certificate, kubeconfig, hosts, versions")
    .argument("[name]", "print this output only, as it is")
    .addOption(shared.stackOption())
    .addOption(shared.jsonOption())
    .addOption(new Option("--show-secrets", "print secret outputs, too"))
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth outputs", "everything, secrets masked"],
          ["./plinth outputs kubeconfig --show-secrets > admin.conf", "a kubeconfig for other tools"],
        ]),
        exitCodesHelp([
          [Exit.done, "printed"],
          [Exit.failed, "the state could not be read"],
          [Exit.badInput, "there is no such stack or output, or its outputs are not as expected"],
        ]),
      ].join("\n"),
    )
    .action(outputs);
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

async function outputs(name: string | undefined, options: OutputsOptions): Promise<void> {
  const { openContext } = await import("../session/open-context.ts");
  const { checkOutputs, readRawOutputs } = await import("../pulumi/outputs.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal({ json: true }); // Stdout is for the values alone.
  const context = await openContext(options.stack, terminal);
  const all = await readRawOutputs(context, { secrets: options.showSecrets === true });
  checkOutputs(options.stack, all);
  if (name === undefined) {
    if (options.json === true) terminal.print(JSON.stringify(all, null, 2));
    else for (const [key, value] of Object.entries(all)) terminal.print(`${key}: ${asText(value)}`);
    return;
  }
  const value = all[name];
  if (value === undefined) {
    const known = Object.keys(all).length === 0 ? "it has none yet" : `it has: ${Object.keys(all).join(", ")}`;
    throw new CliError(`Stack "${options.stack}" has no output "${name}" (${known}).`, Exit.badInput);
  }
  if (value === "[secret]") {
    throw new CliError(`The output "${name}" is secret: say --show-secrets to print it.`, Exit.badInput);
  }
  terminal.print(options.json === true ? JSON.stringify(value, null, 2) : asText(value));
}
