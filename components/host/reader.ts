import { readClock } from "../../plan/clock.ts";
import { parseFacts, type HostReading } from "../../plan/facts.ts";
import { reader } from "../../plan/names.ts";
import { printable } from "../../plan/printable.ts";
import { readerQuestion } from "../../plan/scripts.ts";
import { sharedPool, SshError, type SshPool, type SshTarget } from "../../ssh/index.ts";
import type { HostAccess } from "./access.ts";
import { askAsRoot } from "./ask.ts";
import { factsScript } from "./script.ts";

/** A look takes a second, and up to half a minute where etcd and the API server are asked and do not answer on a busy host. */
const lookSeconds = 90;

/** Looks at hosts without changing anything: one exec per host, all hosts at once. Tests pass their own. */
export type HostReader = (
  access: HostAccess,
  /** Host → words of the look, see `factsWords`. Default: none, all that can be told. */
  asked?: ReadonlyMap<string, readonly string[]>,
) => Promise<Map<string, HostReading>>;

/** Reads all hosts over the shared SSH connections. */
export const readHosts: HostReader = async (access, asked) => {
  const script = factsScript();
  const readings = await Promise.all(
    [...access].map(async ([name, target]): Promise<[string, HostReading]> => [
      name,
      await readHost(target, script, sharedPool, asked?.get(name)),
    ]),
  );
  return new Map(readings);
};

/**
 * Reads one host.
 *
 * @param pool tests pass what runs commands there.
 * @param asked words of the look, see `factsWords`.
 */
export async function readHost(
  target: SshTarget,
  script: string,
  pool: Pick<SshPool, "exec"> = sharedPool,
  asked: readonly string[] = [],
): Promise<HostReading> {
  try {
    let sent = Date.now();
    const result = await askAsRoot(
      target,
      script,
      {
        seconds: lookSeconds,
        question: readerQuestion(script, asked),
        words: asked,
        // The way to the host, and the queue for it, are no part of the look.
        onSend: () => {
          sent = Date.now();
        },
      },
      pool,
    );
    const heard = Date.now();
    if (result.code !== 0) {
      const reason = printable(result.stderr.trim().split("\n").at(-1) ?? "", 500);
      if (reason.startsWith(reader.refusal)) return { failure: "refused", message: reason };
      const failure = /sudo/i.test(result.stderr) ? "sudo" : "garbled";
      const message =
        failure === "sudo"
          ? `the user ${target.user ?? "root"} cannot become root ${/required/.test(reason) ? "without a password" : "by sudo"} (${reason})`
          : `looking at the host failed with exit code ${result.code ?? "none"} (${reason})`;
      return { failure, message };
    }
    const facts = parseFacts(result.stdout);
    return { facts: { ...facts, ...readClock(facts, sent / 1000, heard / 1000) } };
  } catch (error) {
    if (error instanceof SshError) {
      const failure = error.kind === "auth" || error.kind === "host-key" ? error.kind : "unreachable";
      return { failure, message: error.message };
    }
    if (error instanceof Error) return { failure: "garbled", message: error.message };
    throw error;
  }
}
