import { Command } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import { atOnceOption, forStacks, stacksOption } from "./several.ts";
import type { PluginMode } from "../pulumi/plugins.ts";

interface PreviewOptions {
  stack: string;
  inventory?: string;
  config?: string;
  expectNoChanges?: boolean;
  target?: string[];
  lost?: string[];
  replace?: string[];
  override?: string[];
  diff?: boolean;
  json?: boolean;
  plugins: PluginMode;
  parallel?: number;
  events?: string;
}

export function previewCommand(): Command {
  return new Command("preview")
    .description("show what `up` would change, without changing anything")
    .addOption(shared.stackOption())
    .addOption(stacksOption())
    .addOption(atOnceOption())
    .addOption(shared.inventoryOption())
    .addOption(shared.configOption())
    .addOption(shared.diffOption())
    .addOption(shared.expectNoChangesOption())
    .addOption(shared.targetOption())
    .addOption(shared.lostOption())
    .addOption(shared.replaceOption())
    .addOption(shared.overrideOption())
    .addOption(shared.jsonOption())
    .addOption(shared.eventsOption())
    .addOption(shared.pluginsOption())
    .addOption(shared.parallelOption())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth preview --diff", "with the changed lines per host"],
          ["./plinth preview --json", "for a machine to read"],
          [
            "./plinth preview --inventory branch/inventory.json --config branch/Pulumi.prod.yaml",
            "what a branch asks for",
          ],
        ]),
        exitCodesHelp([
          [Exit.done, "the plan was made"],
          [Exit.failed, "the plan could not be made"],
          [Exit.badInput, "inventory, configuration or command line not valid"],
          [Exit.refused, "a guard would refuse"],
          [Exit.changes, "--expect-no-changes and something would change"],
        ]),
      ].join("\n"),
    )
    .action(forStacks({}, preview));
}

async function preview(options: PreviewOptions): Promise<void> {
  shared.announceRequests(options);
  const { openStack } = await import("../session/opening.ts");
  const { terminal: makeTerminal, warnOnce } = await import("../render/terminal.ts");
  const { project, input, phases } = await openStack(options.stack, { proposal: options });

  const { inSession } = await import("../session/session.ts");
  const { countChanges, RunEvents } = await import("../pulumi/events.ts");
  const { operate } = await import("../operations/operation.ts");
  const { targetPatterns } = await import("../operations/targets.ts");
  const { refuseStepOrder } = await import("../operations/state-order.ts");
  const { plannedChanges, previewLines } = await import("../render/preview.ts");
  const { revealScripts } = await import("../review/script-texts.ts");
  const { planEvent } = await import("../review/plan-event.ts");
  const { waveLines } = await import("../review/wave-lines.ts");
  const terminal = makeTerminal(options);
  const hosts = input.hosts.map(({ name }) => name);
  const target = targetPatterns(options.target ?? [], hosts);
  const events = new RunEvents({ onWarning: warnOnce(terminal) });
  const session = {
    ...options,
    project,
    input,
    terminal,
    phases,
    command: "preview",
    parallel: options.parallel,
    writes: false,
    serves: true,
  };
  const waves = await inSession(session, async (engine, _stop, { journal }) => {
    if (target.length > 0) await refuseStepOrder(engine.context);
    await phases.measure("preview", () => operate(engine, events, hosts, () => engine.preview({ events, target })));
    await revealScripts(events, input.config.artifactsUrl);
    journal.tell(planEvent(events, engine.order(), hosts));
    return waveLines(events, engine.order(), hosts);
  });

  const changes = plannedChanges(events, hosts, options.diff === true);
  if (options.json === true) {
    terminal.print(JSON.stringify({ stack: options.stack, summary: events.changes, changes, waves }, null, 2));
  } else {
    for (const line of previewLines(events, changes, terminal, waves)) terminal.print(line);
  }
  if (options.expectNoChanges === true && countChanges(events.changes) > 0) throw new QuietExit(Exit.changes);
}
