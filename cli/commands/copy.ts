import { Command, Option } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

interface CopyOptions {
  stack: string;
  on?: string;
  root?: boolean;
  mode?: string;
  owner?: string;
  timeout: number;
  parallel?: number;
  json?: boolean;
}

export function copyCommand(): Command {
  return new Command("copy")
    .description("copy a file to hosts, or from hosts: whole, compared by its digest, or not at all")
    .argument("<from>", "a file here, HOST:PATH, or :PATH on the hosts of --on")
    .argument("<to>", "HOST:PATH, a path on the hosts of --on, or a file or directory here")
    .addOption(shared.stackOption())
    .addOption(shared.onOption())
    .addOption(shared.rootOption())
    .addOption(new Option("--mode <mode>", "octal digits (default: as the file there, else as the one that is copied)"))
    .addOption(new Option("--owner <user[:group]>", "on the host (default: as the file there, else who writes it)"))
    .addOption(shared.timeoutOption(600))
    .addOption(shared.hostsAtOnceOption())
    .addOption(shared.jsonOption())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth copy motd cp1:/etc/motd --root", "to one host"],
          ["./plinth copy --on role=worker --root --mode 0644 site.conf /etc/chrony/conf.d/", "to many"],
          ["./plinth copy cp1:/etc/os-release .", "from one host"],
          ["./plinth copy --on 'w*' --root :/var/log/syslog logs", "from many: logs/w1/var/log/syslog and so on"],
        ]),
        "\nFiles that Plinth owns on a host are not overwritten. docs/adhoc.md has the details.",
        exitCodesHelp([
          [Exit.done, "copied, or there already"],
          [Exit.failed, "it failed on a host; the others are done"],
          [Exit.badInput, "command line, selector or path not valid, on the hosts too; nothing was changed"],
          [Exit.refused, "the path belongs to Plinth on a host; nothing was changed"],
          [Exit.unreachable, "a host cannot be reached; the others are done"],
          [Exit.interrupted, "interrupted; what was not copied whole is as it was"],
        ]),
      ].join("\n"),
    )
    .action(copy);
}

async function copy(from: string, to: string, options: CopyOptions): Promise<void> {
  const { PlinthError } = await import("../../plan/findings.ts");
  const { hasPlaceForEach, localTarget, modeFindings, ownerFindings, parseCopy } =
    await import("../../plan/adhoc/copying.ts");
  const root = options.root === true;
  const { copy: wanted, findings } = parseCopy(from, to, options.on);
  const wrong = [
    ...findings,
    ...modeFindings(options.mode),
    ...(wanted === undefined ? [] : ownerFindings(options.owner, { direction: wanted.direction, root })),
  ];
  if (wanted === undefined || wrong.length > 0) throw new PlinthError(wrong);
  const { openStack } = await import("../session/opening.ts");
  const { isDirectory, readLocalFile } = await import("../adhoc/files.ts");
  const { input } = await openStack(options.stack);
  const { chooseHosts } = await import("../adhoc/hosts.ts");
  const { getFile, putFile } = await import("../adhoc/copy.ts");
  const { endingAll } = await import("../adhoc/ending.ts");
  const { asciiJson, copyDocument, copyLines } = await import("../render/adhoc.ts");
  const { exitCodeOfCopies } = await import("../../plan/adhoc/copying.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal(options);
  const { direction, selector, local, remote } = wanted;
  const file = direction === "put" ? await readLocalFile(local) : undefined;
  const { access } = await chooseHosts(input, selector);
  const several = hasPlaceForEach(options.on, access.size);
  const isThere = isDirectory(local);
  const localOf = (host: string): string => localTarget(wanted, { host, several, isDirectory: isThere });
  const { mode, owner } = options;
  const results = await endingAll(terminal, (signal) => {
    const run = {
      ...{ root, signal, remote, seconds: options.timeout, parallel: options.parallel ?? input.config.sshDials },
    };
    if (file === undefined)
      return getFile(access, { ...run, localOf, ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }) });
    return putFile(access, { ...run, file, mode, owner });
  });
  const exitCode = exitCodeOfCopies(results);
  const places = direction === "put" ? () => remote : localOf;
  if (options.json === true) {
    terminal.print(asciiJson(copyDocument({ stack: options.stack, direction, exitCode }, results, places)));
  } else {
    for (const line of copyLines(results, places, terminal)) terminal.print(line);
  }
  if (exitCode !== 0) throw new QuietExit(exitCode);
}
