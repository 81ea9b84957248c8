import { Command } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

interface CheckOptions {
  stack: string;
  json?: boolean;
}

const help = [
  examplesHelp([
    ["./plinth check network", "make small probes, try every kind of path, and remove them again"],
    ["./plinth check network --json", "for monitoring"],
  ]),
  exitCodesHelp([
    [Exit.done, "everything was tested, and works"],
    [Exit.failed, "a path does not work, or something could not be tested"],
    [Exit.badInput, "there is no such stack, or its input is not valid"],
    [Exit.interrupted, "interrupted; the probes are removed"],
  ]),
].join("\n");

export function checkCommand(): Command {
  const network = new Command("network")
    .description(
      "test the data path: between pods of all hosts, to Services, DNS, NodePorts and the API's endpoint; docs/networking.md says how",
    )
    .addOption(shared.stackOption())
    .addOption(shared.jsonOption())
    .addHelpText("after", help)
    .action(checkNetwork);
  return new Command("check")
    .description("test what a cluster is for, by doing it")
    .addCommand(network)
    .addHelpText("after", help);
}

async function checkNetwork(options: CheckOptions): Promise<void> {
  const { openStack } = await import("../session/opening.ts");
  const { stack } = options;
  const { project, input, phases } = await openStack(stack);

  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { openContext } = await import("../session/open-context.ts");
  const { testNetwork } = await import("../network/stack.ts");
  const { networkLines } = await import("../network/render.ts");
  const { interruptible } = await import("../process/interrupt.ts");
  const { closeSsh } = await import("../cluster/ssh-use.ts");
  const { accountForOne } = await import("../operations/accounted.ts");
  const terminal = makeTerminal(options);
  const run = { project, stack, command: "check network", changing: false, terminal, phases };
  const code = await accountForOne(run, "test", async (account) => {
    account.ofHosts(input.hosts.map(({ name }) => name));
    const context = await openContext(stack, terminal, input.settings);
    const stopping = new AbortController();
    const { interrupted, outcome } = await interruptible(
      () => testNetwork(context, input, terminal, stopping.signal).finally(closeSsh),
      {
        stop: () => {
          terminal.warn("interrupted: removing the probes. Press Ctrl-C again to end at once.");
          stopping.abort();
        },
        kill: () => process.exit(Exit.interrupted),
      },
    );
    if (interrupted) throw new QuietExit(Exit.interrupted);
    if (outcome.status === "rejected") throw outcome.reason;
    const report = outcome.value;
    if (report === undefined) {
      const { CliError } = await import("../errors.ts");
      throw new CliError("No Node of this stack is ready, so there is nothing to test: ./plinth status tells why.");
    }
    const { findings, untested } = report;
    const works = findings.length === 0 && untested.length === 0;
    if (options.json === true) terminal.print(JSON.stringify({ stack, works, ...report }, null, 2));
    else for (const line of networkLines(report, terminal)) terminal.print(line);
    for (const { message } of findings) account.problem(message);
    for (const { host, reason } of untested) account.problem(`not tested: ${host}: ${reason}`);
    return works ? Exit.done : Exit.failed;
  });
  if (code !== Exit.done) throw new QuietExit(code);
}
