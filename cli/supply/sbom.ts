import { writeFile } from "node:fs/promises";
import { allScripts } from "../../plan/scripts.ts";
import type { StackInput } from "../project/inventory.ts";
import { plinthVersion } from "../project/version.ts";
import type { Terminal } from "../render/terminal.ts";
import { ensureForHosts, hostArtifacts, imagesOf } from "./needs.ts";

/** The time that reproducible documents are dated by, seconds since 1970; without it they have none. */
function sourceDate(): Date | undefined {
  const seconds = process.env["SOURCE_DATE_EPOCH"] ?? "";
  return /^\d+$/.test(seconds) ? new Date(Number(seconds) * 1000) : undefined;
}

/**
 * Names everything that the hosts of a stack fetch, as a CycloneDX document.
 * @param target a file, or true for standard output.
 */
export async function writeSbom(
  stack: string,
  input: Pick<StackInput, "planned">,
  target: string | true,
  terminal: Terminal,
): Promise<void> {
  await ensureForHosts(input, terminal);
  const { defaultCacheDir } = await import("../../artifacts/index.ts");
  const { listSupply } = await import("../../artifacts/inventory.ts");
  const { makeSbom } = await import("../../artifacts/sbom.ts");
  const items = await listSupply(defaultCacheDir(), {
    refs: hostArtifacts(input),
    images: imagesOf(input),
    scripts: allScripts(),
  });
  const text = makeSbom({ stack, version: plinthVersion(), timestamp: sourceDate() }, items);
  if (target === true) {
    terminal.print(text.trimEnd());
    return;
  }
  await writeFile(target, text);
  terminal.note(`${target} names ${items.length} files that hosts fetch.`);
}
