import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { loadLimits, loadSentence, profileNames, profiles, type ProfileName } from "../../plan/loadtest/profiles.ts";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import type { LoadTestOptions } from "../loadtest/stack.ts";
import * as shared from "../options.ts";

interface CommandOptions extends LoadTestOptions {
  clean?: boolean;
}

const help = [
  "\nA healthy cluster only is given load, in a namespace of its own that is removed afterwards. docs/loadtest.md tells what is measured. Profiles:",
  ...profileNames.map((name) => `  ${loadSentence({ profile: name, ...profiles[name] })}`),
  examplesHelp([
    ["./plinth loadtest", "a minute of little load, and what came of it"],
    ["./plinth loadtest medium --markdown report.md", "three minutes, and a report for a pull request"],
    ["./plinth loadtest --duration 600 --yes", "ten minutes beside something else, such as a roll"],
    ["./plinth loadtest --clean", "remove what a killed one has left"],
  ]),
  exitCodesHelp([
    [Exit.done, "all objectives were met, and nothing failed; --clean: nothing is left"],
    [Exit.failed, "an objective was not met, requests failed, or it was not asked for"],
    [Exit.badInput, "command line not valid, no such stack, or nobody to ask and no --yes"],
    [Exit.refused, "the cluster is not healthy, or another load test is under way; nothing was made"],
    [Exit.interrupted, "interrupted; what was made is removed"],
  ]),
].join("\n");

/** Longest gap that may be let pass, seconds. */
const longestGap = 600;

function numberWithin(least: number, most: number, what: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most && text.trim() !== "") return value;
    throw new InvalidArgumentError(`It must be a whole number of ${what} from ${least} to ${most}.`);
  };
}

/** `loadtest`. */
export function loadtestCommand(): Command {
  const { seconds, rate } = loadLimits;
  return new Command("loadtest")
    .description("put load on a healthy cluster, and tell how it answers beside Kubernetes' objectives")
    .addArgument(new Argument("[profile]", "how much load").choices(profileNames).default("small"))
    .addOption(shared.stackOption())
    .addOption(
      new Option(
        "--duration <seconds>",
        `for how long, from ${seconds.least} to ${seconds.most} (default: the profile's)`,
      ).argParser(numberWithin(seconds.least, seconds.most, "seconds")),
    )
    .addOption(
      new Option(
        "--rate <number>",
        `requests per second, from ${rate.least} to ${rate.most} (default: the profile's)`,
      ).argParser(numberWithin(rate.least, rate.most, "requests")),
    )
    .addOption(
      new Option("--max-gap <seconds>", "for how long requests may fail, or nothing be answered")
        .default(0)
        .argParser(numberWithin(0, longestGap, "seconds")),
    )
    .addOption(new Option("--json <file>", "write the report there as one JSON document"))
    .addOption(new Option("--markdown <file>", "write the report there as Markdown"))
    .addOption(new Option("-y, --yes", "do not ask; needed where there is no terminal"))
    .addOption(new Option("--clean", "put no load on anything: remove what killed load tests have left"))
    .addHelpText("after", help)
    .action(loadtest);
}

async function loadtest(profile: ProfileName, options: CommandOptions): Promise<void> {
  const { openStack, requireSomebodyToAsk } = await import("../session/opening.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal();
  const asks = options.clean !== true;
  if (asks) requireSomebodyToAsk("loadtest", options.yes, terminal.interactive);
  const { project, input } = await openStack(options.stack);

  const { openContext } = await import("../session/open-context.ts");
  const { requireAdministrator } = await import("../cluster/administrator.ts");
  const { untilStopped } = await import("../cluster/until-stopped.ts");
  const { TestObjects } = await import("../loadtest/objects.ts");
  const { cleanLoadTests, loadTestStack } = await import("../loadtest/stack.ts");
  const context = await openContext(options.stack, terminal, input.settings);
  const kubeconfig = await requireAdministrator(context);
  const objects = new TestObjects(kubeconfig);
  const test = { ...options, profile, project, input, context, kubeconfig, objects, terminal };
  const result = await untilStopped(terminal, (signal) =>
    asks ? loadTestStack({ ...test, signal }) : cleanLoadTests({ ...test, signal }),
  ).finally(() => {
    objects.close();
  });
  if (!result) throw new QuietExit(Exit.failed);
}
