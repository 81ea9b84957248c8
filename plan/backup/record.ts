import { z } from "zod";
import type { LineReaders } from "../look.ts";
import { words } from "../look.ts";
import { ageText } from "../networkcheck/record.ts";
import { printable } from "../printable.ts";
import { timeOfId } from "./listing.ts";
import type { BackupSettings } from "./settings.ts";
import { clockSlack, type BackupSet } from "./set.ts";

type Kind = BackupSet["kind"];

/** What a member of etcd knows of a target. */
export type BackupRecord = { target: string; kind: Kind } & (
  | {
      id: string;
      /** Seconds since the epoch. */
      at: number;
      /** SHA-256, see plan/backup/set.ts. */
      sha256: string | undefined;
    }
  | {
      /** Seconds since the epoch. */
      failedAt: number;
      reason: string;
    }
);

const kind = z.enum(["data", "state"]);
const target = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/);
const epoch = z
  .string()
  .regex(/^\d{1,12}$/)
  .transform(Number);
const number = z.string().regex(/^(-|\d{1,15})$/);
const digest = z.string().regex(/^(-|[0-9a-f]{64})$/);
const id = z.string().refine((text) => timeOfId(text) !== undefined && text.length <= 100);

/** Readers of the lines of scripts/look/backups.sh. */
export function backupReaders(take: (record: BackupRecord) => unknown): LineReaders {
  return {
    backup: words("its backups", z.tuple([target, kind, id, epoch, number, number, digest]), (line) => {
      const [name, half, set, at, , , sha256] = line;
      take({ target: name, kind: half, id: set, at, sha256: sha256 === "-" ? undefined : sha256 });
    }),
    "backup-failed": words("its backups", z.tuple([target, kind, epoch], z.string()), ([name, half, at, ...reason]) =>
      take({ target: name, kind: half, failedAt: at, reason: printable(reason.join(" "), 300) }),
    ),
  };
}

/** What is known of one target, over all members. */
export interface TargetState {
  target: string;
  kind: Kind;
  /** The newest set; for a directory, the oldest of the newest of all members: each has its own. */
  newest: { id: string; at: number; sha256: string | undefined } | undefined;
  /** What failed since, each with the host that says so. */
  failures: { host: string; at: number; reason: string }[];
}

/** @param records of members, by host. */
export function targetStates(
  { targets }: Pick<BackupSettings, "targets">,
  records: ReadonlyMap<string, readonly BackupRecord[]>,
): TargetState[] {
  return targets.flatMap(({ name, directory }) =>
    kind.options.map((half): TargetState => {
      const told = [...records].flatMap(([host, list]) =>
        list.filter((record) => record.target === name && record.kind === half).map((record) => ({ host, ...record })),
      );
      const sets = told.flatMap((record) => ("id" in record ? [record] : [])).toSorted((a, b) => a.at - b.at);
      const newest = directory === undefined ? sets.at(-1) : sets[0];
      const failures = told.flatMap((record) => {
        if (!("failedAt" in record)) return [];
        // Another member has served a target that they share since.
        if (directory === undefined && newest !== undefined && newest.at >= record.failedAt) return [];
        return [{ host: record.host, at: record.failedAt, reason: record.reason }];
      });
      return {
        target: name,
        kind: half,
        newest: newest === undefined ? undefined : { id: newest.id, at: newest.at, sha256: newest.sha256 },
        failures,
      };
    }),
  );
}

/** Intervals after which a set of data is too old: one may be under way, and one member may have been down. */
const lateIntervals = 1.5;
/** Minutes more, for the timers. */
const slackMinutes = 10;
/** By whose clocks sets are dated. */
const makers: Readonly<Record<Kind, string>> = { data: "members", state: "operators' machines" };

/**
 * What an operator should look at: targets that fail, sets that are too old, and a state that has changed since it was kept.
 *
 * @param at seconds since the epoch.
 * @param command how to make sets now.
 */
export function judgeBackups(
  settings: BackupSettings,
  states: readonly TargetState[],
  at: number,
  command: string,
): { host: string | undefined; message: string }[] {
  const longest = (settings.everyMinutes * lateIntervals + slackMinutes) * 60;
  return states.flatMap(({ target: name, kind: half, newest, failures }) => {
    const about = `backup target ${name}`;
    const failed = failures.map(({ host, at: when, reason }) => ({
      host,
      message: `${about} failed ${ageText(at - when)} ago (${half}): ${reason}`,
    }));
    const late = (message: string) => [{ host: undefined, message: `${about} ${message}: ${command}` }];
    if (newest === undefined) return [...failed, ...late(`has no set of ${half}`)];
    if (newest.at > at + clockSlack)
      return [
        ...failed,
        ...late(
          `has a newest set of ${half} that is dated in the future (${newest.id}), compare the clocks of ${makers[half]}`,
        ),
      ];
    if (half === "data" && at - newest.at > longest)
      return [...failed, ...late(`has a newest set of data that is ${ageText(at - newest.at)} old`)];
    return failed;
  });
}

/** A line for people for each target. @param at seconds since the epoch. */
export function backupRows(states: readonly TargetState[], at: number): string[][] {
  const text = (state: TargetState | undefined): string =>
    state?.newest === undefined
      ? "none"
      : `${ageText(at - state.newest.at)} ago${state.failures.length > 0 ? ", failed since" : ""}`;
  const names = [...new Set(states.map((state) => state.target))];
  return names.map((name) => {
    const of = (half: Kind): TargetState | undefined =>
      states.find((state) => state.target === name && state.kind === half);
    return [name, text(of("data")), text(of("state"))];
  });
}
