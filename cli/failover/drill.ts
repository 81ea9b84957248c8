import { setTimeout as sleep } from "node:timers/promises";
import { drillProblems, summarizeAll, summaryLines, type ClientSummaries } from "../../plan/failover/clients.ts";
import {
  chooseHost,
  failoverObstacles,
  notWell,
  type FailoverChoice,
  type FailoverHost,
} from "../../plan/failover/hosts.ts";
import type { Host } from "../../plan/inventory.ts";
import { CliError, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { untilAborted } from "../process/until-aborted.ts";
import type { Terminal } from "../render/terminal.ts";
import type { FailoverClients } from "./clients.ts";
import { NoAnswer } from "./host.ts";

export interface FailoverRun {
  stack: string;
  inventory: readonly Host[];
  /** URL by which clients reach the API. */
  endpoint: string;
  /** The host that was asked for. */
  named: string | undefined;
  /** For which services are away. */
  seconds: number;
  /** Seconds that clients may be without a good answer. */
  maxGap: number;
  look: () => Promise<FailoverHost[]>;
  /** Runs scripts/host/failover.sh with these words on a host, and returns what it printed. */
  onHost: (host: string, words: readonly string[], seconds: number) => Promise<string>;
  clients: FailoverClients;
  /** Asks; what `--yes` answers at once. */
  agrees: (question: string) => Promise<boolean>;
  terminal: Pick<Terminal, "note" | "print" | "warn">;
  /** Aborted once services are to be started again before their time. */
  signal: AbortSignal;
  /** Seconds for the host to be well again. Tests wait less. */
  patience?: number;
}

/** What a drill has found; seconds. */
export interface FailoverReport {
  stack: string;
  host: string;
  why: string;
  /** What was stopped. */
  units: string[];
  /** When, ISO 8601. */
  at: string;
  seconds: number;
  maxGapSeconds: number;
  clients: ClientSummaries;
  /** From the start of the services until all was well; undefined: it was not in time. */
  backAfterSeconds: number | undefined;
  result: "ok" | "failed";
  problems: string[];
}

/** Seconds in which a host has all of its services up and its member has caught up. */
const backSeconds = 300;
/** Milliseconds between two looks. */
const lookEvery = 2000;
/** Seconds for the host's answer, beyond those that its services may take to stop. */
const answerSeconds = 60;

/**
 * Takes the services of one control-plane host away, asks the API meanwhile, and waits until the host is well again. From the first stop
 * on the host itself sees to it that its services start again.
 *
 * @throws CliError (refused) when nothing was stopped because something stands against it; QuietExit when it was not asked for; what the
 * signal was aborted with, once services are started again.
 */
export async function drillFailover(run: FailoverRun): Promise<FailoverReport> {
  const { stack, clients, terminal, signal, seconds, maxGap } = run;
  const { host, why, units: wanted } = await allowed(run);
  for (const line of planLines(run, host, why, wanted)) terminal.print(line);
  if (!(await run.agrees(`Take the services of ${host} away for ${seconds} s?`))) {
    terminal.print("Nothing was stopped.");
    throw new QuietExit(Exit.failed);
  }
  try {
    await started(clients, signal);
    const from = performance.now();
    const at = new Date().toISOString();
    const units = await stopped(run, host, wanted);
    terminal.note(`${host}: stopped ${units.join(", ")}`);
    await away(run, host, from);
    const { after, problems: left } = await back(run, host);
    const summaries = summarizeAll(clients.attempts, from, performance.now());
    const problems = drillProblems(summaries, maxGap, left);
    return {
      ...{ stack, host, why, units, at, seconds, maxGapSeconds: maxGap, clients: summaries },
      ...{ backAfterSeconds: after, result: problems.length === 0 ? "ok" : "failed", problems },
    };
  } finally {
    await clients.stop().catch((error: unknown) => {
      terminal.warn(`what the clients wrote could not be removed: ${sentenceOf(error)}`);
    });
  }
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function noHost({ named, inventory, stack }: Pick<FailoverRun, "named" | "inventory" | "stack">): CliError {
  const possible = inventory.filter(({ roles }) => roles.includes("control-plane")).map(({ name }) => name);
  return new CliError(
    possible.length === 0
      ? `Stack "${stack}" has no control-plane hosts: name that of its cluster by --stack.`
      : `There is no control-plane host called ${named ?? ""}; there are: ${possible.join(", ")}.`,
    Exit.badInput,
  );
}

/** Looks at the hosts, and says on which one the drill is, why, and what it stops. */
async function allowed(run: FailoverRun): Promise<FailoverChoice & { units: string[] }> {
  const hosts = await run.look();
  const chosen = chooseHost(hosts, run.named);
  if (chosen === undefined) throw noHost(run);
  const obstacles = failoverObstacles(hosts, chosen.host, run, Date.now() / 1000);
  const units = hosts.flatMap((one) => (one.name === chosen.host ? [...one.units.keys()] : []));
  if (obstacles.length === 0) return { ...chosen, units };
  throw new CliError(
    [
      `The services of ${chosen.host} are not taken away:`,
      ...obstacles.map((obstacle) => `  - ${obstacle}`),
      "Nothing was stopped. ./plinth status tells more.",
    ].join("\n"),
    Exit.refused,
  );
}

function planLines(
  { stack, seconds, endpoint }: FailoverRun,
  host: string,
  why: string,
  units: readonly string[],
): string[] {
  return [
    `Failover drill of stack "${stack}" on ${host} (${why})`,
    `  stops     ${units.join(", ")}; kubelet and containerd stay, and pods run on`,
    `  for       ${seconds} s: then the host starts them by itself, whatever becomes of this command`,
    "  clients   connections through this host are cut and have to be opened again; requests under way may fail, and for some seconds new ones, too",
    `  measures  reads and writes from here by ${endpoint}`,
  ];
}

async function started(clients: FailoverClients, signal: AbortSignal): Promise<void> {
  try {
    await clients.start(signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new CliError(
      `Nothing was stopped: clients on this machine do not get what they ask the API for already (${sentenceOf(error)}).`,
      Exit.refused,
    );
  }
}

/** @throws CliError when they were not stopped: then the host has started them again. */
async function stopped(run: FailoverRun, host: string, units: readonly string[]): Promise<string[]> {
  const { seconds, terminal, signal } = run;
  signal.throwIfAborted();
  terminal.note(`${host}: stopping its services`);
  try {
    const text = await run.onHost(host, ["begin", String(seconds), ...units], seconds + answerSeconds);
    return [...text.matchAll(/^stopped (\S+)$/gm)].map(([, unit = ""]) => unit);
  } catch (error) {
    // Its services may be away.
    if (error instanceof NoAnswer) await ended(run, host);
    throw error;
  }
}

/** Waits for the time that the host goes by. Whoever interrupts it has them started now. */
async function away(run: FailoverRun, host: string, from: number): Promise<void> {
  const { seconds, signal, terminal } = run;
  const left = Math.max(0, from + seconds * 1000 - performance.now());
  terminal.note(`${host}: they start again in ${Math.round(left / 1000)} s`);
  try {
    await sleep(left, undefined, { signal });
  } catch (error) {
    await ended(run, host);
    throw error;
  }
}

async function ended({ onHost, terminal, seconds }: FailoverRun, host: string): Promise<void> {
  try {
    await onHost(host, ["end"], answerSeconds);
  } catch (error) {
    terminal.warn(
      `${host} cannot be told to start its services (${sentenceOf(error)}): it does so by itself, ${seconds} s after they were stopped`,
    );
  }
}

/** Waits until the host and etcd are well. Whoever interrupts it waits for no more than the start of services. */
async function back(run: FailoverRun, host: string): Promise<{ after: number | undefined; problems: string[] }> {
  try {
    return await untilAborted(run.signal, untilWell(run, host));
  } catch (error) {
    // By its own clock the host may not have begun to start them.
    if (run.signal.aborted) await ended(run, host);
    throw error;
  }
}

async function untilWell(run: FailoverRun, host: string): Promise<{ after: number | undefined; problems: string[] }> {
  const { look, terminal, signal, patience = backSeconds } = run;
  const begin = performance.now();
  terminal.note(`${host}: waiting until its member, API server and Node are well`);
  for (;;) {
    const problems = notWell(await look(), host);
    const after = (performance.now() - begin) / 1000;
    if (problems.length === 0) return { after: Math.round(after * 10) / 10, problems };
    if (after > patience) return { after: undefined, problems };
    await sleep(lookEvery, undefined, { signal });
  }
}

/** What a drill has found, for people. */
export function reportLines({ host, clients, backAfterSeconds, seconds }: FailoverReport): string[] {
  return [
    `What clients saw while the services of ${host} were away for ${seconds} s, and until it was well again:`,
    ...summaryLines(clients).map((line) => `  ${line}`),
    ...(backAfterSeconds === undefined
      ? []
      : [
          `${host} is back: ${backAfterSeconds} s after the start of its services its member, API server and Node were well.`,
        ]),
  ];
}
