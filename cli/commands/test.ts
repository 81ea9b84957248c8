import { Argument, Command, Option } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import { tierNames, tiers } from "../testing/tiers.ts";
import { testRolesCommand } from "./test-roles.ts";

const CHECK = "check";

export function testCommand(): Command {
  const width = Math.max(...[...tierNames, CHECK].map((name) => name.length));
  const list = [
    `  ${CHECK.padEnd(width)}  types, lint, format, layers`,
    ...tiers.map(({ name, description }) => `  ${name.padEnd(width)}  ${description}`),
  ];
  return new Command("test")
    .description("run the tests of this project and end with one line: N passed, N failed")
    .addArgument(
      new Argument("[tier...]", "tiers to run, in this order; none: all that need no name").choices([
        CHECK,
        ...tierNames,
      ]),
    )
    .addOption(new Option("-g, --grep <regex>", "only tests whose title matches; leaves the static checks out"))
    .addHelpText(
      "after",
      [
        ["", "Tiers:", ...list].join("\n"),
        examplesHelp([
          ["./plinth test", "everything that need not be named"],
          ["./plinth test unit scripts", "two tiers, without the static checks"],
          ["./plinth test e2e --grep 'power loss'", "some tests of one tier"],
        ]),
        exitCodesHelp([
          [Exit.done, "everything passed"],
          [Exit.failed, "a test or a check failed"],
          [Exit.badInput, "command line not valid"],
        ]),
      ].join("\n"),
    )
    .action(test)
    .addCommand(testRolesCommand());
}

async function test(names: string[], options: { grep?: string }): Promise<void> {
  const { requireClone, thisProject } = await import("../project/project.ts");
  requireClone("test");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { addTallies, emptyTally, tallyLine } = await import("../testing/tally.ts");
  const { selectTiers } = await import("../testing/tiers.ts");
  const { runChecks, runTier } = await import("../testing/run.ts");
  const terminal = makeTerminal();
  const run = { project: thisProject(), terminal, grep: options.grep };
  let total = emptyTally;
  const section = async (name: string, work: () => Promise<typeof total>): Promise<void> => {
    terminal.print(terminal.paint("bold", `== ${name}`));
    const tally = await work();
    terminal.print(`== ${name}: ${tallyLine(tally)}\n`);
    total = addTallies(total, tally);
  };
  const onlyChecks = names.length > 0 && names.every((name) => name === CHECK);
  if (names.includes(CHECK) || (names.length === 0 && options.grep === undefined)) {
    await section(CHECK, () => runChecks(run));
  }
  if (!onlyChecks) {
    for (const tier of selectTiers(names)) await section(tier.name, () => runTier(tier, run));
  }
  if (names.length === 0) {
    for (const { name } of tiers.filter(({ byName }) => byName)) {
      terminal.print(`not run, because it is run only by name: ./plinth test ${name}`);
    }
  }
  terminal.print(tallyLine(total));
  if (total.failed > 0) throw new QuietExit(Exit.failed);
}
