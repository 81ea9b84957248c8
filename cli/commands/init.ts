import { resolve } from "node:path";
import { Command, Option } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

export function initCommand(): Command {
  return new Command("init")
    .description("make a project of your own that has Plinth as a package, with one stack")
    .argument("[dir]", "its folder, which is made where it is not there", ".")
    .option(
      "-s, --stack <name>",
      "its first stack; default: prod with --control-plane, else lab, hosts on this machine",
    )
    .addOption(addresses("--control-plane <address...>", "control-plane hosts of the stack: one, three or five"))
    .addOption(addresses("--worker <address...>", "workers of the stack"))
    .option("--vip <address>", "virtual IP of the API server, a free address beside the control-plane hosts'")
    .option(
      "--subnet <cidr>",
      "subnet of the control-plane hosts; default: the smallest of /24 to /16 that has them and --vip",
    )
    .option(
      "--operator <address>",
      "this machine, as hosts reach it; default: its address in that subnet, or its first one",
    )
    .option(
      "--package <file>",
      "packed Plinth for the project; default: where this Plinth came from, or the clone, packed",
    )
    .addOption(shared.yesOption())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth init ../clusters", "a project beside this clone, which begins with the lab"],
          [
            "npx plinth init --stack prod --control-plane 192.0.2.11 --worker 192.0.2.21,192.0.2.22",
            "hosts of your own",
          ],
        ]),
        exitCodesHelp([
          [Exit.done, "the project is written; `npm install` in it is next"],
          [Exit.failed, "the package could not be made or the files not be written"],
          [Exit.badInput, "the folder is not empty, or what was said makes no valid stack; nothing was written"],
        ]),
      ].join("\n"),
    )
    .action(init);
}

function addresses(flags: string, text: string): Option {
  return new Option(flags, `${text}; commas separate, too`);
}

interface InitOptions {
  stack?: string;
  controlPlane?: string[];
  worker?: string[];
  vip?: string;
  subnet?: string;
  operator?: string;
  package?: string;
  yes?: boolean;
}

async function init(folder: string, options: InitOptions): Promise<void> {
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { PlinthError } = await import("../../plan/findings.ts");
  const { newStack } = await import("../../plan/newproject/stack.ts");
  const { LAB_STACK } = await import("../lab/stack.ts");
  const { addressesIn, answersFrom } = await import("../newproject/ask.ts");
  const { sourceOf } = await import("../newproject/package.ts");
  const { labStack } = await import("../newproject/sources.ts");
  const { requireEmptyFolder, writeProject } = await import("../newproject/write.ts");
  const { askText } = await import("../render/prompt.ts");
  const terminal = makeTerminal();
  const dir = resolve(folder);
  const file = options.package === undefined ? undefined : resolve(options.package);
  requireEmptyFolder(dir, file);
  const source = sourceOf(file);
  const said = {
    ...options,
    controlPlane: options.controlPlane?.flatMap(addressesIn),
    worker: options.worker?.flatMap(addressesIn),
  };
  const asks = terminal.interactive && options.yes !== true;
  const answers = await answersFrom(said, asks ? askText : undefined);
  const made = answers === undefined ? undefined : newStack(answers);
  if (made !== undefined && made.findings.length > 0) throw new PlinthError(made.findings);
  if (source === "clone") terminal.note("packing this clone of Plinth");
  const name = answers?.stack ?? LAB_STACK;
  const files = await writeProject(dir, name, made?.stack ?? labStack(), source);
  terminal.print(`${dir} is a project with the stack ${name} now (${files.length} files). Next:`);
  const option = name === LAB_STACK ? "" : ` --stack ${name}`;
  for (const line of [`cd ${folder}`, "npm install", `npx plinth up${option}`]) terminal.print(`  ${line}`);
}
