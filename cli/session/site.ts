import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { bringUpLab } from "../lab/hosts.ts";
import { enterRunningLab, isInLab, isOutside } from "../lab/namespace.ts";
import { LAB_STACK } from "../lab/stack.ts";
import { Phases } from "../process/phases.ts";
import type { Project } from "../project/project.ts";
import type { SiteMember } from "../project/site.ts";
import type { Terminal } from "../render/terminal.ts";
import { openInput } from "./settings.ts";

/**
 * Goes to where the hosts of all stacks are reached, as commands for one stack do: this process may be replaced.
 *
 * @param makesHosts whether the command makes the lab's hosts where they are not there.
 * @throws CliError when some of them are the lab's and some are not.
 */
export async function reachSite(
  project: Project,
  members: readonly SiteMember[],
  makesHosts: boolean,
  terminal: Terminal,
): Promise<void> {
  const inside = members.filter(({ name, settings }) => isInLab(name, settings));
  const [first] = inside;
  if (first === undefined) return;
  if (inside.length < members.length) {
    const others = members.filter((member) => !inside.includes(member)).map(({ name }) => name);
    throw new CliError(
      `The hosts of ${inside.map(({ name }) => name).join(", ")} are in the lab's network, those of ${others.join(", ")} are not: ` +
        "run the command for each of both apart.",
      Exit.badInput,
    );
  }
  const phases = Phases.fromEnvironment();
  const own = inside.some(({ name }) => name === LAB_STACK);
  if (makesHosts && own && isOutside(LAB_STACK, first.settings)) {
    await bringUpLab(project, await openInput(project, LAB_STACK, terminal), terminal, phases);
  }
  enterRunningLab(project, first.name, first.settings, phases);
}
