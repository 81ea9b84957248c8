import { metricsBundle } from "../../plan/names.ts";
import { markScript, type RunMark } from "../../plan/scripts.ts";
import { askHosts } from "../cluster/ask.ts";
import type { StackInput } from "../project/inventory.ts";
import type { Terminal } from "../render/terminal.ts";

/** Seconds for one host. */
const longest = 10;

/**
 * Has hosts write down when this ran, where they tell figures (`plinth:metrics`): others are not asked. By the connections that the run has
 * open, one command each. What fails is warned of: the run is done.
 *
 * @param marksOf what a host is told; nothing where that is empty.
 * @param ask tests pass their own.
 */
export async function leaveMarks(
  { hosts, config, planned }: StackInput,
  marksOf: (host: string) => readonly RunMark[],
  terminal: Pick<Terminal, "warn">,
  ask: typeof askHosts = askHosts,
): Promise<void> {
  const told = hosts.filter((host) => planned.bundlesOf(host).includes(metricsBundle) && marksOf(host.name).length > 0);
  if (told.length === 0) return;
  const problem = "do not tell in their figures that this has run";
  try {
    const answers = await ask({ hosts: told, config }, (host) => markScript(marksOf(host)), longest);
    const failed = [...answers].flatMap(([name, answer]) => ("error" in answer ? [{ name, error: answer.error }] : []));
    const [first] = failed;
    if (first !== undefined) terminal.warn(`${failed.map(({ name }) => name).join(", ")} ${problem}: ${first.error}`);
  } catch (error) {
    terminal.warn(`hosts ${problem}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
