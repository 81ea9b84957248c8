import { parseFacts, type HostReading } from "../../plan/facts.ts";
import { sharedPool, SshError, type SshTarget } from "../../ssh/index.ts";
import type { Access } from "./access.ts";
import { factsScript } from "./script.ts";

/** Looks at hosts without changing anything: one exec per host, all hosts at once. Tests pass their own. */
export type HostReader = (access: Access) => Promise<Map<string, HostReading>>;

const asRoot = 'if [ "$(id -u)" -eq 0 ]; then exec /bin/sh -s; else exec sudo -n /bin/sh -s; fi';

/** Reads all hosts over the shared SSH connections. */
export const readHosts: HostReader = async (access) => {
  const script = factsScript();
  const readings = await Promise.all(
    [...access].map(async ([name, target]): Promise<[string, HostReading]> => [name, await readHost(target, script)]),
  );
  return new Map(readings);
};

async function readHost(target: SshTarget, script: string): Promise<HostReading> {
  try {
    const started = Date.now();
    const result = await sharedPool.exec(target, asRoot, { stdin: script });
    const ended = Date.now() / 1000;
    if (result.code !== 0) {
      const reason = result.stderr.trim().split("\n").at(-1) ?? "";
      const failure = /sudo/i.test(result.stderr) ? "sudo" : "garbled";
      const message =
        failure === "sudo"
          ? `the user ${target.user ?? "root"} cannot become root without a password (${reason})`
          : `looking at the host failed with exit code ${result.code ?? "none"} (${reason})`;
      return { failure, message };
    }
    const facts = parseFacts(result.stdout);
    // The clock is read at the end of the look. What else the exec took, up to half a second on a busy host, was partly before
    // and partly after: the middle is the best guess.
    facts.skew = facts.clock - (ended - (ended - started / 1000 - facts.elapsed) / 2);
    return { facts };
  } catch (error) {
    if (error instanceof SshError) {
      const failure = error.kind === "auth" || error.kind === "host-key" ? error.kind : "unreachable";
      return { failure, message: error.message };
    }
    if (error instanceof Error) return { failure: "garbled", message: error.message };
    throw error;
  }
}
