import { Command, Option } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import { restoreStateCommand } from "./restore-state.ts";

interface RestoreOptions {
  stack: string;
  snapshot?: string;
  backup?: string;
  to?: string;
  latest?: boolean;
  preview?: boolean;
  yes?: boolean;
  anew?: boolean;
  without?: string[];
}

export function restoreCommand(): Command {
  return new Command("restore")
    .description("take etcd's data back to a snapshot: after a loss of quorum or of all hosts, or to an earlier time")
    .addOption(shared.stackOption())
    .addOption(new Option("--snapshot <file>", "a snapshot of etcd, as `etcdctl snapshot save` makes it"))
    .addOption(new Option("--backup <id>", "this set of `backup list`"))
    .addOption(new Option("--to <time>", "the newest set that is not later, e.g. 2026-11-29T21:00:00Z"))
    .addOption(new Option("--latest", "the newest set of all"))
    .addOption(new Option("--preview", "say which steps are done on which hosts, and what is lost; change nothing"))
    .addOption(shared.yesOption())
    .addOption(
      new Option("--without <host...>", "these hosts are switched off and do not come back before they are reset"),
    )
    .addOption(new Option("--anew", "begin again where another restore was cut off"))
    .addHelpText(
      "after",
      [
        "\nControllers, API servers and etcd are stopped on all hosts, the data of before is set aside, and etcd begins as a new",
        "cluster with that of the snapshot. It can be killed at every step: the same command without a snapshot goes on from",
        "there. Where no host with etcd carries anything, the snapshot is put there, and the next up begins with it.",
        examplesHelp([
          ["./plinth restore --latest --preview", "what would be done with the newest set, and what is lost"],
          ["./plinth restore --to 2026-11-29T21:00:00Z", "as it was then"],
          ["./plinth restore --snapshot etcd.db", "show that, ask, and do it"],
          ["./plinth restore", "go on with one that was cut off"],
        ]),
        exitCodesHelp([
          [Exit.done, "the cluster serves with the snapshot's data, or its hosts are ready for the next up"],
          [Exit.failed, "a step failed, or it was not asked for; run it again, it goes on from there"],
          [
            Exit.badInput,
            "command line not valid, nobody to ask and no --yes, or a host cannot be reached by what is known",
          ],
          [
            Exit.refused,
            "the snapshot is damaged, foreign or too new, or hosts must not be restored; nothing was stopped",
          ],
          [Exit.interrupted, "interrupted; run it again, it goes on from there"],
        ]),
      ].join("\n"),
    )
    .addCommand(restoreStateCommand())
    .action(restore);
}

async function restore(options: RestoreOptions): Promise<void> {
  const { openStack, requireSomebodyToAsk } = await import("../session/opening.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal();
  if (options.preview !== true) requireSomebodyToAsk("restore", options.yes, terminal.interactive);
  const { CliError, QuietExit } = await import("../errors.ts");
  const { requireTime, targetSource } = await import("../restore/target-source.ts");
  const { requireNoPool } = await import("../backup/pools.ts");
  const { requireBackups } = await import("../backup/session.ts");
  const named = (["snapshot", "backup", "to", "latest"] as const).filter((name) => options[name] !== undefined);
  if (named.length > 1)
    throw new CliError(`Say one of ${named.map((name) => `--${name}`).join(" and ")}.`, Exit.badInput);
  const fromTargets = named[0] !== undefined && named[0] !== "snapshot";
  requireTime(options.to);
  const { project, input } = await openStack(options.stack, {
    check: (loaded) => {
      requireNoPool(options.stack, loaded.settings.config, "data");
      if (fromTargets) requireBackups(loaded, options.stack);
    },
  });

  const { openContext } = await import("../session/open-context.ts");
  const { readOutputs } = await import("../pulumi/outputs.ts");
  const { readStackKeys } = await import("../pulumi/stack-keys.ts");
  const { closeSsh } = await import("../cluster/ssh-use.ts");
  const { readHosts } = await import("../../components/host/reader.ts");
  const { commandVariable } = await import("../../components/host/lock.ts");
  const { interruptible } = await import("../process/interrupt.ts");
  const { fileSource } = await import("../restore/source.ts");
  const { lockUnlessTooFew } = await import("../cluster/lock.ts");
  const { runRestore } = await import("../operations/restore.ts");
  const { tidyUp } = await import("../process/scratch.ts");
  // What one that was killed had opened: this one goes on with it, and opens nothing itself.
  if (!fromTargets) await tidyUp();
  const context = await openContext(options.stack, terminal, input.settings);
  const outputs = await readOutputs(context, { secrets: false });
  process.env[commandVariable] = "plinth restore";
  const stopping = new AbortController();
  const sourceOf = () => {
    if (options.snapshot !== undefined) return fileSource(options.snapshot);
    if (!fromTargets) return undefined;
    const targets = { project, input, terminal, clusterId: outputs.clusterId };
    return targetSource(targets, requireBackups(input, options.stack), options, stopping.signal);
  };
  const { interrupted, outcome } = await interruptible(
    () =>
      runRestore({
        ...options,
        without: options.without ?? [],
        input,
        outputs,
        terminal,
        source: sourceOf(),
        keys: () => readStackKeys(context),
        stop: stopping.signal,
        readHosts,
        lock: (access) => lockUnlessTooFew(access, input.hosts, options.stack, terminal),
      }).finally(closeSsh),
    {
      stop: () => {
        terminal.warn("interrupted: waiting for the step under way. Press Ctrl-C again to end at once.");
        stopping.abort();
      },
      kill: () => {
        terminal.warn("ended at once. ./plinth restore goes on from there.");
        process.exit(Exit.interrupted);
      },
    },
  );
  if (outcome.status === "rejected") throw interrupted ? new QuietExit(Exit.interrupted) : outcome.reason;
}
