import { Command } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

export function factsCommand(): Command {
  return new Command("facts")
    .description("look at hosts as a preview does, and print what they tell; changes nothing")
    .argument("[host]", "name of a host, or a selector as --on of `run` takes; none: all hosts")
    .addOption(shared.stackOption())
    .addOption(shared.jsonOption())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth facts", "a table of all hosts"],
          ["./plinth facts cp1", "one host in detail"],
          ["./plinth facts role=worker --json", "everything, as data"],
        ]),
        exitCodesHelp([
          [Exit.done, "printed"],
          [Exit.failed, "a host could not be looked at; what the others tell is printed"],
          [Exit.badInput, "there is no such stack or host, or its input is not valid"],
        ]),
      ].join("\n"),
    )
    .action(facts);
}

async function facts(selector: string | undefined, options: { stack: string; json?: boolean }): Promise<void> {
  const { openStack } = await import("../session/opening.ts");
  const { input } = await openStack(options.stack);
  const { chooseHosts } = await import("../adhoc/hosts.ts");
  const { readHosts } = await import("../../components/host/reader.ts");
  const { closeSsh } = await import("../cluster/ssh-use.ts");
  const { factLines, factsDocument } = await import("../render/facts.ts");
  const { asciiJson } = await import("../render/adhoc.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal(options);
  const { hosts, access } = await chooseHosts(input, selector);
  const directories = new Map(hosts.map((host) => [host.name, input.planned.movedDirectoriesOf(host)]));
  const readings = await readHosts(access, directories).finally(closeSsh);
  if (options.json === true) terminal.print(asciiJson(factsDocument(options.stack, readings)));
  else for (const line of factLines(readings)) terminal.print(line);
  if ([...readings.values()].some((reading) => "failure" in reading)) throw new QuietExit(Exit.failed);
}
