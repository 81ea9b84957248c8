import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { exitCodeOfAll, nextTurns, type SiteStack, type Turn } from "../../plan/site.ts";
import { Exit } from "../exit.ts";
import { thisProject } from "../project/project.ts";
import { readSite, siteKeys, type SiteMember } from "../project/site.ts";
import { confirm } from "../render/prompt.ts";
import { terminal as makeTerminal, type Terminal } from "../render/terminal.ts";
import { openSettings } from "../session/settings.ts";
import { reachSite } from "../session/site.ts";
import { serveSite } from "../supply/serving.ts";
import { runSite, siteDocument, siteLines, type SiteResult, type SiteRun } from "./site.ts";

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
  expectNoChanges?: boolean;
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
  // Beside: what is printed is what the runs print.
  const terminal = makeTerminal({ json: true });
  const members = await readSite(project, run.stacks, (stack) => openSettings(project, stack, terminal).with(siteKeys));
  await reachSite(project, members, command === "up", terminal);
  const server = await serveSite(changes ? localArtifacts(members) : [], (line) => {
    terminal.note(line);
  });
  const atOnce = run.atOnce ?? Math.max(1, Math.floor(availableParallelism() / 2));
  const each: Each = (name, stacks, told, options) =>
    runSite({ command: name, stacks, args: told, ...options, atOnce, terminal, served: server.served });
  try {
    const asks = changes && run.yes !== true && run.expectNoChanges !== true;
    const live = changes && run.json !== true;
    const results =
      asks && makeTerminal({ json: run.json === true }).interactive
        ? await inTurns(members, args, each, terminal)
        : await each(command, members, args, { inOrder: changes && run.expectNoChanges !== true, live });
    const text = printed(run, results);
    if (run.out === undefined) process.stdout.write(`${text}\n`);
    else writeFileSync(run.out, `${text}\n`);
    return exitCodeOfAll(results.map(({ turn }) => turn));
  } finally {
    await server.close();
  }
}

function localArtifacts(members: readonly SiteMember[]): string[] {
  return members.flatMap(({ settings: { config } }) =>
    typeof config["artifactsUrl"] === "string" ? [config["artifactsUrl"]] : [],
  );
}

/** Runs a command for some of the stacks. */
export type Each = (
  command: string,
  stacks: readonly SiteStack[],
  args: readonly string[],
  options: Pick<SiteRun, "inOrder" | "live">,
) => Promise<SiteResult[]>;

/** Options of `up` that a preview does not have; none has a value. */
const upOnly = new Set(["--yes", "-y", "--heal", "--json", "--expect-no-changes"]);

/**
 * Shows what would be done, asks, and does it, first for clusters and then for their pools: what a pool would do shows when
 * its cluster is done. Where a preview fails nothing is done of those that were shown with it.
 */
export async function inTurns(
  members: readonly SiteStack[],
  args: readonly string[],
  each: Each,
  terminal: Pick<Terminal, "note">,
  agrees: (names: string) => Promise<boolean> = (names) =>
    confirm(`Do this on ${names}?`, new AbortController().signal),
): Promise<SiteResult[]> {
  const results = new Map<string, SiteResult>();
  const end = (turn: Turn): void => void results.set(turn.name, { turn, seconds: 0, stdout: "" });
  for (;;) {
    const over = [...results.values()].map(({ turn }) => turn);
    const { ready, leftOut } = nextTurns(members, new Set(results.keys()), over, true);
    leftOut.forEach(end);
    if (ready.length + leftOut.length === 0) break;
    const chosen = members.filter(({ name }) => ready.includes(name));
    if (chosen.length === 0) continue;
    const told = args.filter((arg) => !upOnly.has(arg));
    const previews = await each("preview", chosen, told, { inOrder: false, live: false });
    terminal.note(blocks(previews));
    const failed = previews.filter(({ turn }) => "code" in turn && turn.code !== Exit.done);
    const [first] = failed;
    if (first !== undefined) {
      for (const { name } of chosen)
        end(failed.find(({ turn }) => turn.name === name)?.turn ?? { name, leftOut: first.turn.name });
    } else if (await agrees(ready.map((name) => `"${name}"`).join(", "))) {
      const done = await each("up", chosen, [...args, "--yes"], { inOrder: false, live: true });
      for (const result of done) results.set(result.turn.name, result);
    } else {
      terminal.note("Nothing was changed.");
      for (const name of ready) end({ name, code: Exit.failed });
    }
  }
  return members.flatMap(({ name }) => results.get(name) ?? []);
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
