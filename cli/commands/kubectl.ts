import { Command } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

export function kubectlCommand(): Command {
  return new Command("kubectl")
    .description("run kubectl of the cluster's version with the cluster's admin credentials")
    .argument("[args...]", "passed on to kubectl as they are; our own options stand before them")
    .addOption(shared.stackOption())
    .passThroughOptions()
    .helpOption("-h, --help", "this text; `kubectl -- --help` is kubectl's own")
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth kubectl get --raw '/readyz?verbose'", "is the API ready?"],
          ["./plinth kubectl --stack prod -n kube-system get leases", "another stack"],
        ]),
        exitCodesHelp([
          [Exit.done, "kubectl ended well"],
          [Exit.failed, "kubectl failed (its own exit code is passed on), or there is no cluster yet"],
          [Exit.badInput, "command line not valid"],
        ]),
      ].join("\n"),
    )
    .action(kubectl);
}

/**
 * Puts `--` between our own options and kubectl's, which may begin with options of its own:
 * `kubectl --stack prod -n kube-system get pods` → `kubectl --stack prod -- -n kube-system get pods`.
 */
export function separateArguments(args: readonly string[]): string[] {
  if (args[0] !== "kubectl") return [...args];
  let next = 1;
  for (;;) {
    const arg = args[next];
    if (arg === "--stack" || arg === "-s") next += 2;
    else if (arg?.startsWith("--stack=") === true) next += 1;
    else if (arg === undefined || arg === "--" || arg === "-h" || arg === "--help") return [...args];
    else return [...args.slice(0, next), "--", ...args.slice(next)];
  }
}

async function kubectl(args: string[], options: { stack: string }): Promise<void> {
  const { openStack } = await import("../session/opening.ts");
  const { input } = await openStack(options.stack);

  const { openContext } = await import("../session/open-context.ts");
  const { requireAdministrator } = await import("../cluster/administrator.ts");
  const { findKubectl } = await import("../supply/needs.ts");
  const { inheritedFile, withKubeconfig } = await import("../cluster/kubeconfig.ts");
  const { runForeground } = await import("../process/foreground.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal({ json: true }); // Stdout is kubectl's.
  const context = await openContext(options.stack, terminal, input.settings);
  const kubeconfig = await requireAdministrator(context);
  const binary = await findKubectl(input.config.kubernetesVersion, terminal);
  const code = await withKubeconfig(kubeconfig, (file) =>
    runForeground(binary, ["--kubeconfig", inheritedFile, ...args], [file]),
  );
  if (code !== 0) throw new QuietExit(code);
}
