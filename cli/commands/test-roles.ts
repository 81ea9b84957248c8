import { Command, Option } from "commander";
import { CliError, QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

interface Options {
  stack: string;
  on?: string;
  kills: number;
}

export function testRolesCommand(): Command {
  return new Command("roles")
    .description(
      "try the roles of the project on hosts that carry nothing yet: applied, applied again, changed by hand and healed, taken away",
    )
    .argument("[role...]", "names of roles; none: all that the hosts have")
    .addOption(shared.stackOption())
    .addOption(
      new Option(
        "--on <selector>",
        "hosts to try them on, as of `run`; each role is tried on the first host that has it",
      ),
    )
    .addOption(
      new Option("--kills <n>", "kill runs at so many moments on their way to the role, and as many on their way back")
        .argParser(shared.parseCount)
        .default(0),
    )
    .addHelpText(
      "after",
      [
        "\nSecrets of roles are texts of the test's own. Hosts must not belong to a cluster; they are let go at the end.\n",
        examplesHelp([
          ["./plinth lab up && ./plinth test roles", "every role of hosts/lab.ts, on hosts of the lab"],
          ["./plinth test roles time ssh --on ntp1", "two roles on one host"],
          ["./plinth test roles time --kills 8", "with runs that are killed"],
        ]),
        exitCodesHelp([
          [Exit.done, "all of them came, stayed, were healed and went"],
          [Exit.failed, "one of them did not; it says what"],
          [Exit.badInput, "no host has such a role, or input is not valid"],
        ]),
      ].join("\n"),
    )
    .action(testRoles);
}

async function testRoles(names: string[], { stack, on, kills }: Options): Promise<void> {
  const { openStack } = await import("../session/opening.ts");
  const { input } = await openStack(stack);
  const { chooseHosts } = await import("../adhoc/hosts.ts");
  const { readHosts } = await import("../../components/host/reader.ts");
  const { chooseTrials } = await import("../../plan/roletest/choice.ts");
  const { roleOfBundle } = await import("../../plan/roles/shape.ts");
  const { closeSsh } = await import("../cluster/ssh-use.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { TestHost } = await import("../roletest/host.ts");
  const { tryRole } = await import("../roletest/run.ts");
  const terminal = makeTerminal();
  const { hosts, access } = await chooseHosts(input, on);
  const readings = await readHosts(access, new Map(hosts.map((host) => [host.name, []])));
  try {
    const offered = hosts.flatMap((host) => {
      const reading = readings.get(host.name);
      if (reading === undefined || !("facts" in reading))
        throw new CliError(
          `${host.name} cannot be looked at: ${reading === undefined ? "it was not asked" : reading.failure}`,
        );
      return input.planned
        .roleBundlesOf(host, reading.facts)
        .map((bundle) => ({ host, bundle, role: roleOfBundle(bundle.name) ?? "" }));
    });
    const chosen = chooseTrials(offered, names);
    if ("problem" in chosen) throw new CliError(chosen.problem, Exit.badInput);
    let failed = 0;
    for (const { host, bundle, role } of chosen.trials) {
      const target = access.get(host.name);
      if (target === undefined) throw new CliError(`There is no way to ${host.name}.`);
      terminal.print(terminal.paint("bold", `${role} on ${host.name}`));
      const tried = new TestHost(host.name, target);
      await tried.claim();
      const problems = await tryRole(tried, bundle, {
        kills,
        onStep: (step) => {
          terminal.print(`  ${step}`);
        },
      }).finally(() => tried.release());
      for (const problem of problems) terminal.print(`  ${terminal.paint("red", problem)}`);
      if (problems.length > 0) failed += 1;
    }
    terminal.print(
      failed === 0 ? "All of them came, stayed and went." : `${failed} of them did not do what a role must.`,
    );
    if (failed > 0) throw new QuietExit(Exit.failed);
  } finally {
    await closeSsh();
  }
}
