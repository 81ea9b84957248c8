import { Command, InvalidArgumentError, Option } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import type { RoleRow } from "../../bench/roles/index.ts";
import { benchCodes, fileOption, interruption, parseTimes } from "./bench-options.ts";

interface RolesOptions {
  hosts: number[];
  delay: number[];
  times: number;
  json?: string;
}

const SIZES = [5, 25];
const DELAYS = [0, 50];
/** The lab's network has no room for more. */
const MOST_HOSTS = 240;
const LONGEST_DELAY = 10_000;

export function rolesCommand(): Command {
  return new Command("roles")
    .description("the same ten tasks by Ansible, pyinfra and Plinth, in turn, on machines of a lab of their own")
    .addOption(
      new Option("--hosts <sizes>", "numbers of machines, a lab for each")
        .argParser(numbers(1, MOST_HOSTS))
        .default(SIZES, SIZES.join(",")),
    )
    .addOption(
      new Option("--delay <delays>", "milliseconds by which each round trip to a host takes longer")
        .argParser(numbers(0, LONGEST_DELAY))
        .default(DELAYS, DELAYS.join(",")),
    )
    .addOption(
      new Option("--times <count>", "how often all of it is done; the table has the middle values")
        .argParser(parseTimes)
        .default(1),
    )
    .addOption(fileOption())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth bench roles --hosts 5,25,100 --delay 0,50 --json roles.json", "three labs, one after the other"],
          ["./plinth bench roles --hosts 25 --delay 0 --times 3", "three times on one lab"],
        ]),
        exitCodesHelp(benchCodes),
      ].join("\n"),
    )
    .action(roles);
}

function numbers(least: number, most: number): (text: string) => number[] {
  return (text) =>
    text.split(",").map((part) => {
      const value = Number(part);
      if (part.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value;
      throw new InvalidArgumentError(`It must be whole numbers from ${least} to ${most} with commas between them.`);
    });
}

async function roles(options: RolesOptions): Promise<void> {
  const { requireClone, thisProject } = await import("../project/project.ts");
  requireClone("bench roles");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { formatTable } = await import("../render/table.ts");
  const { ensure, pulumiRef } = await import("../supply/needs.ts");
  const { Lab } = await import("../../lab/index.ts");
  const { benchRoles, labUser, operatorAddress, rolesTable } = await import("../../bench/roles/index.ts");
  const { writeReport } = await import("../../bench/index.ts");
  const terminal = makeTerminal({ json: true }); // Progress goes to stderr, the table to stdout.
  const stop = interruption();
  const say = (line: string): void => {
    terminal.note(line);
  };
  const rows: RoleRow[] = [];
  try {
    // Hosts' network has no way to where the engine would be fetched from.
    await ensure([await pulumiRef()], terminal);
    await benchRoles({
      source: thisProject().dir,
      sizes: options.hosts,
      delays: options.delay,
      times: options.times,
      lab: (projectDir, hosts) =>
        new Lab({
          ...{ projectDir, hosts: [...hosts], user: labUser, onProgress: say },
          ...{ subnet: "10.27.0.0/24", gateway: operatorAddress, podCidr: "10.28.0.0/16" },
        }),
      add: (row) => {
        rows.push(row);
      },
      say,
      stop,
    });
  } finally {
    if (rows.length > 0) for (const line of formatTable(rolesTable(rows), "")) terminal.print(line);
    if (options.json !== undefined) await writeReport(options.json, { bench: "roles", ...options, rows });
  }
  if (stop.aborted) throw new QuietExit(Exit.interrupted);
  if (rows.some(({ failure }) => failure !== undefined)) throw new QuietExit(Exit.failed);
}
