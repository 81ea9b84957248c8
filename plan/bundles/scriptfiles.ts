import type { BundleDownload, BundleFile } from "../bundle.ts";
import { scriptDownload, type Script } from "../scripts.ts";

/**
 * A script of ours as a file of a host, fetched by its digest: the texts of bundles, which the engine's state holds for
 * every host, carry the digest alone.
 */
export function scriptFile(
  path: string,
  script: Script,
  effect: Pick<BundleFile, "restart" | "reload"> = {},
): BundleDownload {
  return { path, mode: "0755", owner: "root:root", ...scriptDownload(script), ...effect };
}
