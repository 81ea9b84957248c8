import { Command, InvalidArgumentError, Option } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

interface DashboardOptions {
  stack: string;
  port: number;
  /** Seconds. */
  every?: number;
  /** Minutes. */
  driftEvery?: number;
}

/** Between two looks. */
const everySeconds = 10;

function parsePort(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value > 65_535)
    throw new InvalidArgumentError("It must be a port from 0 (any) to 65535.");
  return value;
}

export function dashboardCommand(): Command {
  return new Command("dashboard")
    .description("serve a page about a stack on this machine's loopback, for reading only: hosts, members, runs, plans")
    .addOption(shared.stackOption())
    .addOption(
      new Option("--port <number>", "of 127.0.0.1 (default: any that is free)").argParser(parsePort).default(0, "any"),
    )
    .addOption(shared.everyOption(everySeconds))
    .addOption(
      new Option(
        "--drift-every <minutes>",
        "also look for drift, which reads all binaries on all hosts (default: never)",
      ).argParser(shared.parseCount),
    )
    .addHelpText(
      "after",
      [
        "\nWhoever knows the address sees the page: keep it as you keep what it shows. It ends with Ctrl-C.",
        examplesHelp([
          ["./plinth dashboard", "prints the address to open in a browser"],
          [
            "./plinth dashboard --stack prod --port 8080",
            "behind `ssh -L 8080:127.0.0.1:8080`, for a browser elsewhere",
          ],
        ]),
        exitCodesHelp([
          [Exit.done, "this help was asked for"],
          [Exit.failed, "the port is taken"],
          [Exit.badInput, "there is no such stack, or the command line is not valid"],
          [Exit.interrupted, "it was ended"],
        ]),
      ].join("\n"),
    )
    .action(dashboard);
}

async function dashboard({ stack, port, every = everySeconds, driftEvery }: DashboardOptions): Promise<void> {
  const { requireStack, thisProject } = await import("../project/project.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { interruptible } = await import("../process/interrupt.ts");
  const { serveDashboard } = await import("../dashboard/serve.ts");
  const project = thisProject();
  requireStack(project, stack);
  const terminal = makeTerminal();
  const stopping = Promise.withResolvers<undefined>();
  const stop = (): void => {
    stopping.resolve(undefined);
  };
  const say = (address: string): void => {
    terminal.print(`The page of stack "${stack}" is at ${address}`);
    terminal.note("It shows what it reads to whoever knows this address, until Ctrl-C.");
  };
  const { outcome } = await interruptible(
    () => serveDashboard({ project, stack, every, driftEvery }, port, say, stopping.promise),
    { stop, kill: () => process.exit(Exit.interrupted) },
  );
  if (outcome.status === "rejected") throw outcome.reason;
  throw new QuietExit(Exit.interrupted);
}
