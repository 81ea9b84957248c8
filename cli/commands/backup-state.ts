import { Command, Option } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

interface BackupStateOptions {
  stack: string;
  to: string;
  recipient: string[];
}

const help = [
  "\nThe set has everything that brings the stack back on another machine: its state and configuration with secrets in clear, inventory",
  "and digests. It is sealed before it is written: only the private key of a recipient opens it.",
  examplesHelp([
    ["./plinth backup state --to /mnt/sets --recipient age1…", "a set that the holder of that key can open"],
  ]),
  exitCodesHelp([
    [Exit.done, "the set is written"],
    [Exit.failed, "the state could not be read, or the set not written"],
    [Exit.badInput, "command line not valid, no such stack, or it has no cluster yet"],
  ]),
].join("\n");

export function backupStateCommand(): Command {
  return new Command("state")
    .description("write the state and keys of a stack to a directory, sealed to keys of age")
    .addOption(shared.stackOption())
    .addOption(new Option("--to <directory>", "where to write it").makeOptionMandatory())
    .addOption(
      new Option("--recipient <key...>", "public keys of age (age1…) of those who can open it").makeOptionMandatory(),
    )
    .addHelpText("after", help)
    .action(backup);
}

async function backup({ stack, to, recipient }: BackupStateOptions): Promise<void> {
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { openContext } = await import("../session/open-context.ts");
  const { DirectoryStore } = await import("../backup/directory.ts");
  const { storeStateHalf } = await import("../backup/statehalf.ts");
  const { CliError } = await import("../errors.ts");
  const { requireNoPool } = await import("../backup/pools.ts");
  const terminal = makeTerminal();
  const context = await openContext(stack, terminal);
  requireNoPool(stack, context.settings.config, "sets");
  const stores = [new DirectoryStore(to)];
  const { set, failures } = await storeStateHalf(context, { reason: "now", recipients: recipient, stores });
  if (failures.length > 0) throw failures[0];
  if (set === undefined) {
    throw new CliError(`Stack "${stack}" has no state of a cluster to keep: it was never brought up.`, Exit.badInput);
  }
  terminal.print(`Set ${set.id} is in ${to}.`);
}
