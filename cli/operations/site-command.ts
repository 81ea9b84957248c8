import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { exitCodeOfAll } from "../../plan/site.ts";
import { Exit } from "../exit.ts";
import { thisProject } from "../project/project.ts";
import { readSite, type SiteMember } from "../project/site.ts";
import { confirm } from "../render/prompt.ts";
import { terminal as makeTerminal } from "../render/terminal.ts";
import { reachSite } from "../session/site.ts";
import { serveSite } from "../supply/serving.ts";
import { runSite, siteDocument, siteLines, type SiteResult } from "./site.ts";

export interface SiteCommand {
  /** Name of the command. */
  command: string;
  /** Patterns, see `chooseStacks`. */
  stacks: string;
  /** What each run is told besides its stack. */
  args: readonly string[];
  atOnce?: number;
  json?: boolean;
  yes?: boolean;
  /** File for what is printed. */
  out?: string;
  /** See `Several` in cli/commands/several.ts. */
  changes?: true;
  document?: true;
}

/** Runs a command for all stacks that fit, and tells what they came to. Returns one exit code for all. */
export async function runSiteCommand(run: SiteCommand): Promise<number> {
  const { command, args, changes = false } = run;
  const project = thisProject();
  const members = readSite(project, run.stacks);
  // Beside: what is printed is what the runs print.
  const terminal = makeTerminal({ json: true });
  await reachSite(project, members, command === "up", terminal);
  const urls = members.flatMap(({ settings: { config } }) =>
    typeof config["artifactsUrl"] === "string" ? [config["artifactsUrl"]] : [],
  );
  const server = await serveSite(urls, (line) => {
    terminal.note(line);
  });
  const atOnce = run.atOnce ?? Math.max(1, Math.floor(availableParallelism() / 2));
  const each = (name: string, told: readonly string[], inOrder: boolean, live: boolean): Promise<SiteResult[]> =>
    runSite({ command: name, stacks: members, args: told, inOrder, atOnce, live, terminal, served: server.served });
  try {
    const asks = changes && run.yes !== true && makeTerminal({ json: run.json === true }).interactive;
    if (asks && !(await agreed(members, await each("preview", diffOnly(args), false, false)))) {
      terminal.note("Nothing was changed.");
      return Exit.failed;
    }
    const results = await each(command, asks ? [...args, "--yes"] : args, changes, changes && run.json !== true);
    const text = printed(run, results);
    if (run.out === undefined) process.stdout.write(`${text}\n`);
    else writeFileSync(run.out, `${text}\n`);
    return exitCodeOfAll(results.map(({ turn }) => turn));
  } finally {
    await server.close();
  }
}

/** Of what an `up` is told, what its preview is told. */
function diffOnly(args: readonly string[]): string[] {
  return args.filter((arg) => arg === "--diff");
}

/** Shows the previews and asks. A preview that failed is nothing to agree to. */
async function agreed(members: readonly SiteMember[], previews: readonly SiteResult[]): Promise<boolean> {
  process.stdout.write(`${blocks(previews)}\n`);
  if (exitCodeOfAll(previews.map(({ turn }) => turn)) !== Exit.done) return false;
  const names = members.map(({ name }) => `"${name}"`).join(", ");
  return confirm(`Do this on the stacks ${names}?`, new AbortController().signal);
}

/** What each run has printed, under its stack's name. */
function blocks(results: readonly SiteResult[]): string {
  return results
    .filter(({ stdout }) => stdout.trim() !== "")
    .map(({ turn, stdout }) => `== ${turn.name}\n${stdout.trimEnd()}\n`)
    .join("\n");
}

function printed({ json, document }: SiteCommand, results: readonly SiteResult[]): string {
  if (json === true) return JSON.stringify(siteDocument(results), null, 2);
  if (document === true) return results.map(({ stdout }) => stdout.trimEnd()).join("\n\n");
  return `${blocks(results)}\n${siteLines(results).join("\n")}`;
}
