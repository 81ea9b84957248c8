import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CliError } from "../errors.ts";
import type { EngineContext } from "./context.ts";

/** Which file told which version. */
const memory = z.object({ path: z.string(), size: z.number(), changed: z.number(), version: z.string() });

/** The version of the Pulumi CLI, e.g. `3.259.0`. It is asked once for each file: starting it takes a third of a second. */
export async function engineVersion({ project, pulumi, env }: EngineContext): Promise<string> {
  const { size, mtimeMs: changed } = statSync(pulumi);
  const file = join(project.workDir, "engine-version.json");
  const known = remembered(file);
  if (known?.path === pulumi && known.size === size && known.changed === changed) return known.version;
  const { startPulumi } = await import("./cli.ts");
  const result = await startPulumi(pulumi, ["version"], { cwd: process.cwd(), env }).ended;
  if (result.code !== 0) throw new CliError(`${pulumi} does not tell its version: ${result.stderr.trim()}`);
  const version = result.stdout.trim().replace(/^v/, "");
  writeFileSync(file, JSON.stringify({ path: pulumi, size, changed, version }), { mode: 0o600 });
  return version;
}

function remembered(file: string): z.output<typeof memory> | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return memory.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    // Somebody else's, or half of it: it is asked again.
    return undefined;
  }
}
