import { Command, Option } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import { backupStateCommand } from "./backup-state.ts";

interface BackupOptions {
  stack: string;
  json?: boolean;
}

const codes = exitCodesHelp([
  [Exit.done, "done, on every target"],
  [Exit.failed, "a target failed, or a set is not whole; the others were served"],
  [Exit.badInput, "command line not valid, no such stack, or it has no backups"],
  [Exit.interrupted, "interrupted"],
]);

/** `backup` with what it does. */
export function backupCommand(): Command {
  const now = new Command("now")
    .description("make a set of data and one of state and keys, on every target")
    .addOption(shared.stackOption())
    .addOption(shared.jsonOption())
    .addHelpText("after", codes)
    .action(backupNow);
  const list = new Command("list")
    .description("show the sets on all targets")
    .addOption(shared.stackOption())
    .addOption(shared.jsonOption())
    .addOption(new Option("--all", "also those of other clusters in the same places"))
    .addHelpText("after", codes)
    .action(listBackups);
  const verify = new Command("verify")
    .description("read back what targets have, and open the newest set of each half with the operator's key")
    .argument("[id]", "open this set instead")
    .addOption(shared.stackOption())
    .addOption(shared.jsonOption())
    .addOption(new Option("--read <percent>", "how much of the stored data is read, e.g. 10%").default("100%"))
    .addHelpText("after", codes)
    .action(verifyBackups);
  const prune = new Command("prune")
    .description("delete sets that plinth:backup.keep does not keep, with the operator's rights")
    .addOption(shared.stackOption())
    .addOption(shared.jsonOption())
    .addOption(shared.yesOption())
    .addHelpText("after", codes)
    .action(pruneBackups);
  return new Command("backup")
    .description("keep what brings a cluster back, and look after it; docs/backup.md")
    .addCommand(now)
    .addCommand(list)
    .addCommand(verify)
    .addCommand(prune)
    .addCommand(backupStateCommand())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth backup now", "one more set of each half"],
          ["./plinth backup list", "which sets there are, and where"],
          ["./plinth backup verify", "are they whole, and can I open them?"],
        ]),
        codes,
      ].join("\n"),
    );
}

/** What all of them begin with. */
async function opened(options: BackupOptions) {
  const { openStack } = await import("../session/opening.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { openContext } = await import("../session/open-context.ts");
  const { requireBackups } = await import("../backup/session.ts");
  const { project, input, phases } = await openStack(options.stack, {
    check: (loaded) => {
      requireBackups(loaded, options.stack);
    },
  });
  const terminal = makeTerminal(options);
  const context = await openContext(options.stack, terminal, input.settings);
  return { project, input, phases, terminal, context, settings: requireBackups(input, options.stack) };
}

/** The id of the stack's cluster; undefined where its state is gone. */
async function clusterIdOf(context: Awaited<ReturnType<typeof opened>>["context"]): Promise<string | undefined> {
  const { readOutputs } = await import("../pulumi/outputs.ts");
  return (await readOutputs(context)).clusterId;
}

async function backupNow(options: BackupOptions): Promise<void> {
  const { stack } = options;
  const { project, input, phases, terminal, context, settings } = await opened(options);
  const { accountForOne } = await import("../operations/accounted.ts");
  const { backupData, backupState, outcomeLine } = await import("../operations/backup.ts");
  const { closeSsh } = await import("../cluster/ssh-use.ts");
  const run = { project, stack, command: "backup now", changing: false, terminal, phases };
  const code = await accountForOne(run, "backup", async (account) => {
    account.ofHosts(input.hosts.map(({ name }) => name));
    const data = await backupData(input, settings, "now");
    if (options.json !== true) terminal.print(outcomeLine("data", data));
    const state = await backupState(context, input, settings, "now");
    if (options.json !== true && state !== undefined) terminal.print(outcomeLine("state", state));
    const problems = [...data.problems, ...(state?.problems ?? [])];
    if (options.json === true) terminal.print(JSON.stringify({ stack, data, state }, null, 2));
    for (const problem of new Set(problems)) {
      account.problem(problem);
      terminal.warn(problem);
    }
    return problems.length > 0 ? Exit.failed : Exit.done;
  }).finally(closeSsh);
  if (code !== Exit.done) throw new QuietExit(code);
}

async function listBackups(options: BackupOptions & { all?: boolean }): Promise<void> {
  const { withTargets } = await import("../backup/session.ts");
  const { listLines } = await import("../render/backups.ts");
  const { isAhead } = await import("../../plan/backup/set.ts");
  const run = await opened(options);
  const clusterId = options.all === true ? undefined : await clusterIdOf(run.context);
  const { sets, problems } = await withTargets({ ...run, clusterId }, run.settings, (store) => store.listing());
  const now = Date.now();
  const told = sets.map((set) => ({ ...set, ahead: isAhead(set, now) }));
  if (options.json === true)
    run.terminal.print(JSON.stringify({ stack: options.stack, sets: told, problems }, null, 2));
  else for (const line of listLines(sets, now)) run.terminal.print(line);
  for (const problem of problems) run.terminal.warn(problem);
  if (problems.length > 0) throw new QuietExit(Exit.failed);
}

async function verifyBackups(id: string | undefined, options: BackupOptions & { read: string }): Promise<void> {
  const { withTargets } = await import("../backup/session.ts");
  const { verifySets } = await import("../backup/verify.ts");
  const run = await opened(options);
  const clusterId = id === undefined ? await clusterIdOf(run.context) : undefined;
  const report = await withTargets({ ...run, clusterId, anew: true }, run.settings, (store, restic) =>
    verifySets(store, restic, { id, read: options.read }),
  );
  if (options.json === true) run.terminal.print(JSON.stringify({ stack: options.stack, ...report }, null, 2));
  else for (const line of report.good) run.terminal.print(line);
  for (const problem of report.problems) run.terminal.warn(problem);
  if (report.problems.length > 0) throw new QuietExit(Exit.failed);
}

async function pruneBackups(options: BackupOptions & { yes?: boolean }): Promise<void> {
  const { requireSomebodyToAsk } = await import("../session/opening.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  requireSomebodyToAsk("backup prune", options.yes, makeTerminal(options).interactive);
  const { withTargets } = await import("../backup/session.ts");
  const { pruneSets } = await import("../backup/prune.ts");
  const { listToPrune } = await import("../backup/limits.ts");
  const run = await opened(options);
  const clusterId = await clusterIdOf(run.context);
  const { CliError } = await import("../errors.ts");
  if (clusterId === undefined)
    throw new CliError("The stack has no state, so nobody can say which sets are its own: nothing was deleted.");
  const of = { ...run, clusterId, limits: listToPrune };
  const report = await withTargets(of, run.settings, (store, restic, signal) =>
    pruneSets(store, restic, { settings: run.settings, terminal: run.terminal, ask: options.yes !== true, signal }),
  );
  if (options.json === true) run.terminal.print(JSON.stringify({ stack: options.stack, ...report }, null, 2));
  for (const problem of report.problems) run.terminal.warn(problem);
  if (report.problems.length > 0 || !report.agreed) throw new QuietExit(Exit.failed);
}
