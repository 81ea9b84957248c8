import { Command, Option } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

interface DrillOptions {
  stack: string;
  json?: boolean;
  backup?: string;
  to?: string;
}

export function drillRestoreCommand(): Command {
  return new Command("restore")
    .description("restore the newest backup aside on this machine, compare it with the cluster, and record how it went")
    .addOption(shared.stackOption())
    .addOption(shared.jsonOption())
    .addOption(new Option("--backup <id>", "this set of `backup list`"))
    .addOption(
      new Option("--to <time>", "the newest set that is not later, e.g. 2026-11-29T21:00:00Z").conflicts("backup"),
    )
    .addHelpText(
      "after",
      [
        "\nThe sets are opened with the operator's key. An etcd and an API server serve them on loopback, in a folder that nobody else",
        "may enter; both are gone in the end. Nothing is changed in the cluster; its members keep the result for `status` and metrics.",
        examplesHelp([
          ["./plinth drill restore", "with the newest set"],
          ["./plinth drill restore --to 2026-11-29T21:00:00Z", "with that of then"],
          ["./plinth drill restore --json", "for monitoring"],
        ]),
        exitCodesHelp([
          [Exit.done, "the set can be restored, and most members have recorded it"],
          [Exit.failed, "it cannot, a copy of it on some target cannot be used, or the result was not recorded"],
          [Exit.badInput, "command line not valid, no such stack, or it has no backups"],
          [Exit.interrupted, "interrupted; nothing was recorded"],
        ]),
      ].join("\n"),
    )
    .action(drillRestores);
}

async function drillRestores(options: DrillOptions): Promise<void> {
  const { CliError } = await import("../errors.ts");
  if (process.platform !== "linux")
    throw new CliError("A restore drill runs etcd and kube-apiserver on this machine: it needs Linux.", Exit.badInput);
  const { requireTime } = await import("../restore/target-source.ts");
  requireTime(options.to);
  const { openStack } = await import("../session/opening.ts");
  const { requireBackups, withTargets } = await import("../backup/session.ts");
  const { stack } = options;
  const { project, input, phases } = await openStack(stack, {
    check: (loaded) => {
      requireBackups(loaded, options.stack);
    },
  });
  const settings = requireBackups(input, options.stack);
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { openContext } = await import("../session/open-context.ts");
  const { drillAndRecord, liveCluster } = await import("../operations/drill-restore.ts");
  const { drillLines } = await import("../render/drill.ts");
  const { accountForOne } = await import("../operations/accounted.ts");
  const terminal = makeTerminal(options);
  const run = { project, stack, command: "drill restore", changing: false, terminal, phases };
  const code = await accountForOne(run, "drill", async (account) => {
    account.ofHosts(input.hosts.map(({ name }) => name));
    const context = await openContext(stack, terminal, input.settings);
    const { cluster, live } = await liveCluster(context);
    const { report, recorded } = await withTargets(
      { project, input, terminal, clusterId: cluster, anew: true },
      settings,
      (store, _restic, signal) => drillAndRecord({ input, store, wanted: options, live, terminal, signal }),
    );
    if (options.json === true) terminal.print(JSON.stringify({ stack, ...report, recorded }, null, 2));
    else for (const line of drillLines(report)) terminal.print(line);
    for (const line of report.notes) terminal.note(line);
    for (const problem of [...report.problems, ...recorded.problems]) {
      account.problem(problem);
      terminal.warn(problem);
    }
    return report.result === "ok" && recorded.byMost ? Exit.done : Exit.failed;
  });
  if (code !== Exit.done) throw new QuietExit(code);
}
