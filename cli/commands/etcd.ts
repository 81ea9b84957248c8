import { Command, Option } from "commander";
import type { Host } from "../../plan/inventory.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

interface DefragOptions {
  stack: string;
  host?: string[];
  json?: boolean;
}

interface RepairOptions {
  stack: string;
  yes?: boolean;
}

const defragHelp = [
  "\nA member that is defragmented answers nobody. So the API server of its host is stopped meanwhile, as by a roll, and clients go",
  "to the others; a member that leads hands over first. Nothing is begun while a member is a learner, behind, or does not answer.",
  examplesHelp([
    ["./plinth etcd defrag", "all members, one after the other, the leader last"],
    ["./plinth etcd defrag --host cp2", "that of one host"],
  ]),
  exitCodesHelp([
    [Exit.done, "the members are defragmented"],
    [Exit.failed, "one could not be, or did not come back; those before it are done"],
    [Exit.badInput, "there is no such stack or host, or its input is not valid"],
    [Exit.refused, "the members are not fit for it; nothing was touched"],
    [Exit.interrupted, "interrupted; the member under way was finished"],
  ]),
].join("\n");

const repairHelp = [
  "\nNOSPACE: compacts, defragments one member after the other, ends the alarm and tries a write. CORRUPT, or a member that does not",
  "start because its data is damaged: the member leaves, its data is set aside, the alarm ends, and it joins again as a learner. It is",
  "safe to end it at any point and to run it again.",
  examplesHelp([
    ["./plinth etcd repair", "say what is wrong and what would be done, ask, do it"],
    ["./plinth etcd repair --yes", "without a question"],
  ]),
  exitCodesHelp([
    [Exit.done, "there is nothing to repair (any more)"],
    [Exit.failed, "it failed half way, or was not asked for; run it again, it goes on from there"],
    [Exit.badInput, "command line not valid, or nobody to ask and no --yes"],
    [
      Exit.refused,
      "it cannot be repaired without losing the quorum or data, or another run has the cluster's lock; nothing was touched",
    ],
    [Exit.interrupted, "interrupted; the step under way was finished"],
  ]),
].join("\n");

export function etcdCommand(): Command {
  const defrag = new Command("defrag")
    .description("give free space of etcd's databases back, one member after the other")
    .addOption(shared.stackOption())
    .addOption(new Option("--host <name...>", "only the members of these hosts"))
    .addOption(shared.jsonOption())
    .addHelpText("after", defragHelp)
    .action(defragMembers);
  const repair = new Command("repair")
    .description("end etcd's alarms NOSPACE and CORRUPT by what they are about")
    .addOption(shared.stackOption())
    .addOption(new Option("-y, --yes", "do not ask; needed where there is no terminal"))
    .addHelpText("after", repairHelp)
    .action(repairMembers);
  return new Command("etcd")
    .description("care for etcd: free space, alarms, damaged members; docs/etcd.md")
    .addCommand(defrag)
    .addCommand(repair)
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth etcd defrag", "give free space of the databases back, one member after the other"],
          ["./plinth etcd repair", "end the alarms NOSPACE and CORRUPT by what they are about"],
        ]),
        exitCodesHelp([
          [Exit.done, "it is done, or there was nothing to do"],
          [Exit.failed, "it failed; run it again, it goes on from there"],
          [Exit.badInput, "command line, inventory or configuration not valid"],
          [Exit.refused, "it would cost the quorum or data, or members are not fit for it; nothing was touched"],
          [Exit.interrupted, "interrupted; the step under way was finished"],
        ]),
      ].join("\n"),
    );
}

/** The hosts that are asked for. @throws CliError (bad input) for one without a member. */
async function chosen(hosts: readonly Host[], names: readonly string[] | undefined): Promise<string[]> {
  const { CliError } = await import("../errors.ts");
  const all = hosts.map(({ name }) => name);
  if (all.length === 0)
    throw new CliError(
      "This stack has no hosts with the role etcd: name that of its cluster by --stack.",
      Exit.badInput,
    );
  const strange = (names ?? []).filter((name) => !all.includes(name));
  if (strange.length === 0) return [...new Set(names ?? all)];
  throw new CliError(
    `There is no host with the role etcd called ${strange.join(", ")}; there are: ${all.join(", ")}.`,
    Exit.badInput,
  );
}

async function defragMembers(options: DefragOptions): Promise<void> {
  const { openStack } = await import("../session/opening.ts");
  const { input } = await openStack(options.stack);
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { memberHosts, onHost } = await import("../etcd/verbs.ts");
  const { defragmentationLooks, readMembers } = await import("../etcd/look.ts");
  const { defragment } = await import("../etcd/defrag.ts");
  const { untilStopped } = await import("../cluster/until-stopped.ts");
  const terminal = makeTerminal(options);
  const hosts = memberHosts(input);
  const wanted = await chosen(hosts, options.host);
  const done = await untilStopped(terminal, (signal) =>
    defragment({
      ...{ hosts, wanted, signal, run: onHost(input) },
      terminal:
        options.json === true ? { note: terminal.note.bind(terminal), print: terminal.note.bind(terminal) } : terminal,
      look: async () => defragmentationLooks(await readMembers(input)),
    }),
  );
  if (options.json === true) terminal.print(JSON.stringify({ stack: options.stack, members: done }, null, 2));
}

async function repairMembers(options: RepairOptions): Promise<void> {
  const { openStack, requireSomebodyToAsk } = await import("../session/opening.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal();
  requireSomebodyToAsk("etcd repair", options.yes, terminal.interactive);
  const { input } = await openStack(options.stack);
  const { confirm } = await import("../render/prompt.ts");
  const { memberHosts, onHost } = await import("../etcd/verbs.ts");
  const { defragmentationLooks, lookForRepair, readMembers } = await import("../etcd/look.ts");
  const { repair } = await import("../etcd/repair.ts");
  const { lockUnlessTooFew } = await import("../cluster/lock.ts");
  const { commandVariable } = await import("../../components/host/lock.ts");
  const { resolveAccess } = await import("../../components/host/targets.ts");
  const { untilStopped } = await import("../cluster/until-stopped.ts");
  const hosts = memberHosts(input);
  await chosen(hosts, undefined);
  const run = onHost(input);
  process.env[commandVariable] = "plinth etcd repair";
  // An up or a restore that changes members meanwhile would make what was looked at untrue. etcd's own lock is none: under an alarm it takes no write.
  const lock = async (): Promise<void> => {
    const { access } = await resolveAccess(input.hosts, input.config);
    await lockUnlessTooFew(access, input.hosts, options.stack, terminal);
  };
  await untilStopped(terminal, (signal) =>
    repair({
      ...{ hosts, terminal, signal, run, lock },
      look: () => lookForRepair(input, run),
      lookAtMembers: async () => defragmentationLooks(await readMembers(input)),
      agrees: (question) => (options.yes === true ? Promise.resolve(true) : confirm(question, signal)),
    }),
  );
}
