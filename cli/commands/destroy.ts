import { Command, Option } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import type { PluginMode } from "../pulumi/plugins.ts";

interface DestroyOptions {
  stack: string;
  yes?: boolean;
  plugins: PluginMode;
  parallel?: number;
  events?: string;
}

export function destroyCommand(): Command {
  return new Command("destroy")
    .description("take the cluster off the hosts of a stack, its certificate authorities included")
    .addOption(shared.stackOption())
    .addOption(new Option("-y, --yes", "do not ask; needed where there is no terminal"))
    .addOption(shared.eventsOption())
    .addOption(shared.pluginsOption())
    .addOption(shared.parallelOption())
    .addHelpText(
      "after",
      [
        "\nThe data of etcd is not deleted: each host keeps it aside, and the command says where.",
        examplesHelp([["./plinth destroy --yes", "the lab's cluster; the lab's hosts go on running (see `lab down`)"]]),
        exitCodesHelp([
          [Exit.done, "nothing of the cluster is left"],
          [Exit.failed, "a host could not be cleaned; run it again when the host can be reached"],
          [Exit.badInput, "command line not valid, or nobody to ask and no --yes"],
        ]),
      ].join("\n"),
    )
    .action(destroy);
}

async function destroy(options: DestroyOptions): Promise<void> {
  const { openStack, requireSomebodyToAsk } = await import("../session/opening.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal();
  requireSomebodyToAsk("destroy", options.yes, terminal.interactive);
  const { project, input, phases } = await openStack(options.stack);

  const { accountFor } = await import("../operations/accounted.ts");
  const { runDestroy } = await import("../operations/destroy.ts");
  const run = { project, stack: options.stack, command: "destroy", changing: true, terminal, phases };
  await accountFor(run, async (account) => {
    await runDestroy({ ...options, project, input, terminal, phases, account });
    return Exit.done;
  });
}
