import { Command } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import type { PluginMode } from "../pulumi/plugins.ts";

interface RefreshOptions {
  stack: string;
  target?: string[];
  plugins: PluginMode;
  parallel?: number;
  events?: string;
}

export function refreshCommand(): Command {
  return new Command("refresh")
    .description("read the resources anew into the state; hosts are not changed")
    .addOption(shared.stackOption())
    .addOption(shared.targetOption())
    .addOption(shared.eventsOption())
    .addOption(shared.pluginsOption())
    .addOption(shared.parallelOption())
    .addHelpText(
      "after",
      [
        examplesHelp([["./plinth refresh", "after resources were changed behind the engine's back"]]),
        exitCodesHelp([
          [Exit.done, "the state is up to date"],
          [Exit.failed, "a resource could not be read"],
          [Exit.badInput, "inventory, configuration or command line not valid"],
        ]),
      ].join("\n"),
    )
    .action(refresh);
}

async function refresh(options: RefreshOptions): Promise<void> {
  const { openStack } = await import("../session/opening.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { project, input, phases } = await openStack(options.stack);

  const { inSession } = await import("../session/session.ts");
  const { operateAloud } = await import("../operations/operation.ts");
  const { targetPatterns } = await import("../operations/targets.ts");
  const { countChanges } = await import("../pulumi/events.ts");
  const terminal = makeTerminal();
  const hosts = input.hosts.map(({ name }) => name);
  const target = targetPatterns(options.target ?? [], hosts);
  const session = {
    ...options,
    project,
    input,
    terminal,
    phases,
    command: "refresh",
    parallel: options.parallel,
    writes: true,
    serves: false,
  };
  const { events } = await inSession(session, (engine, _stop, { progress }) =>
    phases.measure("refresh", () =>
      operateAloud(engine, terminal, hosts, (events) => engine.refresh({ events, target }), { progress }),
    ),
  );
  const changed = countChanges(events.changes);
  terminal.print(
    changed === 0 ? "The state is up to date." : `The state is up to date again: ${changed} resources differed.`,
  );
}
