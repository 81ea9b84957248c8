import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { CliError } from "../errors.ts";
import { openInput } from "../session/settings.ts";
import { ensureForHosts, findAlertTools, findPulumi } from "../supply/needs.ts";
import { LAB_STACK } from "../lab/stack.ts";
import type { Project } from "../project/project.ts";
import type { Terminal } from "../render/terminal.ts";
import type { Need } from "./tiers.ts";

/** Adds what a tier needs to the environment of its tests. */
type Provider = (project: Project, terminal: Terminal) => Promise<Record<string, string>>;

function runs(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/**
 * Installs a package of the distribution.
 *
 * @param tier that needs it, for the error.
 */
function installPackage(name: string, tier: string, terminal: Terminal): void {
  terminal.note(`  installing ${name} (apt-get)`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const limits = ["-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1"];
  const apt = (args: string[]): { ok: boolean; said: string } => {
    const { status, stdout, stderr, error } = spawnSync("apt-get", [...limits, "-q", ...args], {
      env,
      encoding: "utf8",
    });
    return { ok: status === 0, said: error?.message ?? `${stdout}${stderr}`.trim().split("\n").slice(-3).join("\n") };
  };
  const install = ["install", "-y", "--no-install-recommends", name];
  let result = apt(install);
  if (!result.ok) {
    result = apt(["update"]);
    if (result.ok) result = apt(install);
  }
  if (!result.ok) {
    throw new CliError(`The ${tier} tier needs ${name}, and apt-get could not install it: ${result.said}`);
  }
}

/** Installs shellcheck from the distribution where it is missing. */
function provideShellcheck(terminal: Terminal): void {
  if (!runs("shellcheck", ["--version"])) installPackage("shellcheck", "scripts", terminal);
}

/** Where a program is; undefined where it is not on PATH. */
function findProgram(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Programs by which Chromium is started, of the package with the browser alone and of the one with a desktop's. */
const browsers = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/** Installs Chromium from the distribution where there is none. Returns what it is started by. */
function provideChromium(terminal: Terminal): string {
  const find = (): string | undefined =>
    browsers.flatMap((name) => findProgram(name) ?? []).find((path) => runs(path, ["--version"]));
  const found = find();
  if (found !== undefined) return found;
  installPackage("chromium-headless-shell", "pages", terminal);
  const installed = find();
  if (installed === undefined)
    throw new CliError("The pages tier needs Chromium, and what apt-get has installed does not run.");
  return installed;
}

const providers: Readonly<Record<Need, Provider>> = {
  pulumi: async (_project, terminal) => {
    const dir = dirname(await findPulumi(terminal));
    return { PATH: `${dir}:${process.env["PATH"] ?? ""}` };
  },
  artifacts: async (project, terminal) => {
    await ensureForHosts(await openInput(project, LAB_STACK, terminal), terminal);
    return {};
  },
  "alert-tools": async (_project, terminal) => {
    const { promtool, amtool } = await findAlertTools(terminal);
    return { PLINTH_PROMTOOL: promtool, PLINTH_AMTOOL: amtool };
  },
  shellcheck: (_project, terminal) => {
    provideShellcheck(terminal);
    return Promise.resolve({});
  },
  chromium: (_project, terminal) => Promise.resolve({ PLINTH_CHROMIUM: provideChromium(terminal) }),
};

/** Makes sure of everything in `needs`. Throws when something cannot be had: no test is skipped for want of a tool. */
export async function provide(
  needs: readonly Need[],
  project: Project,
  terminal: Terminal,
): Promise<Record<string, string>> {
  let env: Record<string, string> = {};
  for (const need of needs) env = { ...env, ...(await providers[need](project, terminal)) };
  return env;
}
