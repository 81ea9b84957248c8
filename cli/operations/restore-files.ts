import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { secretPlaces, withoutSalt } from "../../plan/backup/configsecrets.ts";
import type { StateHalf } from "../../plan/backup/statehalf.ts";
import { parse } from "yaml";
import { CliError } from "../errors.ts";
import { runPulumi } from "../pulumi/cli.ts";
import { readConfigValues } from "../pulumi/config-values.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { prepareWorkspace } from "../pulumi/workspace.ts";

/**
 * Writes files of a set into the working copy. Secrets in the stack's file that the present passphrase does not open are encrypted anew
 * by it, of their texts in the set; they are in clear in no file.
 *
 * @param paths those of the set's files that are to be written.
 * @returns encrypts those secrets, once the stack exists.
 */
export async function writeStackFiles(
  context: EngineContext,
  half: StateHalf,
  paths: readonly string[],
): Promise<() => Promise<void>> {
  const { project, stack } = context;
  for (const path of paths) replace(join(project.dir, path), half.files[path] ?? "");
  const name = `Pulumi.${stack}.yaml`;
  const text = half.files[name];
  if (text === undefined || !paths.includes(name)) return () => Promise.resolve();
  prepareWorkspace(project, stack);
  const places = secretPlaces(parse(text), half.config);
  if (places.length === 0 || (await secretsOpen(context))) return () => Promise.resolve();
  replace(join(project.dir, name), withoutSalt(text));
  replace(join(context.workDir, name), withoutSalt(text));
  return async () => {
    for (const { path, value } of places)
      await runPulumi(context, ["config", "set", "--path", path, "--secret"], value);
    // With the salt that they are encrypted by.
    replace(join(project.dir, name), readFileSync(join(context.workDir, name), "utf8"));
  };
}

/** Whether the present passphrase opens the secrets of the stack's file. */
export async function secretsOpen(context: EngineContext): Promise<boolean> {
  try {
    await readConfigValues(context);
    return true;
  } catch (error) {
    if (error instanceof CliError) return false;
    throw error;
  }
}

function replace(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text, { flush: true });
  renameSync(draft, path);
}
