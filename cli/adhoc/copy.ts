import { createReadStream } from "node:fs";
import type { HostAccess } from "../../components/host/targets.ts";
import { isThere, lookFindings, parsePathLook, type CopyResult, type PathLook } from "../../plan/adhoc/copying.ts";
import { PlinthError, type Finding } from "../../plan/findings.ts";
import { printable } from "../../plan/printable.ts";
import { adhocScript } from "../../plan/scripts.ts";
import {
  errorText,
  sharedPool,
  Slots,
  SshError,
  type ExecOptions,
  type SshPool,
  type SshTarget,
} from "../../ssh/index.ts";
import { feedScript } from "./channel.ts";
import { IncomingFile, type LocalFile } from "./files.ts";

/** How hosts are asked. */
export interface CopyRun {
  root: boolean;
  /** For each host. 0: no limit. */
  seconds: number;
  /** Hosts at the same time, 1 or more. */
  parallel: number;
  signal: AbortSignal;
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
  let timer: NodeJS.Timeout | undefined;
  try {
    const result = await pool.exec({ ...target, dialErrorLimit: 0 }, command, {
      ...{ ...options, stdin, kept: longestAnswer, signal: AbortSignal.any([signal, late.signal]) },
      ...(root ? {} : { asLoginUser: true }),
      onSend: () => {
        clearTimeout(timer);
        if (seconds > 0)
          timer = setTimeout(() => {
            late.abort();
          }, seconds * 1000);
      },
    });
    if (result.code === 0) return result.stdout;
    const said = result.stderr.trim().split("\n").at(-1) ?? "";
    throw new Refusal(said === "" ? `exit code ${result.code ?? "none"}` : printable(said, 500));
  } catch (error) {
    if (late.signal.aborted) throw new Refusal(`not done within ${seconds} s`, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function failureOf(host: string, error: unknown): CopyResult {
  if (!(error instanceof SshError)) return { host, outcome: "failed", reason: errorText(error) };
  if (error.kind === "interrupted") return { host, outcome: "interrupted", reason: "interrupted" };
  return { host, outcome: "unreachable", reason: error.message };
}

/** Does something for each host, so many at the same time; what fails is a result. */
async function onEach<T>(
  access: HostAccess,
  { parallel, signal }: CopyRun,
  work: (host: string, target: SshTarget) => Promise<T>,
): Promise<(T | CopyResult)[]> {
  const slots = new Slots(parallel);
  const never = new AbortController().signal;
  return Promise.all(
    [...access].map(([host, target]) =>
      slots.within(never, async () => {
        if (signal.aborted) return { host, outcome: "interrupted", reason: "interrupted" } as const;
        return work(host, target).catch((error: unknown) => failureOf(host, error));
      }),
    ),
  );
}

/** A file that goes to hosts. */
export interface PutRun extends CopyRun {
  file: LocalFile;
  /** Absolute path there. */
  remote: string;
  /** Octal digits. Default: as it is on the host, or as the file here where there is none. */
  mode?: string;
  /** `user` or `user:group`. Default: as it is on the host, or who writes it. */
  owner?: string;
}

/**
 * Copies a file to hosts: whole, in the place of what was there, or not at all. All hosts are looked at first.
 *
 * @param pool tests pass what runs commands.
 * @throws PlinthError with all findings, before a host is changed: paths that belong to Plinth or cannot be written.
 */
export async function putFile(access: HostAccess, put: PutRun, pool: Pool = sharedPool): Promise<CopyResult[]> {
  const { file, remote, mode, owner } = put;
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
    const { look } = before;
    const wanted = mode ?? look.content?.mode;
    if (isThere(look, { sha256: file.sha256, mode, owner })) return { host, outcome: "unchanged" };
    const words = ["write", remote, file.sha256, wanted ?? file.mode, owner ?? "-"];
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
