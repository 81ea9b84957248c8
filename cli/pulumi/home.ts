import { mkdirSync, readlinkSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { isDebugging } from "../debugging.ts";

/** Folders of Pulumi's home that runs of the engine read and write. */
const sharedFolders = ["plugins", "policies", "schemas", "workspaces"];

const logsFile = `The engine makes no log files here, because this is a file and no folder.
They hold every input of every resource and take most of the engine's time. PLINTH_DEBUG=1 brings them back.
`;

/** The user's Pulumi home: `PULUMI_HOME`, or `~/.pulumi`. */
export function pulumiHome(env: Readonly<NodeJS.ProcessEnv>): string {
  const chosen = env["PULUMI_HOME"] ?? "";
  return chosen === "" ? join(homedir(), ".pulumi") : resolve(chosen);
}

/** The folder of credentials.json, as the Pulumi CLI looks for it. */
export function credentialsFolder(env: Readonly<NodeJS.ProcessEnv>): string {
  const chosen = env["PULUMI_CREDENTIALS_PATH"] ?? "";
  return chosen === "" ? pulumiHome(env) : resolve(chosen);
}

/**
 * Makes `pulumi-home` in the project's working directory and returns the environment with which the Pulumi CLI uses it.
 * It shares credentials, plugins and the chosen stack with the user's own Pulumi home, but not the folder of logs.
 *
 * The engine always writes log files, and has no switch against it (https://github.com/pulumi/pulumi/issues/22416): with
 * 100 hosts they take two thirds of its CPU time, and 46 MB a preview with 500. With PLINTH_DEBUG the user's own
 * Pulumi home is used, logs included.
 *
 * @param workDir the project's `.plinth`.
 */
export function engineHome(workDir: string, env: Readonly<NodeJS.ProcessEnv>): Record<string, string> {
  if (isDebugging(env)) return {};
  const real = pulumiHome(env);
  const own = join(workDir, "pulumi-home");
  mkdirSync(own, { recursive: true, mode: 0o700 });
  for (const name of sharedFolders) {
    mkdirSync(join(real, name), { recursive: true, mode: 0o700 });
    link(join(real, name), join(own, name));
  }
  writeFileSync(join(own, "logs"), logsFile, { mode: 0o600 });
  return { PULUMI_HOME: own, PULUMI_CREDENTIALS_PATH: credentialsFolder(env) };
}

/** Makes or replaces a link in one step: a run beside this one always finds one of the two. */
function link(target: string, path: string): void {
  if (linkedTo(path) === target) return;
  const draft = `${path}.${process.pid}`;
  symlinkSync(target, draft);
  renameSync(draft, path);
}

function linkedTo(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
