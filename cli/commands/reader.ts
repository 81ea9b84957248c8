import { Command } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";

export function readerCommand(): Command {
  return new Command("reader")
    .description(
      "print the script that installs plinth-reader on a host, for SSH keys that may make previews and no more",
    )
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth reader | ./plinth ssh --stack prod cp1 -- sudo sh", "install it on cp1; docs/ci.md says what for"],
        ]),
        exitCodesHelp([[Exit.done, "printed"]]),
      ].join("\n"),
    )
    .action(reader);
}

async function reader(): Promise<void> {
  const { readerInstaller } = await import("../../plan/scripts.ts");
  process.stdout.write(readerInstaller());
}
