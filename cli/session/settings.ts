import type { RawConfig } from "../../plan/rawconfig.ts";
import { revealedTexts } from "../../plan/secrets.ts";
import { readConfig } from "../../plan/stackconfig.ts";
import type { CliError } from "../errors.ts";
import { readInput, type LoadedStack } from "../project/inventory.ts";
import type { Project } from "../project/project.ts";
import { readSettings, reveal, type Decrypt, type StackSettings } from "../project/settings.ts";
import { hide, type Terminal } from "../render/terminal.ts";

/** The settings of a stack, read once, and the way to the secrets in them. */
export interface ReadSettings {
  /** As the file has them: secrets unread. */
  settings: StackSettings;
  /** Asks the engine at most once, whoever wants a secret. */
  decrypt: Decrypt;
  /** The settings with these keys in clear. */
  with: (keys: readonly string[]) => Promise<StackSettings>;
}

/**
 * Reads the settings of a stack. Nothing is decrypted before somebody wants it.
 *
 * @param terminal gets remarks of the search for the Pulumi CLI.
 * @throws CliError (bad input) when the files are not valid.
 */
export function openSettings(project: Project, stack: string, terminal: Terminal): ReadSettings {
  const settings = readSettings(project, stack);
  let asked: ReturnType<Decrypt> | undefined;
  const decrypt: Decrypt = () => (asked ??= ask());
  const ask: Decrypt = async () => {
    const { readConfigValues } = await import("../pulumi/config-values.ts");
    const { engineContext } = await import("../pulumi/context.ts");
    const { findPulumi } = await import("../supply/needs.ts");
    const say = (line: string): void => {
      terminal.note(line);
    };
    const values = await readConfigValues(
      await engineContext(project, stack, await findPulumi(terminal), say, settings),
    );
    hide(revealedTexts(settings.config, readConfig(values)));
    return values;
  };
  return { settings, decrypt, with: (keys) => reveal(settings, keys, decrypt) };
}

/**
 * Reads and checks a stack's inventory and configuration, where nothing has been read yet.
 *
 * @param closed gives what stands in for a configuration whose secrets cannot be decrypted; what it leaves closed counts as not set. Default:
 * that is an error.
 * @throws PlinthError with all findings.
 */
export async function openInput(
  project: Project,
  stack: string,
  terminal: Terminal,
  closed?: (config: RawConfig, error: CliError) => RawConfig,
): Promise<LoadedStack> {
  const { settings, decrypt } = openSettings(project, stack, terminal);
  try {
    return await readInput(project, stack, settings, decrypt);
  } catch (error) {
    const { ClosedSecrets } = await import("../pulumi/config-values.ts");
    if (closed === undefined || !(error instanceof ClosedSecrets)) throw error;
    const config = closed(settings.config, error);
    return readInput(project, stack, { ...settings, config }, () => Promise.resolve({}));
  }
}
