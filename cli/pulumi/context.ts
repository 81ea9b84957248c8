import { chooseBackend, type Backend } from "./backend.ts";
import { RUN_MARK, runMark } from "./backend-locks.ts";
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
    ...(backend.url === undefined ? {} : { PULUMI_BACKEND_URL: backend.url }),
  };
  return { project, stack, settings, backend, pulumi, workDir: prepareWorkspace(project, stack), env };
}
