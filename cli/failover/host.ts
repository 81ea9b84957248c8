import { failoverScript } from "../../plan/scripts.ts";
import { askHosts, type Answer } from "../cluster/ask.ts";
import { CliError } from "../errors.ts";
import type { StackInput } from "../project/inventory.ts";

/** Nobody knows what came of a command: its host was not reached, or the connection broke. */
export class NoAnswer extends CliError {}

/** What the script puts in front of its own sentences. */
const own = /^failover: /;

/**
 * Runs this program's own scripts/host/failover.sh on a host, whatever is installed there.
 *
 * @param ask tests pass their own.
 * @throws CliError with the host's sentence: it has left everything started. NoAnswer where there was none.
 */
export function onHost(
  input: Pick<StackInput, "hosts" | "config">,
  ask: typeof askHosts = askHosts,
): (host: string, words: readonly string[], seconds: number) => Promise<string> {
  return async (name, words, seconds) => {
    const hosts = input.hosts.filter((host) => host.name === name);
    const answers = await ask({ ...input, hosts }, failoverScript(words), seconds);
    const answer: Answer = answers.get(name) ?? { error: "unreachable" };
    if ("text" in answer) return answer.text;
    if (own.test(answer.error)) throw new CliError(`${name}: ${answer.error.replace(own, "")}`);
    throw new NoAnswer(`${name}: ${answer.error}`);
  };
}
