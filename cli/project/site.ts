import { chooseStacks, joinedStack, type SiteStack } from "../../plan/site.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { listStacks, type Project } from "./project.ts";
import type { StackSettings } from "./settings.ts";

/** A stack that a command is run for together with others. */
export interface SiteMember extends SiteStack {
  settings: StackSettings;
}

/** What is asked of each stack: what it joins, and whether this machine serves what its hosts fetch. */
export const siteKeys = ["clusterStack", "artifactsUrl"] as const;

/**
 * The stacks that patterns stand for.
 *
 * @param read gives the settings of a stack, with `siteKeys` in clear.
 * @throws CliError (bad input) when a pattern fits none, or a configuration cannot be read.
 */
export async function readSite(
  project: Project,
  patterns: string,
  read: (stack: string) => Promise<StackSettings>,
): Promise<SiteMember[]> {
  const known = listStacks(project);
  const { chosen, unmatched } = chooseStacks(patterns, known);
  if (unmatched.length > 0) {
    const wrong = unmatched.map((pattern) => `"${pattern}"`).join(", ");
    throw new CliError(`No stack fits ${wrong} (there are: ${known.join(", ")}).`, Exit.badInput);
  }
  const members: SiteMember[] = [];
  for (const name of chosen) {
    const settings = await read(name);
    const joins = joinedStack(settings.config, settings.projectName);
    members.push({ name, settings, ...(joins === undefined ? {} : { joins }) });
  }
  return members;
}
