import type { BundleFile, BundleSecret } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";

/** Where containerd looks for a registry's `hosts.toml`; it reads it at every pull, so that no restart is needed. */
export const registriesDirectory = "/etc/containerd/certs.d";

export type Registry = ClusterConfig["registries"][string];
export type RegistryCredentials = ClusterConfig["registryCredentials"];

function directoryOf(host: string): string {
  return `${registriesDirectory}/${host}`;
}

function authorityPath(host: string): string {
  return `${directoryOf(host)}/ca.crt`;
}

/** TOML's basic strings are JSON's, but for characters that neither addresses nor Base64 hold. */
const quote = (text: string): string => JSON.stringify(text);

function authorization(host: string, credentials: RegistryCredentials): string[] {
  const found = credentials[host];
  if (found === undefined) return [];
  return [`Authorization = ${quote(`Basic ${Buffer.from(`${found.username}:${found.password}`).toString("base64")}`)}`];
}

/**
 * `hosts.toml` of a registry: its mirrors in the order given, then the registry itself.
 *
 * @param host name of the registry as images have it, with its port if it has one; `_default` for all others.
 * @param registry its mirrors; undefined for a registry that only needs credentials.
 * @param credentials by registry or mirror host. Given to whom they belong, and to nobody else.
 */
export function renderHostsToml(
  host: string,
  registry: Registry | undefined,
  credentials: RegistryCredentials = {},
): string {
  const mirrors = registry?.mirrors ?? [];
  const authority = registry?.caFile === undefined ? [] : [`ca = ${quote(authorityPath(host))}`];
  const own = authorization(host, credentials);
  const lines = [
    // The authority belongs to the mirrors; a registry without mirrors is meant itself.
    ...(mirrors.length === 0 ? authority : []),
    ...(own.length === 0 ? [] : ["[header]", ...own.map((line) => `  ${line}`)]),
    ...mirrors.flatMap((mirror) => {
      const header = authorization(new URL(mirror).host, credentials);
      const table = `host.${quote(mirror)}`;
      return [
        `[${table}]`,
        '  capabilities = ["pull", "resolve"]',
        // A mirror that is down costs seconds and not the half minute that is containerd's default.
        '  dial_timeout = "5s"',
        ...authority.map((line) => `  ${line}`),
        ...(header.length === 0 ? [] : [`  [${table}.header]`, ...header.map((line) => `    ${line}`)]),
      ];
    }),
  ];
  return ["# Where the images of this registry come from.", ...lines, ""].join("\n");
}

/** Registries that need a file: those with mirrors or an authority, and those with credentials. */
function registryHosts(config: ClusterConfig): string[] {
  return [...new Set([...Object.keys(config.registries), ...Object.keys(config.registryCredentials)])].sort();
}

function needsCredentials(host: string, config: ClusterConfig): boolean {
  const mirrors = config.registries[host]?.mirrors ?? [];
  return [host, ...mirrors.map((mirror) => new URL(mirror).host)].some((name) => name in config.registryCredentials);
}

/** `hosts.toml` of every registry; the ones with credentials are secrets. */
export function registryFiles(config: ClusterConfig): { files: BundleFile[]; secrets: BundleSecret[] } {
  const owner = "root:root";
  const files: BundleFile[] = [];
  const secrets: BundleSecret[] = [];
  for (const host of registryHosts(config)) {
    const registry = config.registries[host];
    const path = `${directoryOf(host)}/hosts.toml`;
    if (needsCredentials(host, config)) secrets.push({ path, mode: "0600", owner, source: { kind: "registry", host } });
    else files.push({ path, mode: "0644", owner, content: renderHostsToml(host, registry) });
    if (registry?.caFile !== undefined)
      secrets.push({
        path: authorityPath(host),
        mode: "0644",
        owner,
        source: { kind: "registry-authority", host },
      });
  }
  return { files, secrets };
}
