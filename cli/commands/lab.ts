import { Command, Option } from "commander";
import { variantNames } from "../../lab/variants.ts";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import { LAB_STACK } from "../lab/stack.ts";
import * as shared from "../options.ts";

/** Verb, arguments, description. */
const VERBS = [
  ["up", "", "boot every host that is not running, and wait until it answers"],
  ["down", "", "stop every host and remove its disk"],
  ["status", "", "show the hosts"],
  ["add", "<host> [address]", "boot one more host"],
  ["kill", "<host>", "power loss: the host stops at once"],
  ["start", "<host>", "boot a killed host from its disk"],
  ["wipe", "<host>", "swap the hardware: power loss, a fresh disk with another machine id, boot"],
  ["remove", "<host>", "power off a host for good and forget it, its disk too"],
  ["pause", "<host>", "freeze every process of a host"],
  ["resume", "<host>", "let a paused host go on"],
  ["partition", "<host>", "drop every packet from and to a host"],
  ["heal", "[host]", "end the partition of a host, or of all"],
] as const;

export function labCommand(): Command {
  const lab = new Command("lab")
    .description("the hosts on this machine, to try and to test: boot, power loss, fresh disks, pause, partition")
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth lab status", "which hosts run"],
          ["./plinth lab up --like resolved,small-mtu", "hosts as they are found in the field"],
          ["./plinth lab kill cp1", "power loss of cp1"],
          ["./plinth lab start cp1", "boot it again"],
          ["./plinth lab wipe cp1", "or other hardware under its name and address"],
        ]),
        exitCodesHelp([
          [Exit.done, "done"],
          [Exit.failed, "failed"],
          [Exit.badInput, "not possible as asked, for example: there is no such host"],
        ]),
      ].join("\n"),
    );
  for (const [verb, parameters, description] of VERBS) {
    const command = new Command(verb).description(description).addOption(shared.jsonOption());
    if (parameters !== "") command.arguments(parameters);
    if (verb === "up") command.addOption(likeOption());
    command.action(async (...all: unknown[]) => {
      const { json, like } = command.opts<{ json?: boolean; like?: string[] }>();
      const values = all.filter((value) => typeof value === "string");
      await run([verb, ...values], json === true, like);
    });
    lab.addCommand(command);
  }
  return lab;
}

const likeOption = (): Option =>
  new Option(
    "--like <variants>",
    `make all hosts, until \`lab down\`, like some in the field: ${variantNames.join(", ")}; several with commas, or by several options`,
  ).argParser((words: string, before: string[] | undefined) => [...(before ?? []), words]);

async function run(args: string[], json: boolean, like?: string[]): Promise<void> {
  const { thisProject } = await import("../project/project.ts");
  const { openInput } = await import("../session/settings.ts");
  const { openLab } = await import("../lab/namespace.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { labCommand: carryOut } = await import("../../lab/index.ts");
  const terminal = makeTerminal({ json });
  const project = thisProject();
  const lab = await openLab(project, await openInput(project, LAB_STACK, terminal), (line) => {
    terminal.note(terminal.paint("dim", `  ${line}`));
  });
  const code = await carryOut(args, lab, json, like);
  if (code !== 0) throw new QuietExit(code);
}
