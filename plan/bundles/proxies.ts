import type { BundleFile, BundleSecret } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import { hasProxy, proxyHasLogin, renderProxies } from "../proxy.ts";

/**
 * The file with the proxies, for root only: a secret where one of them asks for a login, else readable in previews.
 *
 * @param restart units that read it.
 */
export function proxyFile(
  path: string,
  config: ClusterConfig,
  restart: readonly string[] = [],
): { files: BundleFile[]; secrets: BundleSecret[] } {
  const file = { path, mode: "0600", owner: "root:root", restart };
  if (!hasProxy(config)) return { files: [], secrets: [] };
  if (proxyHasLogin(config)) return { files: [], secrets: [{ ...file, source: { kind: "proxy" } }] };
  return { files: [{ ...file, content: renderProxies(config) }], secrets: [] };
}
