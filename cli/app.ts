import { Command } from "commander";
import { artifactsCommand } from "./commands/artifacts.ts";
import { backupCommand } from "./commands/backup.ts";
import { benchCommand } from "./commands/bench.ts";
import { checkCommand } from "./commands/check.ts";
import { copyCommand } from "./commands/copy.ts";
import { dashboardCommand } from "./commands/dashboard.ts";
import { dashboardsCommand } from "./commands/dashboards.ts";
import { destroyCommand } from "./commands/destroy.ts";
import { drillCommand } from "./commands/drill.ts";
import { driftCommand } from "./commands/drift.ts";
import { etcdCommand } from "./commands/etcd.ts";
import { explainCommand } from "./commands/explain.ts";
import { factsCommand } from "./commands/facts.ts";
import { importCommand } from "./commands/import.ts";
import { initCommand } from "./commands/init.ts";
import { inventoryCommand } from "./commands/inventory.ts";
import { kubectlCommand } from "./commands/kubectl.ts";
import { labCommand } from "./commands/lab.ts";
import { loadtestCommand } from "./commands/loadtest.ts";
import { outputsCommand } from "./commands/outputs.ts";
import { previewCommand } from "./commands/preview.ts";
import { prometheusCommand } from "./commands/prometheus.ts";
import { readerCommand } from "./commands/reader.ts";
import { refreshCommand } from "./commands/refresh.ts";
import { resetCommand } from "./commands/reset.ts";
import { restoreCommand } from "./commands/restore.ts";
import { reviewCommand } from "./commands/review.ts";
import { runCommand } from "./commands/run.ts";
import { sshCommand } from "./commands/ssh.ts";
import { statusCommand } from "./commands/status.ts";
import { testCommand } from "./commands/test.ts";
import { upCommand } from "./commands/up.ts";
import { examplesHelp } from "./exit.ts";

/** The whole command line. Commands load what they need when they run, so that help is instant. */
export function commandLine(): Command {
  const app = new Command("plinth")
    .description("Highly available Kubernetes on bare-metal hosts, as one program on Pulumi.")
    .enablePositionalOptions()
    .showHelpAfterError("(add --help for what is possible)")
    .addHelpText(
      "after",
      examplesHelp([
        ["./plinth up", "make the hosts of hosts/lab.ts on this machine and a cluster on them"],
        ["./plinth status", "is everything healthy?"],
        ["./plinth up --help", "options, examples and exit codes of a command"],
      ]),
    );
  const commands = [
    upCommand(),
    previewCommand(),
    reviewCommand(),
    destroyCommand(),
    refreshCommand(),
    outputsCommand(),
    initCommand(),
    inventoryCommand(),
    importCommand(),
    explainCommand(),
    statusCommand(),
    dashboardCommand(),
    driftCommand(),
    checkCommand(),
    etcdCommand(),
    kubectlCommand(),
    sshCommand(),
    runCommand(),
    copyCommand(),
    factsCommand(),
    readerCommand(),
    resetCommand(),
    backupCommand(),
    restoreCommand(),
    drillCommand(),
    loadtestCommand(),
    prometheusCommand(),
    dashboardsCommand(),
    labCommand(),
    testCommand(),
    artifactsCommand(),
    benchCommand(),
  ];
  for (const command of commands) app.addCommand(command.copyInheritedSettings(app));
  return app;
}
