import { createReadStream } from "node:fs";
import { Deadline } from "../../components/host/deadline.ts";
import type { HostAccess } from "../../components/host/targets.ts";
import {
  lookFindings,
  parsePathLook,
  writeOf,
  type CopyResult,
  type PathLook,
  type WantedFile,
} from "../../plan/adhoc/copying.ts";
import { PlinthError, type Finding } from "../../plan/findings.ts";
import { printable } from "../../plan/printable.ts";
import { adhocScript } from "../../plan/scripts.ts";
import { errorText, sharedPool, SshError, type ExecOptions, type SshPool, type SshTarget } from "../../ssh/index.ts";
import { feedScript } from "./feeding.ts";
import { IncomingFile, type LocalFile } from "./files.ts";
import { failureOf, onEachHost, type Pace } from "./hosts.ts";

/** How hosts are asked. */
export interface CopyRun extends Pace {
  root: boolean;
  /** For each host. 0: no limit. */
  seconds: number;
}

type Pool = Pick<SshPool, "exec">;

/** What the host itself says against it. */
class Refusal extends Error {
  override readonly name = "Refusal";
}

/** Characters of a host's answer about a path. */
const longestAnswer = 64 * 1024;

/** Runs one of the scripts of scripts/adhoc/. Rejects with what the host says where it does not end well. */
async function ask(
  target: SshTarget,
  name: "put" | "get",
  words: readonly string[],
  { root, seconds, signal }: CopyRun,
  options: Pick<ExecOptions, "body" | "onBytes">,
  pool: Pool,
): Promise<string> {
  const { command, stdin } = feedScript(adhocScript(name, words), root);
  const late = new AbortController();
  const deadline = new Deadline(seconds, () => {
    late.abort();
  });
  try {
    const result = await pool.exec({ ...target, dialErrorLimit: 0 }, command, {
      ...{ ...options, stdin, kept: longestAnswer, signal: AbortSignal.any([signal, late.signal]) },
      ...(root ? {} : { asLoginUser: true }),
      onSend: deadline.begin,
    });
    if (result.code === 0) return result.stdout;
    const said = result.stderr.trim().split("\n").at(-1) ?? "";
    throw new Refusal(said === "" ? `exit code ${result.code ?? "none"}` : printable(said, 500));
  } catch (error) {
    if (late.signal.aborted) throw new Refusal(`not done within ${seconds} s`, { cause: error });
    throw error;
  } finally {
    deadline.end();
  }
}

function resultOf(host: string, error: unknown): CopyResult {
  if (!(error instanceof SshError)) return { host, outcome: "failed", reason: errorText(error) };
  const { outcome, reason = outcome } = failureOf(error);
  return { host, outcome: outcome === "lost" ? "unreachable" : outcome, reason };
}

/** Does something for each host; what fails is a result. */
const onEach = <Result>(
  access: HostAccess,
  run: CopyRun,
  work: (host: string, target: SshTarget) => Promise<Result>,
): Promise<(Result | CopyResult)[]> =>
  onEachHost<Result | CopyResult>(
    access,
    run,
    (host, target) => work(host, target).catch((error: unknown) => resultOf(host, error)),
    (host) => ({ host, outcome: "interrupted", reason: "interrupted" }),
  );

/** A file that goes to hosts. */
export interface PutRun extends CopyRun, WantedFile {
  file: LocalFile;
  /** Absolute path there. */
  remote: string;
}

/**
 * Copies a file to hosts: whole, in the place of what was there, or not at all. All hosts are looked at first.
 *
 * @param pool tests pass what runs commands.
 * @throws PlinthError with all findings, before a host is changed: paths that belong to Plinth or cannot be written.
 */
export async function putFile(access: HostAccess, put: PutRun, pool: Pool = sharedPool): Promise<CopyResult[]> {
  const { file, remote } = put;
  const looks = await onEach(access, put, async (host, target): Promise<{ host: string; look: PathLook }> => ({
    host,
    look: parsePathLook(await ask(target, "put", ["look", remote], put, {}, pool)),
  }));
  const findings = looks.flatMap((seen): Finding[] =>
    "look" in seen ? lookFindings(seen.host, remote, seen.look) : [],
  );
  if (findings.length > 0) throw new PlinthError(findings);
  const seen = new Map(looks.map((look) => [look.host, look]));
  return onEach(access, put, async (host, target): Promise<CopyResult> => {
    const before = seen.get(host);
    if (before === undefined || !("look" in before)) return before ?? { host, outcome: "failed", reason: "not seen" };
    const wanted = writeOf(before.look, file, put);
    if (wanted === undefined) return { host, outcome: "unchanged" };
    const words = ["write", remote, file.sha256, wanted.mode, wanted.owner ?? "-"];
    await ask(target, "put", words, put, { body: () => createReadStream(file.path) }, pool);
    return { host, outcome: "copied" };
  });
}

/** A file that comes from hosts. */
export interface GetRun extends CopyRun {
  remote: string;
  /** Where that of a host goes. */
  localOf: (host: string) => string;
  /** Of the file here. Default: see `localMode`. */
  mode?: number;
}

/** Copies a file from hosts: whole, or not at all. */
export async function getFile(access: HostAccess, get: GetRun, pool: Pool = sharedPool): Promise<CopyResult[]> {
  return onEach(access, get, async (host, target): Promise<CopyResult> => {
    const incoming = new IncomingFile(get.localOf(host), get.mode);
    const enough = new AbortController();
    const run = { ...get, signal: AbortSignal.any([get.signal, enough.signal]) };
    const onBytes = (chunk: Buffer): void => {
      if (!incoming.add(chunk)) enough.abort();
    };
    try {
      await ask(target, "get", [get.remote], run, { onBytes }, pool).catch((error: unknown) => {
        if (!enough.signal.aborted) throw error;
      });
      incoming.finish();
      return { host, outcome: "copied" };
    } finally {
      incoming.discard();
    }
  });
}
