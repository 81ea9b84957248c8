import { Command, InvalidArgumentError, Option } from "commander";
import type { ScrapeConfig } from "../../plan/metrics/scrape.ts";
import { CliError, QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import { benchCodes, fileOption, interruption } from "./bench-options.ts";

interface MetricsOptions {
  stack: string;
  hosts: number[];
  interval: number;
  seconds: number;
  json?: string;
}

const SIZES = [5, 500];
const INTERVAL = 30;
const SECONDS = 180;
/** Three of the control plane, and a worker. */
const LEAST_HOSTS = 4;

export function metricsCommand(): Command {
  return new Command("metrics")
    .description("what Prometheus needs for the figures of so many hosts, which tell what those of a cluster tell")
    .addOption(shared.stackOption())
    .addOption(
      new Option("--hosts <sizes>", "numbers of hosts, those of the control plane among them")
        .argParser((text) => text.split(",").map(atLeast(LEAST_HOSTS)))
        .default(SIZES, SIZES.join(",")),
    )
    .addOption(
      new Option("--interval <seconds>", "how often Prometheus looks at each").argParser(atLeast(5)).default(INTERVAL),
    )
    .addOption(
      new Option("--seconds <seconds>", "how long each number of hosts is measured")
        .argParser(atLeast(60))
        .default(SECONDS),
    )
    .addOption(fileOption())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth bench metrics --hosts 5,50,500 --json metrics.json", "three sizes, one after the other"],
        ]),
        exitCodesHelp(benchCodes),
      ].join("\n"),
    )
    .action(metrics);
}

function atLeast(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It must be a whole number of ${least} or more.`);
  };
}

async function metrics(options: MetricsOptions): Promise<void> {
  const { requireClone } = await import("../project/project.ts");
  requireClone("bench metrics");
  const { parse } = await import("yaml");
  const { openStack } = await import("../session/opening.ts");
  const { openContext } = await import("../session/open-context.ts");
  const { readOutputs } = await import("../pulumi/outputs.ts");
  const { findPrometheus } = await import("../supply/needs.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { formatTable } = await import("../render/table.ts");
  const { writeReport } = await import("../../bench/index.ts");
  const { benchMetrics, metricsTable } = await import("../../bench/metrics/index.ts");
  const terminal = makeTerminal({ json: true }); // Progress goes to stderr, the table to stdout.
  await openStack(options.stack);
  const { metricsIdentity, caCertificate, scrapeConfig } = await readOutputs(
    await openContext(options.stack, terminal),
    {
      secrets: true,
    },
  );
  if (metricsIdentity === undefined || caCertificate === undefined || scrapeConfig === undefined) {
    throw new CliError(
      `Hosts of the stack "${options.stack}" tell no figures: set plinth:metrics: {} in Pulumi.${options.stack}.yaml and run ./plinth up --stack ${options.stack} (docs/metrics.md).`,
      Exit.badInput,
    );
  }
  const stop = interruption();
  const rows = await benchMetrics({
    jobs: (parse(scrapeConfig) as { scrape_configs: ScrapeConfig[] }).scrape_configs,
    reader: { ...metricsIdentity, authority: caCertificate },
    ...{ sizes: options.hosts, interval: options.interval, seconds: options.seconds, stop },
    prometheus: await findPrometheus(terminal),
    say: (line) => {
      terminal.note(line);
    },
  });
  const { prometheus, jobs } = metricsTable(rows);
  for (const line of formatTable(prometheus, "")) terminal.print(line);
  terminal.print("");
  for (const line of formatTable(jobs, "")) terminal.print(line);
  if (options.json !== undefined) await writeReport(options.json, { bench: "metrics", ...options, rows });
  if (stop.aborted) throw new QuietExit(Exit.interrupted);
  if (rows.some(({ failure }) => failure !== undefined)) throw new QuietExit(Exit.failed);
}
