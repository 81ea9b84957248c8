import type { BundleFile, BundleSecret } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import { takesWholePath, trustOf, type Registry, type RegistryCredentials, type Trust } from "../registrysettings.ts";

/** Where containerd looks for a registry's `hosts.toml`; it reads it at every pull, so that no restart is needed. */
export const registriesDirectory = "/etc/containerd/certs.d";

function directoryOf(host: string): string {
  return `${registriesDirectory}/${host}`;
}

/** TOML's basic strings are JSON's, but for characters that neither addresses nor Base64 hold. */
const quote = (text: string): string => JSON.stringify(text);

function authorization(header: string | undefined): string[] {
  return header === undefined ? [] : [`Authorization = ${quote(header)}`];
}

/** What is sent to a host that has credentials. @param hosts its names. */
function credentialsOf(hosts: readonly string[], credentials: RegistryCredentials): string | undefined {
  const found = hosts.map((name) => credentials[name]).find((one) => one !== undefined);
  if (found === undefined) return undefined;
  return `Basic ${Buffer.from(`${found.username}:${found.password}`).toString("base64")}`;
}

/** Names of a mirror's host in `plinth:registryCredentials`: with its port, and without where that is the usual one. */
function hostsOf(mirror: string): string[] {
  const { host, hostname, port, protocol } = new URL(mirror);
  return port === "" ? [host, `${hostname}:${protocol === "https:" ? 443 : 80}`] : [host];
}

/** A file that containerd needs beside `hosts.toml`. */
interface TrustFile {
  path: string;
  file: string;
  part: "certificate" | "key";
}

/** The files of a trust, below the registry's folder. @param prefix of their names. */
function trustFiles(
  host: string,
  prefix: string,
  trust: Trust,
): Partial<Record<"ca" | "certificate" | "key", TrustFile>> {
  const at = (name: string, file: string | undefined, part: TrustFile["part"]): TrustFile | undefined =>
    file === undefined ? undefined : { path: `${directoryOf(host)}/${prefix}${name}`, file, part };
  const ca = at("ca.crt", trust.caFile, "certificate");
  // Not `.cert`: containerd takes such a file for everybody's where it cannot read `hosts.toml`.
  const certificate = at("client.pem", trust.clientCertificateFile, "certificate");
  const key = at("client.key", trust.clientKeyFile, "key");
  return { ...(ca && { ca }), ...(certificate && { certificate }), ...(key && { key }) };
}

/** Lines of `hosts.toml` about a trust. */
function trustLines(host: string, prefix: string, trust: Trust): string[] {
  const { ca, certificate, key } = trustFiles(host, prefix, trust);
  return [
    ...(ca === undefined ? [] : [`ca = ${quote(ca.path)}`]),
    ...(certificate === undefined || key === undefined
      ? []
      : [`client = [[${quote(certificate.path)}, ${quote(key.path)}]]`]),
    ...(trust.skipVerify === true ? ["skip_verify = true"] : []),
  ];
}

/** What each mirror has to be believed by, and the prefix of its files: none where they are the registry's. */
function mirrorsOf(registry: Registry) {
  return registry.mirrors.map((mirror, index) => {
    const own = [mirror.caFile, mirror.clientCertificateFile].some((file) => file !== undefined);
    return { mirror, trust: trustOf(mirror, registry), prefix: own ? `mirror-${index + 1}-` : "" };
  });
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
  registry: Registry = { mirrors: [] },
  credentials: RegistryCredentials = {},
): string {
  const own = authorization(credentialsOf([host], credentials));
  const lines = [
    // What is said of trust is about the mirrors; a registry without mirrors is meant itself.
    ...(registry.mirrors.length === 0 ? trustLines(host, "", registry) : []),
    ...(own.length === 0 ? [] : ["[header]", ...own.map((line) => `  ${line}`)]),
    ...mirrorsOf(registry).flatMap(({ mirror, trust, prefix }) => {
      const header = authorization(credentialsOf(hostsOf(mirror.url), credentials));
      const table = `host.${quote(mirror.url)}`;
      return [
        `[${table}]`,
        `  capabilities = [${(mirror.capabilities ?? ["pull", "resolve"]).map(quote).join(", ")}]`,
        // A mirror that is down costs seconds and not the half minute that is containerd's default.
        '  dial_timeout = "5s"',
        ...(takesWholePath(mirror) ? ["  override_path = true"] : []),
        ...trustLines(host, prefix, trust).map((line) => `  ${line}`),
        ...(header.length === 0 ? [] : [`  [${table}.header]`, ...header.map((line) => `    ${line}`)]),
      ];
    }),
  ];
  return ["# Where the images of this registry come from.", ...lines, ""].join("\n");
}

/** Registries that need a file: those with mirrors or settings of trust, and those with credentials. */
function registryHosts(config: ClusterConfig): string[] {
  return [...new Set([...Object.keys(config.registries), ...Object.keys(config.registryCredentials)])].sort();
}

function needsCredentials(host: string, config: ClusterConfig): boolean {
  const mirrors = config.registries[host]?.mirrors ?? [];
  return [host, ...mirrors.flatMap(({ url }) => hostsOf(url))].some((name) => name in config.registryCredentials);
}

/** The files that a registry's `hosts.toml` names, each once. */
function filesOf(host: string, registry: Registry): TrustFile[] {
  const used = [
    ...(registry.mirrors.length === 0 ? [trustFiles(host, "", registry)] : []),
    ...mirrorsOf(registry).map(({ trust, prefix }) => trustFiles(host, prefix, trust)),
  ].flatMap((files) => Object.values(files));
  return [...new Map(used.map((file) => [file.path, file])).values()];
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
    for (const { path: place, file, part } of registry === undefined ? [] : filesOf(host, registry)) {
      const mode = part === "key" ? "0600" : "0644";
      secrets.push({ path: place, mode, owner, source: { kind: "registry-file", file, part } });
    }
  }
  return { files, secrets };
}
