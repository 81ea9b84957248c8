import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { CliError } from "../errors.ts";
import { openInput } from "../session/settings.ts";
import { ensureForHosts, findPulumi } from "../supply/needs.ts";
import { LAB_STACK } from "../lab/stack.ts";
import type { Project } from "../project/project.ts";
import type { Terminal } from "../render/terminal.ts";
import type { Need } from "./tiers.ts";

/** Adds what a tier needs to the environment of its tests. */
type Provider = (project: Project, terminal: Terminal) => Promise<Record<string, string>>;

function runs(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** Installs shellcheck from the distribution where it is missing. */
function provideShellcheck(terminal: Terminal): void {
  if (runs("shellcheck", ["--version"])) return;
  terminal.note("  installing shellcheck (apt-get)");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const limits = ["-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1"];
  const apt = (args: string[]): { ok: boolean; said: string } => {
    const { status, stdout, stderr, error } = spawnSync("apt-get", [...limits, "-q", ...args], {
      env,
      encoding: "utf8",
    });
    return { ok: status === 0, said: error?.message ?? `${stdout}${stderr}`.trim().split("\n").slice(-3).join("\n") };
  };
  const install = ["install", "-y", "--no-install-recommends", "shellcheck"];
  let result = apt(install);
  if (!result.ok) {
    result = apt(["update"]);
    if (result.ok) result = apt(install);
  }
  if (!result.ok) {
    throw new CliError(`The scripts tier needs shellcheck, and apt-get could not install it: ${result.said}`);
  }
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
  shellcheck: (_project, terminal) => {
    provideShellcheck(terminal);
    return Promise.resolve({});
  },
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
