import { createHash } from "node:crypto";
import { askAsRoot } from "./ask.ts";
import { resolveAccess } from "./targets.ts";
import { renderDrillRecord, type DrillRecord } from "../../plan/backup/drill.ts";
import { parseResults, type TargetResult } from "../../plan/backup/result.ts";
import type { BackupSettings } from "../../plan/backup/settings.ts";
import type { StateSet } from "../../plan/backup/set.ts";
import { backupScript } from "../../plan/bundles/backup.ts";
import { PlinthError } from "../../plan/findings.ts";
import { withRole, type Host } from "../../plan/inventory.ts";
import { printable } from "../../plan/printable.ts";
import { shellWord } from "../../plan/shell.ts";
import type { SshTarget } from "../../ssh/index.ts";

/** Seconds for a set on all targets: some GiB over a slow line. */
const longestSeconds = 3700;

/** What members of etcd said of a set that they were to store. */
export interface MemberAnswer {
  host: string;
  results: TargetResult[];
  /** Why there are none. */
  error?: string;
}

/** What came of a script on a member; no code where a signal ended it. */
interface Ran {
  code: number | null;
  stdout: string;
  /** The last line of what it complained of, for people; what it ended with where there is none. */
  complaint: string;
}

/**
 * Runs a script on a member as root.
 *
 * @returns a sentence where the member did not answer.
 * @throws what the signal says, once it is aborted.
 */
async function runOn(
  target: SshTarget,
  script: string,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<Ran | string> {
  try {
    const quick = { ...target, dialErrorLimit: 1, perDialTimeout: 5 };
    const { code, stdout, stderr } = await askAsRoot(quick, script, {
      seconds,
      ...(signal === undefined ? {} : { signal }),
    });
    const last = stderr.trim().split("\n").at(-1) ?? "";
    return { code, stdout, complaint: printable(last === "" ? `it ended with ${String(code)}` : last, 300) };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

/** Has a member run its script of backups, and reads what it says of each target. */
async function askMember(
  { host, target }: Member,
  script: string,
  { targets }: BackupSettings,
  signal: AbortSignal | undefined,
): Promise<MemberAnswer> {
  const ran = await runOn(target, script, longestSeconds, signal);
  if (typeof ran === "string") return { host: host.name, results: [], error: ran };
  const results = parseResults(
    ran.stdout,
    targets.map(({ name }) => name),
  );
  return { host: host.name, results, ...(results.length > 0 ? {} : { error: ran.complaint }) };
}

/** A member, and the way to it. */
interface Member {
  host: Host;
  target: SshTarget;
}

/** Whose members are asked. */
export interface BackedUp {
  hosts: readonly Host[];
  config: Parameters<typeof resolveAccess>[1];
}

async function membersOf(input: BackedUp): Promise<Member[]> {
  const { access, findings } = await resolveAccess(withRole(input.hosts, "etcd"), input.config);
  if (access.size === 0 && findings.length > 0) throw new PlinthError(findings);
  return withRole(input.hosts, "etcd").flatMap((host) => {
    const target = access.get(host.name);
    return target === undefined ? [] : [{ host, target }];
  });
}

/**
 * Has a member make a set of data for every target: the first one that can give it to any.
 *
 * @returns what the members said, the last of them the one that made it, if any did.
 */
export async function makeData(
  input: BackedUp,
  settings: BackupSettings,
  reason: string,
  signal?: AbortSignal,
): Promise<MemberAnswer[]> {
  const script = `exec ${backupScript} now ${shellWord(reason)}\n`;
  const answers: MemberAnswer[] = [];
  for (const member of await membersOf(input)) {
    const answer = await askMember(member, script, settings, signal);
    answers.push(answer);
    if (answer.results.some(({ outcome }) => outcome !== "failed")) break;
  }
  return answers;
}

/**
 * Has members store a set of the state. Each of them has directories of its own; on targets that they share, the first one stores it and the
 * others find it.
 */
export async function storeState(
  input: BackedUp,
  settings: BackupSettings,
  set: StateSet,
  sealed: Buffer,
  signal?: AbortSignal,
): Promise<MemberAnswer[]> {
  const content = Buffer.concat([Buffer.from(`${JSON.stringify(set)}\n`), sealed]);
  const digest = createHash("sha256").update(content).digest("hex");
  const lines = content.toString("base64").replace(/.{76}/g, "$&\n");
  const script = `base64 -d <<'END_OF_SET' | ${backupScript} store ${digest}\n${lines}\nEND_OF_SET\n`;
  const answers: MemberAnswer[] = [];
  for (const member of await membersOf(input)) answers.push(await askMember(member, script, settings, signal));
  return answers;
}

/** Seconds for a record. */
const recordSeconds = 60;

/**
 * Has all members keep the record of a restore drill.
 *
 * @returns member → why it has not; undefined where it has.
 */
export async function recordDrill(
  input: BackedUp,
  record: DrillRecord,
  signal?: AbortSignal,
): Promise<Map<string, string | undefined>> {
  const script = `${backupScript} drill <<'END_OF_RECORD'\n${renderDrillRecord(record)}END_OF_RECORD\n`;
  const told = await Promise.all(
    (await membersOf(input)).map(async ({ host, target }): Promise<[string, string | undefined]> => {
      const ran = await runOn(target, script, recordSeconds, signal);
      if (typeof ran === "string") return [host.name, ran];
      const recorded = ran.code === 0 && ran.stdout.split("\n").includes("recorded");
      return [host.name, recorded ? undefined : ran.complaint];
    }),
  );
  return new Map(told);
}
