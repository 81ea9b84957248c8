import { Command, Option } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

interface ResetOptions {
  stack: string;
  yes?: boolean;
  force?: boolean;
  address?: string;
  user?: string;
  port?: number;
  hostKey?: string;
}

export function resetCommand(): Command {
  return new Command("reset")
    .description("take everything of Plinth off one host that is not part of the cluster any more")
    .argument("<host>", "name of the host")
    .addOption(shared.stackOption())
    .addOption(new Option("-y, --yes", "do not ask; needed where there is no terminal"))
    .addOption(new Option("--force", "also when the host serves the stack's cluster, by its claim and the inventory"))
    .addOption(new Option("--address <ip>", "where the host is, when it is not in the inventory"))
    .addOption(new Option("--user <name>", "its SSH user (default: plinth:sshUser)"))
    .addOption(new Option("--port <number>", "its SSH port (default: plinth:sshPort)").argParser(Number))
    .addOption(
      new Option(
        "--host-key <key>",
        'its SSH host key, "TYPE BASE64" (default: looked up in plinth:sshKnownHostsFile)',
      ),
    )
    .addHelpText(
      "after",
      [
        "\nFor a lost host that has come back, or a machine with remnants of an earlier cluster. Units are stopped, everything that",
        "Plinth owns is removed, what was there before is put back, and data of etcd is kept aside: the command says where. The",
        "Node that the machine has registered with the stack's cluster is deleted.",
        examplesHelp([
          ["./plinth reset w7 --address 192.0.2.27", "a host that was deleted from the inventory"],
          ["./plinth reset cp2 --force", "a host of the inventory, whatever it serves"],
        ]),
        exitCodesHelp([
          [Exit.done, "nothing of Plinth is left on the host"],
          [Exit.failed, "it could not be reset, or not asked for; run it again, it goes on from there"],
          [Exit.badInput, "command line not valid, nobody to ask and no --yes, or the host cannot be looked at"],
          [Exit.refused, "the host serves the cluster; nothing was touched"],
        ]),
      ].join("\n"),
    )
    .action(reset);
}

async function reset(name: string, options: ResetOptions): Promise<void> {
  const { openStack, requireSomebodyToAsk } = await import("../session/opening.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal();
  const { resetHost, runReset } = await import("../operations/reset.ts");
  requireSomebodyToAsk("reset", options.yes, terminal.interactive);
  const { input } = await openStack(options.stack, {
    check: ({ hosts }) => {
      resetHost(name, hosts, options);
    },
  });

  const { openContext } = await import("../session/open-context.ts");
  const { readOutputs } = await import("../pulumi/outputs.ts");
  const { closeSsh } = await import("../cluster/ssh-use.ts");
  const { readHosts } = await import("../../components/host/reader.ts");
  const { readRequests } = await import("../../plan/requests.ts");
  const { deleteNode } = await import("../cluster/node.ts");
  const { administratorOf } = await import("../cluster/administrator.ts");
  const context = await openContext(options.stack, terminal, input.settings);
  const outputs = await readOutputs(context, { secrets: true });
  const { clusterId } = outputs;
  const kubeconfig = await administratorOf(context, outputs);
  await runReset({
    ...options,
    name,
    input,
    terminal,
    readHosts,
    deleteNode: (node, machineId) =>
      kubeconfig === undefined ? Promise.resolve("none") : deleteNode(kubeconfig, node, machineId),
    lost: readRequests(process.env).lost,
    clusterId,
  }).finally(closeSsh);
}
