import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { asRoot, hostScript } from "../../components/host/script.ts";
import { paths } from "../../plan/names.ts";
import { printable } from "../../plan/printable.ts";
import { shellQuote, shellWords } from "../../plan/shell.ts";
import { sharedPool, type ExecOptions, type ExecResult, type SshTarget } from "../../ssh/index.ts";

/** What runs commands on hosts. Tests pass their own. */
export type Exec = (target: SshTarget, command: string, options: ExecOptions) => Promise<ExecResult>;

/**
 * Runs a script that comes first on the standard input, of so many bytes, with the words that follow; the rest of the input is the
 * script's. In memory, so that nothing is left when power is lost.
 */
const runner = `umask 077
mkdir -p ${paths.staging} && f=${paths.staging}/restore.$$ && head -c "$1" >"$f" || exit 1
shift
/bin/sh "$f" "$@"
c=$?
rm -f "$f"
exit $c`;

/** How a step has ended on a host. */
export interface StepResult {
  /** Last line of what went wrong; undefined where it is done. */
  failure?: string;
  /** What the host said besides, a sentence a line. */
  said: string[];
}

/**
 * Has a host do one step, by our own host script: the one that is installed there may be of an earlier release, or none.
 *
 * @param words arguments of the host script.
 * @param file goes to its standard input. Default: nothing.
 */
export async function hostStep(
  target: SshTarget,
  words: readonly string[],
  file: string | undefined,
  exec: Exec = (to, command, options) => sharedPool.exec(to, command, options),
): Promise<StepResult> {
  const script = hostScript();
  const all = [String(Buffer.byteLength(script)), ...words];
  const command = `exec ${asRoot} /bin/sh -c ${shellQuote(runner)} plinth-restore ${shellWords(all)}`;
  const body = file === undefined ? {} : { body: () => createReadStream(file) as Readable };
  try {
    const { code, stderr } = await exec(target, command, { stdin: script, ...body });
    const said = stderr
      .trim()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => printable(line, 600));
    if (code === 0) return { said };
    return { failure: said.at(-1) ?? `exit code ${code ?? "none"}`, said: said.slice(0, -1) };
  } catch (error) {
    if (error instanceof Error) return { failure: error.message, said: [] };
    throw error;
  }
}
