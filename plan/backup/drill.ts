import { z } from "zod";
import { words, type LineReaders } from "../look.ts";
import { quorumOf } from "../membership.ts";
import { ageText } from "../networkcheck/record.ts";
import { printable } from "../printable.ts";
import { timeOfId } from "./listing.ts";
import { clockSlack } from "./set.ts";
import type { BackupSettings } from "./settings.ts";

/** The parts of a drill, in their order; `copies` reads those that it was not made with. */
export const drillPhases = ["fetch", "copies", "restore", "serve", "compare"] as const;
export type DrillPhase = (typeof drillPhases)[number];

/** The result of a restore drill, as members of etcd keep it (scripts/backup/drill.sh, verb `drill`). */
export interface DrillRecord {
  /** When it ended, seconds since the epoch, by the clock of the operator's machine. */
  at: number;
  /** How long it took, whole seconds. */
  seconds: number;
  result: "ok" | "failed";
  /** Id of the set of data; undefined where it came to none. */
  set: string | undefined;
  /** Why it failed, one line of at most {@link longestReason} characters; empty where it did not. */
  reason: string;
}

/** Characters. */
const longestReason = 300;

/** The first problem stands for all of them: the others were printed. */
export function drillRecord(
  outcome: Pick<DrillRecord, "set"> & { endedAt: number; seconds: number; problems: readonly string[] },
): DrillRecord {
  const [first] = outcome.problems;
  return {
    at: Math.floor(outcome.endedAt / 1000),
    seconds: Math.round(outcome.seconds),
    result: first === undefined ? "ok" : "failed",
    set: outcome.set,
    reason: first === undefined ? "" : oneLine(first),
  };
}

/** What fits into a line of a record, and comes back from hosts as it was. */
function oneLine(text: string): string {
  // Escaped first: that makes it longer.
  const line = printable(printable(text.replace(/\s+/g, " ").trim()), longestReason - 1).trim();
  return line === "" ? "no reason was told" : line;
}

/** A record as it goes to members. */
export function renderDrillRecord({ at, seconds, result, set, reason }: DrillRecord): string {
  const lines = [`at ${at}`, `seconds ${seconds}`, `result ${result}`, `set ${set ?? "-"}`];
  return [...lines, ...(result === "failed" ? [`reason ${reason}`] : []), ""].join("\n");
}

const whole = z
  .string()
  .regex(/^\d{1,12}$/)
  .transform(Number);
const setOrNone = z
  .string()
  .refine((text) => text === "-" || (timeOfId(text) !== undefined && text.length <= 100))
  .transform((text) => (text === "-" ? undefined : text));

/** Reads the line of scripts/look/backups.sh about the last drill. */
export function drillReaders(take: (record: DrillRecord) => unknown): LineReaders {
  const line = z.tuple([whole, whole, z.enum(["ok", "failed"]), setOrNone], z.string());
  return {
    drill: words("its last restore drill", line, ([at, seconds, result, set, ...reason]) =>
      take({ at, seconds, result, set, reason: result === "ok" ? "" : printable(reason.join(" "), longestReason) }),
    ),
  };
}

/** Whether so many of all members are more than half of them: what fewer say does not count. */
export function isMost(count: number, all: number): boolean {
  return count >= quorumOf(all);
}

/** What all members together tell: a record, none, or that they do not agree on one. */
export type KnownDrill = DrillRecord | "none" | "divided";

/**
 * The record that counts: the one that more than half of the members tell alike. What a single host says could be made up, and one
 * that was down has an old one.
 *
 * @param told one for each member that answered, undefined where it has no record.
 * @param now seconds since the epoch; a record from the future counts as none, for it would never be overdue.
 */
export function drillOf(told: readonly (DrillRecord | undefined)[], now: number): KnownDrill {
  const credible = told.map((record) => (record === undefined || record.at > now + clockSlack ? undefined : record));
  const votes = Map.groupBy(credible, (record) => (record === undefined ? "" : renderDrillRecord(record)));
  const most = [...votes.values()].find((alike) => isMost(alike.length, told.length));
  if (most !== undefined) return most[0] ?? "none";
  return told.length === 0 ? "none" : "divided";
}

const secondsPerDay = 86_400;

/** `less than a day`, `1 day`, `12 days`. */
function daysText(seconds: number): string {
  const days = Math.floor(seconds / secondsPerDay);
  return days < 1 ? "less than a day" : days === 1 ? "1 day" : `${days} days`;
}

/**
 * What an operator should look at: a drill that failed; and with an age in the configuration one that is too old, or none.
 *
 * @param now seconds since the epoch.
 * @param command how to make one.
 */
export function judgeDrill(
  known: KnownDrill,
  { drill }: Pick<BackupSettings, "drill">,
  now: number,
  command: string,
): string[] {
  const most = drill?.maxAgeDays;
  if (typeof known === "string") {
    if (most === undefined) return [];
    const what =
      known === "none"
        ? "members know of no restore drill"
        : "members do not tell the same of the last restore drill: the latest one did not reach most of them";
    return [`${what}: run ${command}`];
  }
  const age = Math.max(0, now - known.at);
  if (known.result === "failed")
    return [`the last restore drill failed ${ageText(age)} ago (${known.reason}): see to it, then run ${command}`];
  if (most === undefined || age <= most * secondsPerDay) return [];
  return [
    `the last restore drill was ${daysText(age)} ago, and plinth:backup.drill.maxAgeDays is ${most}: run ${command}`,
  ];
}

/** A line for people. @param now seconds since the epoch. */
export function drillLine(known: KnownDrill, now: number): string {
  if (known === "none") return "no restore drill is known";
  if (known === "divided") return "members do not tell the same of the last restore drill";
  const { at, seconds, result, set } = known;
  const of = set === undefined ? "" : ` of the set ${set}`;
  const how = result === "ok" ? "good" : "failed";
  return `last restore drill ${ageText(now - at)} ago${of}: ${how}, in ${seconds} s`;
}
