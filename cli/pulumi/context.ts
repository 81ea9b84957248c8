import { chooseBackend, type Backend } from "./backend.ts";
import { RUN_MARK, runMark } from "./backend-locks.ts";
import { engineHome } from "./home.ts";
import { passphraseEnvironment } from "./passphrase.ts";
import { ensureWorkDir, type Project } from "../project/project.ts";
import { readSettings, type StackSettings } from "../project/settings.ts";
import { prepareWorkspace } from "./workspace.ts";

/** Everything that running the Pulumi CLI on one stack needs. */
export interface EngineContext {
  readonly project: Project;
  readonly stack: string;
  readonly settings: StackSettings;
  readonly backend: Backend;
  /** Absolute path of the Pulumi CLI. */
  readonly pulumi: string;
  /** The engine's working directory with Pulumi.yaml and Pulumi.<stack>.yaml. */
  readonly workDir: string;
  /** Set in addition to this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * States are written compressed: texts that are the same on many hosts make up most of them. Whoever has chosen another
 * form in the environment keeps it; the engine reads every form.
 */
function compression(env: Readonly<NodeJS.ProcessEnv>): Record<string, string> {
  const names = ["GZIP", "ZSTD"].flatMap((kind) => [`PULUMI_DIY_BACKEND_${kind}`, `PULUMI_SELF_MANAGED_STATE_${kind}`]);
  return names.some((name) => env[name] !== undefined) ? {} : { PULUMI_DIY_BACKEND_ZSTD: "true" };
}

/** Prepares the working directory and the environment; starts nothing. `say` gets remarks for the user. */
export async function engineContext(
  project: Project,
  stack: string,
  pulumi: string,
  say: (line: string) => void,
  settings: StackSettings = readSettings(project, stack),
): Promise<EngineContext> {
  await ensureWorkDir(project);
  const backend = chooseBackend(project, settings);
  const passphrase = passphraseEnvironment((path) => {
    say(`Made the passphrase that encrypts the secrets in the state: ${path}. Keep a copy of it in a safe place.`);
  });
  const env: Record<string, string> = {
    ...passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    [RUN_MARK]: runMark(),
    ...compression(process.env),
    ...engineHome(project.workDir, process.env),
    ...(backend.url === undefined ? {} : { PULUMI_BACKEND_URL: backend.url }),
  };
  return { project, stack, settings, backend, pulumi, workDir: prepareWorkspace(project, stack), env };
}
