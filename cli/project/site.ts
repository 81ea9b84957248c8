import { chooseStacks, joinedStack, type SiteStack } from "../../plan/site.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { listStacks, type Project } from "./project.ts";
import { readSettings, type StackSettings } from "./settings.ts";

/** A stack that a command is run for together with others. */
export interface SiteMember extends SiteStack {
  settings: StackSettings;
}

/**
 * The stacks that patterns stand for.
 *
 * @throws CliError (bad input) when a pattern fits none, or a configuration cannot be read.
 */
export function readSite(project: Project, patterns: string): SiteMember[] {
  const known = listStacks(project);
  const { chosen, unmatched } = chooseStacks(patterns, known);
  if (unmatched.length > 0) {
    const wrong = unmatched.map((pattern) => `"${pattern}"`).join(", ");
    throw new CliError(`No stack fits ${wrong} (there are: ${known.join(", ")}).`, Exit.badInput);
  }
  return chosen.map((name) => {
    const settings = readSettings(project, name);
    const joins = joinedStack(settings.config, settings.projectName);
    return { name, settings, ...(joins === undefined ? {} : { joins }) };
  });
}
