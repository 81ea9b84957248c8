import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { CliError } from "../errors.ts";
import { isNoSuchStack, passphraseProblem, PulumiFailure, runPulumi } from "./cli.ts";
import type { EngineContext } from "./context.ts";

const listed = z.record(z.string(), z.object({ value: z.string().default("") }));

/** The secrets of a stack's file cannot be decrypted: with the sentence that says why. */
export class ClosedSecrets extends CliError {}

/**
 * The configuration of a stack with every secret in clear, as the engine hands it to the program: `NAMESPACE:KEY` → text,
 * of lists and maps as JSON. Decrypted by the engine itself: by passphrase, or by the secrets provider in the stack's file.
 *
 * @throws ClosedSecrets that says why it cannot be decrypted.
 */
export async function readConfigValues(context: EngineContext): Promise<Record<string, string>> {
  const text = await askEngine(context).catch((error: unknown) => {
    if (!(error instanceof PulumiFailure)) throw error;
    throw new ClosedSecrets(undecipherable(context, error.result.stderr.trim()));
  });
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    // Not with the error: it quotes the text.
    throw new CliError(undecipherable(context, "the Pulumi CLI printed no JSON"));
  }
  return Object.fromEntries(Object.entries(listed.parse(values)).map(([key, { value }]) => [key, value]));
}

function undecipherable({ stack }: EngineContext, said: string): string {
  return passphraseProblem(said) ?? `The secrets in Pulumi.${stack}.yaml cannot be decrypted: ${said}`;
}

async function askEngine(context: EngineContext): Promise<string> {
  const args = ["config", "--json", "--show-secrets"];
  try {
    return await runPulumi(context, args);
  } catch (error) {
    if (!isNoSuchStack(error)) throw error;
  }
  // A clone whose backend does not have the stack yet: the file says all that is needed, and a stack is made by `up` only.
  const folder = mkdtempSync(join(tmpdir(), "plinth-config-"));
  try {
    cpSync(context.workDir, folder, { recursive: true });
    const aside = {
      ...context,
      workDir: folder,
      env: { ...context.env, PULUMI_BACKEND_URL: pathToFileURL(folder).href },
    };
    await runPulumi(aside, ["stack", "init"]);
    return await runPulumi(aside, args);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
