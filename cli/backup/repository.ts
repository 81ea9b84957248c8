import { spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough, pipeline, type Readable } from "node:stream";
import { z } from "zod";
import { parseListing, type SnapshotOfSet } from "../../plan/backup/listing.ts";
import { printable } from "../../plan/printable.ts";
import { CliError } from "../errors.ts";
import { listToPrune, mostComplaint, usualList } from "./limits.ts";
import type { Place } from "./places.ts";

/** See `Restic.reachSeconds`. */
const usualReach = 60;
/** Seconds for a whole run: sets of some GiB over a slow line. */
const longestSeconds = 3600;
/** Snapshots on one command line of 65 bytes each: a quarter of the 128 KiB that every system takes, whatever its limit of the stack. */
const forgottenAtOnce = 500;

/** What runs restic on this machine. */
export interface Restic {
  /** Path of the executable. */
  executable: string;
  password: string;
  /** Where it keeps what it has read of lists and trees; undefined: nowhere, and all is read anew. */
  cacheDir: string | undefined;
  signal: AbortSignal;
  /** Seconds until a place that does not answer counts as unreachable. Default: 60; restic itself tries for a quarter of an hour. */
  reachSeconds?: number;
}

/** What restic ends with (its manual, "Exit codes"). */
const exits = { missing: 10, locked: 11, wrongPassword: 12 } as const;

/** A repository that cannot be used, with the reason. */
export class RepositoryError extends CliError {
  readonly place: string;

  constructor(place: string, reason: string) {
    super(`Target ${place}: ${reason}`);
    this.place = place;
  }
}

/** restic reads `-o` as a line of CSV (pflag's StringSlice). */
export function csvField(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The environment of this process, less what tells restic of other repositories of the operator's. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("RESTIC_")));
}

function started(restic: Restic, place: Place, args: readonly string[], seconds: number) {
  const { url, options, authorityFile, env } = place;
  return spawn(
    restic.executable,
    [
      ...["--quiet", ...(restic.cacheDir === undefined ? ["--no-cache"] : ["--cache-dir", restic.cacheDir])],
      // A member that writes is waited for.
      ...["--retry-lock", "2m", "--repo", url],
      ...options.flatMap((option) => ["-o", csvField(option)]),
      ...(authorityFile === undefined ? [] : ["--cacert", authorityFile]),
      ...args,
    ],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...ownEnvironment(), ...env, RESTIC_PASSWORD: restic.password },
      signal: AbortSignal.any([restic.signal, AbortSignal.timeout(seconds * 1000)]),
    },
  );
}

/** restic's reason, from what it wrote to stderr. */
function reasonOf(stderr: string, code: number | null): string {
  switch (code) {
    case exits.missing:
      return "there is no repository yet: no set has been stored there";
    case exits.wrongPassword:
      return "the password of plinth:backup is not that of the repository";
    case exits.locked:
      return "the repository is locked by another run of restic; when it is certainly dead, run ./plinth backup prune, which removes old locks";
    default: {
      const lines = stderr.split("\n").flatMap((line) => (line.trim() === "" ? [] : messageOf(line).split("\n")));
      // What follows is where the repository is.
      const reason = lines.findLast((line) => line.startsWith("Fatal: ")) ?? lines.at(-1);
      return printable((reason ?? `restic ended with ${code ?? "a signal"}`).replace(/^Fatal: /, ""), 300);
    }
  }
}

/** What restic last told of its attempts, of a place that does not answer. */
function lastAttempt(stderr: string): string {
  const told = [...stderr.matchAll(/ retrying after \S+: (.+)/g)].at(-1)?.[1];
  return told === undefined ? "" : `: ${printable(told, 300)}`;
}

/** The sentence in a line of restic's, which is JSON where `--json` was asked for. */
function messageOf(line: string): string {
  if (!line.startsWith("{")) return line;
  try {
    return z.object({ message: z.string() }).parse(JSON.parse(line)).message;
  } catch {
    return line;
  }
}

