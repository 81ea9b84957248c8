import { askAsRoot } from "../../components/host/ask.ts";
import { resolveAccess } from "../../components/host/targets.ts";
import { PlinthError } from "../../plan/findings.ts";
import { printable } from "../../plan/printable.ts";
import type { SshTarget } from "../../ssh/index.ts";
import type { StackInput } from "../project/inventory.ts";

/** What a script printed on a host, or why it could not be run. */
export type Answer = { text: string } | { error: string };

/** Seconds for a login. */
const DIAL_SECONDS = 5;

async function ask(target: SshTarget, script: string, seconds: number): Promise<Answer> {
  try {
    const quick = { ...target, dialErrorLimit: 0, perDialTimeout: DIAL_SECONDS };
    const result = await askAsRoot(quick, script, { seconds });
    if (result.code !== 0) {
      return { error: printable(result.stderr.trim().split("\n").at(-1) ?? `exit code ${String(result.code)}`, 500) };
    }
    return { text: result.stdout };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Reads an answer; that it makes no sense is a reason, too. */
export function readAnswer<Value>(answer: Answer, read: (text: string) => Value): Value | { error: string } {
  if ("error" in answer) return answer;
  try {
    return read(answer.text);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Runs a script as root on every host, on all at once: one connection and one command each. Hosts that are down only cost
 * their time limit.
 *
 * @param script for all of them, or that of each one by its name.
 * @param seconds for a whole look at a host.
 */
export async function askHosts(
  { hosts, config }: Pick<StackInput, "hosts" | "config">,
  script: string | ((host: string) => string),
  seconds: number,
): Promise<Map<string, Answer>> {
  const { access, findings } = await resolveAccess(hosts, config);
  if (access.size === 0 && findings.length > 0) throw new PlinthError(findings);
  const answers = hosts.map(async ({ name }): Promise<[string, Answer]> => {
    const target = access.get(name);
    const missing = findings.find((finding) => finding.hosts.includes(name))?.message;
    if (target === undefined) return [name, { error: missing ?? "unreachable" }];
    return [name, await ask(target, typeof script === "string" ? script : script(name), seconds)];
  });
  return new Map(await Promise.all(answers));
}
