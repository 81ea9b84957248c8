import { revealedTexts } from "../../plan/secrets.ts";
import { readConfig } from "../../plan/stackconfig.ts";
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
 * @throws PlinthError with all findings.
 */
export function openInput(project: Project, stack: string, terminal: Terminal): Promise<LoadedStack> {
  const { settings, decrypt } = openSettings(project, stack, terminal);
  return readInput(project, stack, settings, decrypt);
}
