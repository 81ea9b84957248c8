import { Command } from "commander";
import { CliError } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

interface PrometheusOptions {
  stack: string;
  identity?: string;
  pages?: string;
}

export function prometheusCommand(): Command {
  return new Command("prometheus")
    .description(
      "write what a Prometheus of your own needs for a stack, as files: scrape configuration, rules, and both as objects of its operator",
    )
    .argument("[dir]", "folder for the files, which is made where it is not there", "prometheus")
    .addOption(shared.stackOption())
    .option("--identity <path>", "folder with ca.crt, reader.crt and reader.key where Prometheus runs")
    .option("--pages <url>", "where the folder docs/alerts of this release can be read: alerts link to it")
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth prometheus --stack prod", "into the folder prometheus"],
          [
            "./plinth prometheus --pages https://git.example.org/plinth/docs/alerts",
            "alerts with links to their pages",
          ],
          ["kubectl apply -n monitoring -f prometheus/operator.yaml", "ScrapeConfig, PodMonitor, PrometheusRule"],
        ]),
        "",
        "The files hold no secret. docs/metrics.md says how Prometheus gets the identity that they name, and reads them.",
        exitCodesHelp([
          [Exit.done, "the files are as they should be; others in the folder are left alone"],
          [Exit.failed, "a file cannot be written"],
          [Exit.badInput, "there is no such stack, its input is not valid, or its hosts tell no figures"],
        ]),
      ].join("\n"),
    )
    .action(writeForPrometheus);
}

async function writeForPrometheus(folder: string, { stack, identity, pages }: PrometheusOptions): Promise<void> {
  const { requireStack, thisProject } = await import("../project/project.ts");
  const { writeFiles } = await import("../project/written-files.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { writtenLines } = await import("../render/written.ts");
  const { openInput } = await import("../session/settings.ts");
  const terminal = makeTerminal();
  const project = thisProject();
  requireStack(project, stack);
  const { planned } = await openInput(project, stack, terminal);
  const files = planned.prometheusFiles({ pages, identity });
  if (files === undefined) {
    throw new CliError(
      `Hosts of the stack "${stack}" tell no figures: set plinth:metrics: {} in Pulumi.${stack}.yaml and run ./plinth up --stack ${stack} (docs/metrics.md).`,
      Exit.badInput,
    );
  }
  const changed = await writeFiles(folder, files);
  const paths = files.map(({ path }) => path);
  for (const line of writtenLines(folder, paths, changed)) terminal.print(line);
}
