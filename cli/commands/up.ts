import { Command } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import { forgetTakenDown, LAB_STACK } from "../lab/stack.ts";
import { atOnceOption, forStacks, stacksOption } from "./several.ts";
import type { UpOptions } from "../operations/up.ts";

export function upCommand(): Command {
  return new Command("up")
    .description("bring the hosts of a stack to the desired state; for the lab this makes the hosts, too")
    .addOption(shared.stackOption())
    .addOption(stacksOption())
    .addOption(atOnceOption())
    .addOption(shared.yesOption())
    .addOption(shared.expectNoChangesOption())
    .addOption(shared.targetOption())
    .addOption(shared.lostOption())
    .addOption(shared.replaceOption())
    .addOption(shared.overrideOption())
    .addOption(shared.withoutBackupOption())
    .addOption(shared.diffOption())
    .addOption(shared.planOption())
    .addOption(shared.reportOption())
    .addOption(shared.jsonOption())
    .addOption(shared.eventsOption())
    .addOption(shared.pluginsOption())
    .addOption(shared.parallelOption())
    .option("--heal", "look for drift first, and put right what differs, besides what has changed")
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth up", "the hosts of hosts/lab.ts on this machine and a cluster on them"],
          ["./plinth up --stack prod --diff", "show the plan with changed lines, ask, then do it"],
          ["./plinth up --heal", "also repair what somebody has changed on hosts (see ./plinth drift)"],
          ["./plinth up --expect-no-changes", "prove that everything is as it should be"],
          [
            "./plinth up --stack prod --yes --plan plan.json",
            "do what `review --save plan.json` has shown, or nothing",
          ],
        ]),
        exitCodesHelp([
          [Exit.done, "everything is as desired"],
          [
            Exit.failed,
            "a step failed, or the network does not work after it; what was done stays, and the next run goes on from there",
          ],
          [Exit.badInput, "inventory, configuration or command line not valid; nothing was touched"],
          [Exit.refused, "a guard refused, or --plan does not hold this; nothing was touched"],
          [Exit.changes, "--expect-no-changes and something would change; nothing was touched"],
          [Exit.interrupted, "interrupted"],
        ]),
      ].join("\n"),
    )
    .action(forStacks({ changes: true }, up));
}

async function up(options: UpOptions): Promise<void> {
  shared.announceRequests(options);
  const { thisProject, requireStack } = await import("../project/project.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { Phases } = await import("../process/phases.ts");
  const { openInput } = await import("../session/settings.ts");
  const project = thisProject();
  requireStack(project, options.stack);
  const terminal = makeTerminal(options);
  const phases = Phases.fromEnvironment();
  const { accountFor } = await import("../operations/accounted.ts");
  const { stack, report } = options;
  const run = { project, stack, command: "up", changing: options.expectNoChanges !== true, terminal, phases };
  const code = await accountFor(report === undefined ? run : { ...run, report }, async (account) => {
    const input = await openInput(project, stack, terminal);
    const { enterRunningLab, isOutside } = await import("../lab/namespace.ts");
    if (stack === LAB_STACK && isOutside(stack, input.settings)) {
      const { bringUpLab } = await import("../lab/hosts.ts");
      return bringUpLab(project, input, terminal, phases);
    }
    enterRunningLab(project, stack, input.settings, phases);
    const { runUp } = await import("../operations/up.ts");
    return runUp({ ...options, project, input, terminal, phases, account });
  });
  if (code === Exit.done && options.stack === LAB_STACK) forgetTakenDown();
  if (code !== Exit.done) throw new QuietExit(code);
}
