import { closeSync, openSync, writeSync } from "node:fs";
import type { EventOf, NewEvent, RunEvent } from "../../plan/runs/event.ts";
import type { Result } from "../../plan/runs/result.ts";
import { runName } from "../../plan/runs/retention.ts";
import { CliError, describeError, exitCodeOf } from "../errors.ts";
import { Exit } from "../exit.ts";
import { findProcess } from "../process/identity.ts";
import type { Phases } from "../process/phases.ts";
import type { Project } from "../project/project.ts";
import { shown } from "../render/terminal.ts";
import { maskText } from "../review/mask.ts";
import { resultOf } from "./result.ts";
import { openStream, runsFolder } from "./store.ts";

export interface JournalOptions {
  project: Pick<Project, "workDir" | "proposal">;
  stack: string;
  /** For example `up`. */
  command: string;
  /** Names of the inventory's hosts. */
  hosts: readonly string[];
  /** Where the events go besides, as the user asks for it. */
  events?: string | undefined;
  phases: Phases;
  /** Knows how the command ends by its exit code. Default: what exit codes mean. */
  account?: { resultOf: (exitCode: number) => Result } | undefined;
  /** Told once when events cannot be written any more: a run does not fail for that. */
  warn: (message: string) => void;
  /** Milliseconds since the epoch. Default: the clock. */
  now?: () => number;
}

interface Sink {
  file: number;
  /** In words. */
  where: string;
}

/** Characters of the reason for a failure that are told. */
const longestReason = 4000;

/** Tells what a run does: to `.plinth/runs/<stack>/`, which the page reads, and to the file that somebody has asked for. */
export class Journal {
  /** Names of the inventory's hosts. */
  readonly hosts: readonly string[];
  readonly #options: JournalOptions;
  readonly #folder: string;
  readonly #now: () => number;
  readonly #begun: number;
  #sinks: Sink[] = [];
  #changes: Readonly<Record<string, number>> = {};
  #exitCode: number | undefined;
  #steps = 0;

  /** @throws CliError (bad input) when the file that the user asks for cannot be written. */
  constructor(options: JournalOptions) {
    const { project, stack, command, hosts, events, warn } = options;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#begun = this.#now();
    this.hosts = hosts;
    this.#folder = runsFolder(project, stack);
    const run = runName(this.#begun, process.pid, command);
    const self = { pid: process.pid, startTicks: findProcess(process.pid)?.startTicks ?? "" };
    const begin: EventOf<"begin"> = {
      ...{ type: "begin", at: this.#begun, run, stack, command, hosts: [...hosts], process: self },
      ...(project.proposal === undefined ? {} : { proposal: true }),
    };
    if (events !== undefined) this.#sinks.push({ file: openOrRefuse(events), where: events });
    try {
      this.#sinks.push({ file: openStream(this.#folder, run), where: this.#folder });
    } catch (error) {
      warn(`what this run does cannot be written down in ${this.#folder}: ${describeError(error, false)}`);
    }
    this.#write(begin);
  }

  tell(event: NewEvent): void {
    if (event.type === "operation-end") this.#changes = event.changes;
    this.#write({ ...event, at: this.#now() });
  }

  /** A number that no other step of this run has. */
  nextStep(): number {
    this.#steps += 1;
    return this.#steps;
  }

  warning(message: string): void {
    this.tell({ type: "warning", message: maskText(message) });
  }

  /** The exit code that the command will end with, where that is not told by what it throws. */
  conclude(exitCode: number): void {
    this.#exitCode = exitCode;
  }

  /**
   * Writes how the run ended, and closes the files.
   *
   * @param error what it ends with; none when it has done what was asked for.
   */
  end(error?: { thrown: unknown }): void {
    const exitCode = error === undefined ? (this.#exitCode ?? Exit.done) : exitCodeOf(error.thrown);
    const message = error === undefined ? "" : describeError(error.thrown, false).slice(0, longestReason);
    const at = this.#now();
    const { account, phases } = this.#options;
    const result = account?.resultOf(exitCode) ?? resultOf(exitCode);
    this.#write({
      ...{ type: "end", at, result, exitCode, duration: at - this.#begun },
      phases: phases.list.map(({ name, duration }) => ({ name, duration: Math.round(duration) })),
      changes: { ...this.#changes },
      ...(message === "" ? {} : { message: maskText(message) }),
    });
    for (const { file } of this.#sinks) closeSync(file);
    this.#sinks = [];
  }

  #write(event: RunEvent): void {
    const line = `${JSON.stringify(event, (_key, value: unknown) => (typeof value === "string" ? shown(value) : value))}\n`;
    this.#sinks = this.#sinks.filter(({ file, where }) => {
      try {
        writeSync(file, line);
        return true;
      } catch (error) {
        this.#options.warn(`events are not written to ${where} any more: ${describeError(error, false)}`);
        return false;
      }
    });
  }
}

function openOrRefuse(path: string): number {
  try {
    return openSync(path, "w");
  } catch (error) {
    throw new CliError(
      `The events cannot be written to ${path}: ${describeError(error, false)}. Name a file in a folder that you may write.`,
      Exit.badInput,
      { cause: error },
    );
  }
}
