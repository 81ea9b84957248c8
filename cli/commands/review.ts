import { Command, Option } from "commander";
import { exitCodeOf, QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import { atOnceOption, forStacks, stacksOption } from "./several.ts";
import type { ReviewRun } from "../operations/review.ts";

export function reviewCommand(): Command {
  return new Command("review")
    .description("show what `up` would change as Markdown for a pull request, without changing anything")
    .addOption(shared.stackOption())
    .addOption(stacksOption())
    .addOption(atOnceOption())
    .addOption(shared.inventoryOption())
    .addOption(shared.configOption())
    .addOption(
      new Option("--save <file>", "save the plan, for `up --plan`; secrets in it are encrypted as in the state"),
    )
    .addOption(new Option("--out <file>", "write the review to a file instead of stdout"))
    .addOption(new Option("--json", "the review as one JSON document instead of Markdown"))
    .addOption(shared.eventsOption())
    .addOption(shared.pluginsOption())
    .addOption(shared.parallelOption())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth review --stack prod --out review.md", "for a comment; examples/ci/ has whole workflows"],
          [
            "./plinth review --stack prod --save plan.json",
            "then `./plinth up --stack prod --plan plan.json` does just that",
          ],
          ["./plinth review --json", "for a machine to read"],
        ]),
        exitCodesHelp([
          [Exit.done, "the review was made"],
          [Exit.failed, "the preview could not be made; the review says why"],
          [Exit.badInput, "inventory, configuration or command line not valid; the review says what"],
          [Exit.refused, "a guard would refuse; the review says which"],
        ]),
      ].join("\n"),
    )
    .action(forStacks({ document: true }, review));
}

async function review(options: Omit<ReviewRun, "project" | "terminal" | "phases">): Promise<void> {
  shared.announceRequests({ stack: options.stack });
  const { thisProject, requireStack } = await import("../project/project.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { Phases } = await import("../process/phases.ts");
  const { runReview } = await import("../operations/review.ts");
  const project = thisProject();
  requireStack(project, options.stack);
  // Notes never go to stdout: the review does.
  const terminal = makeTerminal({ json: true });
  const failure = await runReview({ ...options, project, terminal, phases: Phases.fromEnvironment() });
  if (failure === undefined) return;
  terminal.note(failure.message);
  throw new QuietExit(exitCodeOf(failure));
}
