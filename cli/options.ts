import { InvalidArgumentError, Option } from "commander";
import { LAB_STACK, wasTakenDown } from "./lab/stack.ts";
import { backupRule } from "../plan/backup/before.ts";
import { goneRule } from "../plan/guards/gone.ts";
import { readRequests, requestEnvironment } from "../plan/requests.ts";
import { pluginModes } from "./pulumi/plugins.ts";

/** The stack of hosts on this machine. */

export const stackOption = (): Option => new Option("-s, --stack <name>", "the stack to work on").default(LAB_STACK);

export const jsonOption = (): Option => new Option("--json", "print one JSON document on stdout, progress on stderr");

export const reportOption = (): Option =>
  new Option("--report <file>", "also write what came of it as Markdown, for an issue (docs/notices.md)");

export const yesOption = (): Option =>
  new Option("-y, --yes", "do not ask; without a terminal nothing is asked either");

export const pluginsOption = (): Option =>
  new Option("--plugins <kind>", "resource plugins: Plinth's own, or Pulumi's official ones")
    .choices(pluginModes)
    .default("bundled");

export const diffOption = (): Option => new Option("--diff", "show the changed lines of what goes to each host");

export const eventsOption = (): Option =>
  new Option("--events <file>", "also write what is done into this file while it is done, one JSON document a line");

export const planOption = (): Option =>
  new Option("--plan <file>", "do nothing that this plan of `review --save` does not hold");

export const inventoryOption = (): Option =>
  new Option(
    "--inventory <file>",
    "use this inventory of `inventory --json` in place of hosts/<stack>.ts, which is not loaded: it is data, and no code runs",
  );

export const configOption = (): Option =>
  new Option(
    "--config <file>",
    "use this file in place of Pulumi.<stack>.yaml, from which it may differ in what hosts and cluster shall be only",
  );

export const targetOption = (): Option =>
  new Option("-t, --target <urn|host...>", "work on these resources only: URNs (* and ** match), or names of hosts");

export const expectNoChangesOption = (): Option =>
  new Option("--expect-no-changes", "change nothing, and exit with 4 when something would change");

export const lostOption = (): Option =>
  new Option(
    "--lost <host...>",
    "these hosts are gone for good: end their membership without them, clean nothing up there",
  );

export const replaceOption = (): Option =>
  new Option("--replace <host...>", "these hosts are other machines, or have other disks, than before");

export const overrideOption = (): Option =>
  new Option("--override <guard...>", "set these guards aside for this run, by name");

export const withoutBackupOption = (): Option =>
  new Option(
    "--without-backup",
    `change members or versions also where no target takes a set of data (--override ${backupRule})`,
  );

/**
 * What the operator asks of this run only, for the program: it reads the environment, as under plain `pulumi`. Whoever has
 * taken the lab down is not asked whether a new cluster may be started there.
 */
export function announceRequests(options: {
  stack?: string;
  lost?: string[];
  replace?: string[];
  override?: string[];
  withoutBackup?: boolean;
}): void {
  const before = readRequests(process.env);
  const overrides = [
    ...(options.override ?? before.overrides),
    ...(options.withoutBackup === true ? [backupRule] : []),
  ];
  const asked = {
    lost: options.lost,
    replace: options.replace,
    overrides:
      options.stack === LAB_STACK && wasTakenDown() ? [...new Set([...overrides, goneRule])] : [...new Set(overrides)],
  };
  const requests = Object.fromEntries(
    Object.entries(asked).flatMap(([name, names]) => (names === undefined ? [] : [[name, names]])),
  );
  Object.assign(process.env, requestEnvironment({ ...before, ...requests }));
}

export const parallelOption = (): Option =>
  new Option(
    "-p, --parallel <count>",
    "resource operations at the same time (default: four per host, at least 16)",
  ).argParser(parseCount);

export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("It must be a whole number of 1 or more.");
  return value;
}

export const everyOption = (seconds: number): Option =>
  new Option("--every <seconds>", `between two looks (default: ${seconds})`).argParser(parseCount);

export const onOption = (): Option =>
  new Option(
    "--on <selector>",
    "hosts by name (cp1,w2 or w*), role=, region=, zone=, rack=, label:KEY=VALUE; comma is or, & is and, ! is not (default: all)",
  );

export const rootOption = (): Option => new Option("--root", "as root, by sudo; without it as the user who logs in");

export const hostsAtOnceOption = (): Option =>
  new Option("-p, --parallel <count>", "hosts at the same time (default: plinth:sshDials)").argParser(parseCount);

/** Longest time-out that a timer takes: 24 days. */
const mostSeconds = 2_000_000;

function parseSeconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > mostSeconds || text.trim() === "")
    throw new InvalidArgumentError(`It must be a whole number of seconds from 0 (no limit) to ${mostSeconds}.`);
  return value;
}

export const timeoutOption = (seconds: number): Option =>
  new Option("--timeout <seconds>", "for each host, once it has begun; 0: no limit")
    .argParser(parseSeconds)
    .default(seconds);
