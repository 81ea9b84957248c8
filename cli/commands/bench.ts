import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { home, isPackage } from "../../home.ts";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import { parseStartupLimit, type StartupLimit } from "../../bench/fleet/startups.ts";
import { metricsCommand } from "./bench-metrics.ts";
import { rolesCommand } from "./bench-roles.ts";
import { benchCodes, fileOption, interruption, parseTimes } from "./bench-options.ts";

interface FleetOptions {
  hosts: number[];
  commit?: string;
  skipCheckpoints?: boolean;
  maxStartups?: StartupLimit;
  json?: string;
}

interface CliOptions {
  times: number;
  json?: string;
}

const SIZES = [5, 50, 250, 500];
const LEAST_HOSTS = 4;
const TIMES = 5;

export function benchCommand(): Command {
  const bench = new Command("bench")
    .description(
      "measure what size costs on simulated hosts, how long commands take on the lab, roles beside other tools, and figures",
    )
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth bench fleet --hosts 5,50", "previews and ups of two simulated fleets"],
          ["./plinth bench cli", "what the commands of every day take on the lab"],
          ["./plinth bench roles --hosts 5", "ten tasks by Ansible, pyinfra and Plinth on hosts of a lab of their own"],
          ["./plinth bench metrics --hosts 5,500", "what Prometheus needs for the figures of so many hosts"],
        ]),
        exitCodesHelp(benchCodes),
      ].join("\n"),
    );
  bench.addCommand(fleetCommand());
  bench.addCommand(cliCommand());
  bench.addCommand(rolesCommand());
  bench.addCommand(metricsCommand());
  return bench;
}

function fleetCommand(): Command {
  return new Command("fleet")
    .description("the real command line and engine on simulated hosts, which answer at once and do no work")
    .addOption(
      new Option("--hosts <sizes>", "numbers of hosts, three of the control plane among them")
        .argParser(parseSizes)
        .default(SIZES, SIZES.join(",")),
    )
    .addOption(new Option("--commit <rev>", "measure this commit and not the files as they are"))
    .addOption(new Option("--skip-checkpoints", "let the engine write its state at the end of a run only"))
    .addOption(
      new Option(
        "--max-startups <start:rate:full>",
        "drop connections as one sshd with this MaxStartups in front of all hosts does, such as 10:30:100",
      ).argParser(parseStartups),
    )
    .addOption(fileOption())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth bench fleet --hosts 5,50 --json after.json", "this work tree"],
          ["./plinth bench fleet --hosts 5,50 --commit v0.1.0 --json before.json", "another commit, by the same tool"],
          ["./plinth bench fleet --hosts 500 --max-startups 10:30:100", "behind a bastion that drops connections"],
        ]),
        exitCodesHelp(benchCodes),
      ].join("\n"),
    )
    .action(fleet);
}

function cliCommand(): Command {
  return new Command("cli")
    .description("time up, preview, drift, status and kubectl on the lab, where nothing is to be changed")
    .addOption(new Option("--times <count>", "runs of each command").argParser(parseTimes).default(TIMES))
    .addOption(fileOption())
    .addHelpText(
      "after",
      [examplesHelp([["./plinth bench cli --times 10", "ten runs of each command"]]), exitCodesHelp(benchCodes)].join(
        "\n",
      ),
    )
    .action(cli);
}

function parseSizes(text: string): number[] {
  return text.split(",").map((part) => {
    const size = Number(part);
    if (Number.isInteger(size) && size >= LEAST_HOSTS) return size;
    throw new InvalidArgumentError(`It must be numbers of ${LEAST_HOSTS} or more such as 5,50.`);
  });
}

function parseStartups(text: string): StartupLimit {
  try {
    return parseStartupLimit(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? `${error.message}.` : String(error));
  }
}

async function fleet(options: FleetOptions): Promise<void> {
  const { requireClone, thisProject } = await import("../project/project.ts");
  requireClone("bench fleet");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { formatTable } = await import("../render/table.ts");
  const { benchFleet, fleetTable, writeReport } = await import("../../bench/index.ts");
  const terminal = makeTerminal({ json: true }); // Progress goes to stderr, the table to stdout.
  const stop = interruption();
  const rows = await benchFleet({
    source: thisProject().dir,
    commit: options.commit,
    sizes: options.hosts,
    skipCheckpoints: options.skipCheckpoints === true,
    startups: options.maxStartups,
    stop,
    say: (line) => {
      terminal.note(line);
    },
  });
  for (const line of formatTable(fleetTable(rows), "")) terminal.print(line);
  if (options.json !== undefined) await writeReport(options.json, { bench: "fleet", ...options, rows });
  if (stop.aborted) throw new QuietExit(Exit.interrupted);
  if (rows.some(({ failure }) => failure !== undefined)) throw new QuietExit(Exit.failed);
}

async function cli(options: CliOptions): Promise<void> {
  const { thisProject } = await import("../project/project.ts");
  const { requireLabCluster } = await import("../session/lab-cluster.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { formatTable } = await import("../render/table.ts");
  const { benchCommands, commandTable, writeReport } = await import("../../bench/index.ts");
  const project = thisProject();
  const terminal = makeTerminal({ json: true });
  await requireLabCluster(project, terminal);
  const stop = interruption();
  const rows = await benchCommands({
    launcher: isPackage ? [process.execPath, join(home, "cli", "bin.js")] : [join(project.dir, "plinth")],
    times: options.times,
    stop,
    say: (line) => {
      terminal.note(line);
    },
  });
  for (const line of formatTable(commandTable(rows), "")) terminal.print(line);
  if (options.json !== undefined) await writeReport(options.json, { bench: "cli", times: options.times, rows });
  if (stop.aborted) throw new QuietExit(Exit.interrupted);
  if (rows.some(({ failure }) => failure !== undefined)) throw new QuietExit(Exit.failed);
}