async function outcomeOf(
  child: ReturnType<typeof started>,
  { signal }: Restic,
  place: Place,
  seconds: number,
  stderr: () => string,
): Promise<void> {
  let code: number | null;
  try {
    [code] = (await once(child, "close")) as [number | null];
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError" && !signal.aborted)
      throw new RepositoryError(place.name, `no answer within ${seconds} s${lastAttempt(stderr())}`);
    throw error;
  }
  if (code !== 0) throw new RepositoryError(place.name, reasonOf(stderr(), code));
}

/** What restic has written to stderr so far, of its end. */
function complaintOf({ stderr }: ReturnType<typeof started>): () => string {
  let text = "";
  stderr.setEncoding("utf8").on("data", (more: string) => (text = (text + more).slice(-mostComplaint)));
  return () => text;
}

/** Runs restic on a place, and gives what it printed. @param most bytes of that. @throws RepositoryError with the reason. */
async function run(
  restic: Restic,
  place: Place,
  args: readonly string[],
  seconds: number,
  most = usualList.bytes,
): Promise<string> {
  const child = started(restic, place, args, seconds);
  let out = "";
  let bytes = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    bytes += Buffer.byteLength(text);
    if (bytes <= most) out += text;
    else child.kill("SIGKILL");
  });
  const ended = outcomeOf(child, restic, place, seconds, complaintOf(child));
  // Killed for it, or done before that.
  await ended.finally(() => {
    if (bytes > most) throw new RepositoryError(place.name, `it lists more than ${most / 2 ** 20} MiB`);
  });
  return out;
}

/** The sets of a place, oldest first. @throws RepositoryError also where there are more than the limits, or it is no list. */
export async function listSets(restic: Restic, place: Place, limits = usualList): Promise<SnapshotOfSet[]> {
  // A lock would have to be deleted again, which not all that may read may do.
  const args = ["snapshots", "--json", "--no-lock"];
  const list = await run(restic, place, args, restic.reachSeconds ?? usualReach, limits.bytes);
  try {
    return parseListing(list, limits.sets);
  } catch (error) {
    throw new RepositoryError(place.name, error instanceof Error ? error.message : String(error));
  }
}

/** Whether all that a place has is whole. @param part of its data that is read, e.g. `100%`. */
export async function checkPlace(restic: Restic, place: Place, part: string): Promise<void> {
  await run(restic, place, ["check", "--no-lock", `--read-data-subset=${part}`], longestSeconds);
}

/** Takes snapshots away, and what nothing refers to any more. */
export async function forgetSets(restic: Restic, place: Place, snapshots: readonly string[]): Promise<void> {
  await run(restic, place, ["unlock"], restic.reachSeconds ?? usualReach);
  if (snapshots.length > 0) await forget(restic, place, snapshots);
  await run(restic, place, ["prune"], longestSeconds);
}

/** restic ends well where the store has refused to delete: what it lists counts. */
async function forget(restic: Restic, place: Place, snapshots: readonly string[]): Promise<void> {
  for (let from = 0; from < snapshots.length; from += forgottenAtOnce)
    await run(restic, place, ["forget", ...snapshots.slice(from, from + forgottenAtOnce)], longestSeconds);
  const forgotten = new Set(snapshots);
  const left = (await listSets(restic, place, listToPrune)).filter(({ snapshot }) => forgotten.has(snapshot));
  if (left.length > 0) {
    throw new RepositoryError(
      place.name,
      `${left.length} of ${snapshots.length} sets could not be deleted: has the operator the right to?`,
    );
  }
}

/** The sealed content of a set. What is wrong shows at the stream's end at the latest: nothing may be used before. */
export function readSet(restic: Restic, place: Place, snapshot: string): Readable {
  const child = started(restic, place, ["dump", "--no-lock", snapshot, "/content.age"], longestSeconds);
  const ended = outcomeOf(child, restic, place, longestSeconds, complaintOf(child));
  // Whoever reads hears of it, unless he has stopped reading.
  ended.catch(() => undefined);
  const content = new PassThrough({
    // What restic printed ends before it says whether that was all.
    flush: (done) => {
      ended.then(() => {
        done();
      }, done);
    },
    // Whoever reads may have had enough, also while restic has nothing to say.
    destroy: (error, done) => {
      child.kill("SIGKILL");
      done(error);
    },
  });
  pipeline(child.stdout, content, () => undefined);
  return content;
}
