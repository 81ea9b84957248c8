import { Command } from "commander";
import { CliError, QuietExit } from "../errors.ts";
import type { Host } from "../../plan/inventory.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

export function sshCommand(): Command {
  return new Command("ssh")
    .description("log in to a host, or run a command on it, with the stack's user, key and pinned host keys")
    .argument("<host>", "name of a host in the inventory")
    .argument("[command...]", "command to run there; none: a shell")
    .addOption(shared.stackOption())
    .passThroughOptions()
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth ssh cp1", "a shell on cp1"],
          ["./plinth ssh cp1 -- sudo journalctl -u etcd -n 20", "one command"],
        ]),
        exitCodesHelp([
          [Exit.done, "the command ended well"],
          [Exit.failed, "the command failed (its own exit code is passed on; 255: no connection)"],
          [Exit.badInput, "there is no such stack or host"],
        ]),
      ].join("\n"),
    )
    .action(ssh);
}

async function ssh(name: string, command: string[], options: { stack: string }): Promise<void> {
  const { openStack } = await import("../session/opening.ts");
  const { project, input } = await openStack(options.stack, {
    check: ({ hosts }) => {
      hostNamed(name, hosts, options.stack);
    },
  });
  const host = hostNamed(name, input.hosts, options.stack);
  const { sshArguments, takenKeyFile } = await import("../cluster/ssh-arguments.ts");
  const { operatorSsh } = await import("../../components/host/operatorssh.ts");
  const { closeSsh } = await import("../cluster/ssh-use.ts");
  const { runForeground } = await import("../process/foreground.ts");
  const remote = command[0] === "--" ? command.slice(1) : command;
  const taken = await takenKeyFile(host, input);
  await closeSsh();
  const { operator } = await operatorSsh();
  const code = await runForeground("ssh", [
    ...sshArguments(host, input.config, project, { taken, operator }),
    ...remote,
  ]);
  if (code !== 0) throw new QuietExit(code);
}

/** @throws CliError (bad input) when there is no such host. */
function hostNamed(name: string, hosts: readonly Host[], stack: string): Host {
  const host = hosts.find((candidate) => candidate.name === name);
  if (host !== undefined) return host;
  const known = hosts.map((candidate) => candidate.name).join(", ");
  throw new CliError(`Stack "${stack}" has no host "${name}" (it has: ${known}).`, Exit.badInput);
}
