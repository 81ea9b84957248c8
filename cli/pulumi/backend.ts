import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { credentialsFolder } from "./home.ts";
import type { Project } from "../project/project.ts";
import type { StackSettings } from "../project/settings.ts";

/** Where the state is kept. */
export interface Backend {
  /** Set when the engine must be told; undefined when it finds the backend by itself. */
  readonly url: string | undefined;
  /** The folder of a `file://` backend that this machine can read; its lock files are judged by us. */
  readonly stateDir: string | undefined;
}

function stateDirOf(url: string | undefined): string | undefined {
  if (url === undefined || !url.startsWith("file://")) return undefined;
  const path = url.slice("file://".length).replace(/\?.*$/, "");
  return path.startsWith("~") ? join(homedir(), path.slice(1)) : path;
}

/** The backend that `pulumi login` has chosen, from credentials.json. */
function loggedInBackend(env: NodeJS.ProcessEnv): string | undefined {
  const path = join(credentialsFolder(env), "credentials.json");
  if (!existsSync(path)) return undefined;
  const value = JSON.parse(readFileSync(path, "utf8")) as { current?: unknown };
  return typeof value.current === "string" && value.current !== "" ? value.current : undefined;
}

/**
 * Chooses the backend, in this order: PULUMI_BACKEND_URL, the project's own `backend.url`, PULUMI_ACCESS_TOKEN (Pulumi
 * Cloud) or `pulumi login`, and else a folder in the project (`.plinth/state`, 0700).
 */
export function chooseBackend(
  project: Project,
  settings: StackSettings,
  env: NodeJS.ProcessEnv = process.env,
): Backend {
  const fromEnv = env["PULUMI_BACKEND_URL"];
  if (fromEnv !== undefined && fromEnv !== "") return { url: fromEnv, stateDir: stateDirOf(fromEnv) };
  if (settings.backendUrl !== undefined) return { url: undefined, stateDir: stateDirOf(settings.backendUrl) };
  if (env["PULUMI_ACCESS_TOKEN"] !== undefined) return { url: undefined, stateDir: undefined };
  const current = loggedInBackend(env);
  if (current !== undefined) return { url: undefined, stateDir: stateDirOf(current) };
  const dir = join(project.workDir, "state");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return { url: pathToFileURL(dir).href, stateDir: dir };
}
