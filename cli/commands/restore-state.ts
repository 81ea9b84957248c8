import { Command, Option } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import type { Terminal } from "../render/terminal.ts";

interface RestoreStateOptions {
  stack: string;
  yes?: boolean;
  from?: string;
  fromHosts?: boolean;
  backup?: string;
  files?: boolean;
}

const help = [
  "\nFor a stack whose state is gone while its hosts serve: `up` refuses them as `foreign-host`, because it does not know their keys and",
  "ids any more. No host is touched. The set is opened by the private key in the file that PLINTH_BACKUP_IDENTITY names (default:",
  "~/.config/plinth/age.txt, as age-keygen writes it).",
  examplesHelp([
    ["./plinth restore state --from /mnt/sets", "the newest set with the stack's state"],
    ["./plinth restore state --from /mnt/sets --files", "also configuration and inventory as they were then"],
    ["./plinth restore state --from-hosts", "without any backup: from what the hosts hold"],
  ]),
  exitCodesHelp([
    [Exit.done, "the stack has its state"],
    [Exit.failed, "no set could be read or opened, or it was not agreed to; nothing was changed"],
    [Exit.badInput, "command line not valid, no such set or key, or nobody to ask and no --yes"],
    [Exit.refused, "the stack has another state, or the set is another stack's; nothing was changed"],
  ]),
].join("\n");

export function restoreStateCommand(): Command {
  return new Command("state")
    .description("bring the state of a stack back, where it is gone and the hosts serve on")
    .addOption(shared.stackOption())
    .addOption(
      new Option("--from <directory>", "a directory with sets: ID.json and ID.age (default: the stack's targets)"),
    )
    .addOption(
      new Option("--from-hosts", "there is no set: make a state from the keys and ids that the hosts hold").conflicts([
        "from",
        "backup",
        "files",
      ]),
    )
    .addOption(new Option("--backup <id>", "this set (default: the newest)"))
    .addOption(new Option("--files", "also write configuration and inventory as the set has them"))
    .addOption(new Option("-y, --yes", "do not ask; needed where there is no terminal"))
    .addHelpText("after", help)
    .action(restore);
}

async function restore(options: RestoreStateOptions): Promise<void> {
  const { requireSomebodyToAsk } = await import("../session/opening.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal();
  requireSomebodyToAsk("restore state", options.yes, terminal.interactive);
  if (options.fromHosts === true) {
    await fromHosts(options, terminal);
    return;
  }
  if (options.from === undefined) {
    await fromTargets(options, terminal);
    return;
  }
  const { DirectoryStore } = await import("../backup/directory.ts");
  const { readIdentities } = await import("../backup/identity.ts");
  const { engineContext } = await import("../pulumi/context.ts");
  const { findPulumi } = await import("../supply/needs.ts");
  const { requireStack, thisProject } = await import("../project/project.ts");
  const { restoreState } = await import("../operations/restore-state.ts");
  const project = thisProject();
  // Whose files are lost, too, has no stack yet.
  if (options.files !== true) requireStack(project, options.stack);
  const identities = readIdentities();
  const say = (line: string): void => {
    terminal.note(line);
  };
  const context = await engineContext(project, options.stack, await findPulumi(terminal), say);
  await restoreState({ ...options, context, terminal, identities, store: new DirectoryStore(options.from) });
}

/** From the targets of the stack, which its configuration names. */
async function fromTargets(options: RestoreStateOptions, terminal: Terminal): Promise<void> {
  const { openStack } = await import("../session/opening.ts");
  const { openContext } = await import("../session/open-context.ts");
  const { passwordVariable, requireBackups, withTargets } = await import("../backup/session.ts");
  const { withGivenSecrets } = await import("../../plan/backup/givensecrets.ts");
  const { CliError } = await import("../errors.ts");
  const { readIdentities } = await import("../backup/identity.ts");
  const { requireNoPool } = await import("../backup/pools.ts");
  const { restoreState } = await import("../operations/restore-state.ts");
  const { project, input } = await openStack(options.stack, {
    check: (loaded) => {
      requireNoPool(options.stack, loaded.settings.config, "state");
      requireBackups(loaded, options.stack);
    },
    closed: (config, { message }) => {
      const password = process.env[passwordVariable] ?? "";
      if (password !== "") return withGivenSecrets(config, password);
      throw new CliError(
        `${message} Where that is lost, give the password of plinth:backup by ${passwordVariable}, and keys of a store by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (docs/disaster.md).`,
        Exit.badInput,
      );
    },
  });
  const identities = readIdentities();
  const context = await openContext(options.stack, terminal, input.settings);
  const of = { project, input, terminal, clusterId: undefined };
  await withTargets(of, requireBackups(input, options.stack), (store, _restic, signal) =>
    restoreState({ ...options, context, terminal, identities, store, signal }),
  );
}

async function fromHosts({ stack, yes }: RestoreStateOptions, terminal: Terminal): Promise<void> {
  const { openStack } = await import("../session/opening.ts");
  const { openContext } = await import("../session/open-context.ts");
  const { closeSsh } = await import("../cluster/ssh-use.ts");
  const { restoreFromHosts } = await import("../operations/restore-from-hosts.ts");
  const { project, input, phases } = await openStack(stack);
  const context = await openContext(stack, terminal, input.settings);
  const asked = yes === undefined ? {} : { yes };
  await restoreFromHosts({ ...asked, project, stack, input, context, terminal, phases }).finally(closeSsh);
}
