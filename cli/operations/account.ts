import { randomUUID } from "node:crypto";
import { stripVTControlCharacters } from "node:util";
import type { DriftReport } from "../../plan/drift.ts";
import type { Finding } from "../../plan/findings.ts";
import { firstOf, longest, type Notice } from "../../plan/notices/notice.ts";
import type { Result } from "../../plan/runs/result.ts";
import { describeError, isProgramFindings, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { noticeText } from "../notices/text.ts";
import type { Phases } from "../process/phases.ts";
import { isChange, type RunEvents } from "../pulumi/events.ts";
import { shown } from "../render/terminal.ts";
import { maskText } from "../review/mask.ts";
import { resultOf } from "../runs/result.ts";

/** What a command says about itself while it runs: for the history, for a report, and for who is told. */
export class Account {
  readonly #events: RunEvents[] = [];
  readonly #problems: string[] = [];
  #hosts: readonly string[] | undefined;
  #drift: DriftReport | undefined;
  #isDeclined = false;

  /** A run of the engine begins. It counts as far as it comes. */
  readonly follow = (events: RunEvents): void => {
    this.#events.push(events);
  };

  /** The hosts of the inventory, by name. */
  ofHosts(names: readonly string[]): void {
    this.#hosts = names;
  }

  /** Something went wrong that is no error: what was done stays. */
  problem(sentence: string): void {
    this.#problems.push(sentence);
  }

  /** Somebody was asked, and said no. */
  declined(): void {
    this.#isDeclined = true;
  }

  /** A look for drift is over. */
  looked(report: DriftReport): void {
    this.#drift = report;
  }

  get hosts(): readonly string[] {
    return this.#hosts ?? [];
  }

  get steps(): RunEvents["steps"] {
    return this.#events.flatMap(({ steps }) => steps);
  }

  get changes(): Record<string, number> {
    const all = this.#events.flatMap(({ changes }) => Object.entries(changes).filter(([op]) => isChange(op)));
    return Object.fromEntries(
      [...Map.groupBy(all, ([op]) => op)].map(([op, some]) => [op, sum(some.map(([, n]) => n))]),
    );
  }

  resultOf(exitCode: number): Result {
    if (this.#isDeclined) return "declined";
    if (exitCode === Exit.changes && this.#drift !== undefined) return "drift";
    return resultOf(exitCode);
  }

  get differences(): number | undefined {
    return this.#drift?.differences.length;
  }

  /** What there is to tell of the run, at its end. */
  notice(
    { stack, command, phases }: { stack: string; command: string; phases: Phases },
    { began, duration, exitCode, error }: Ending,
  ): Notice {
    const findings = isProgramFindings(error) ? (error.findings as readonly Finding[]) : [];
    const isSaid = error === undefined || error instanceof QuietExit || findings.length > 0;
    const problems = [...this.#problems, ...(isSaid ? [] : [describeError(error, false)])];
    const drift = this.#drift;
    const known = {
      version: 1 as const,
      id: randomUUID(),
      stack,
      command,
      result: this.resultOf(exitCode),
      exitCode,
      began: began.toISOString(),
      seconds: toSeconds(duration),
      ...(this.#hosts === undefined ? {} : { hosts: this.#hosts.length }),
      changes: this.changes,
      phases: phases.list.map((phase) => ({ name: phase.name, seconds: toSeconds(phase.duration) })),
      problems: problems.slice(0, longest.list).map((problem) => clean(problem, longest.text)),
      findings: firstOf(findings, ({ rule, hosts, message, remedy }) => ({
        ...{ rule, hosts: [...hosts] },
        ...{ message: clean(message), remedy: clean(remedy) },
      })),
      ...(drift === undefined
        ? {}
        : {
            differences: firstOf(drift.differences, ({ host, bundle, kind, name, detail }) => ({
              ...(host === undefined ? {} : { host }),
              ...(bundle === undefined ? {} : { bundle }),
              ...{ kind, name: clean(name), detail: clean(detail) },
            })),
            unseen: firstOf(drift.unseen, ({ host, message }) => ({
              ...(host === undefined ? {} : { host }),
              message: clean(message),
            })),
          }),
    };
    return { ...known, text: noticeText(known) };
  }
}

/** How a command ended. */
export interface Ending {
  began: Date;
  /** Milliseconds. */
  duration: number;
  exitCode: number;
  /** What it has thrown; undefined where it has returned. */
  error: unknown;
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const toSeconds = (milliseconds: number): number => Math.round(milliseconds / 100) / 10;

/** Characters behind the end of a text that are looked at with it: a secret that is cut in two looks like none. */
const margin = 200;

/** Text without secrets and colours, of a length that can be sent. It is cut before it is searched: a host may say anything. */
function clean(text: string, most: number = longest.item): string {
  const seen = stripVTControlCharacters(text).slice(0, most + margin);
  return maskText(shown(seen)).slice(0, most).toWellFormed();
}
