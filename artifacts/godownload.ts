import { run, type RunOptions } from "./run.ts";

/** Brings one module, `path@version`, into Go's module cache and says where its files are, and its sum as go.sum has it. */
export async function downloadModule(
  go: string,
  module: string,
  options: RunOptions,
): Promise<{ folder: string; goMod: string; sum: string }> {
  // With -json errors go to standard output, among the rest; without it they are what standard error says.
  await run(go, ["mod", "download", module], options);
  const output = await run(go, ["mod", "download", "-json", module], options);
  const { Dir, GoMod, Sum = "" } = JSON.parse(output) as { Dir: string; GoMod: string; Sum?: string };
  return { folder: Dir, goMod: GoMod, sum: Sum };
}
