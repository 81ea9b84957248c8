import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";

/**
 * Turns `--target` values into the engine's URN patterns. A host's name stands for every resource whose name is the
 * host's, begins with it or ends with it.
 */
export function targetPatterns(targets: readonly string[], hosts: readonly string[]): string[] {
  return targets.flatMap((target) => {
    if (target.startsWith("urn:") || target.includes("*")) return [target];
    if (!hosts.includes(target)) {
      throw new CliError(
        `--target ${target} is neither a URN nor a host of this stack (${hosts.join(", ")}).`,
        Exit.badInput,
      );
    }
    return [`**::${target}`, `**::*-${target}`, `**::${target}-*`];
  });
}
