import {
  renderCheck,
  renderJudge,
  renderPrepare,
  renderRequire,
  type Check,
  type Judge,
  type Prepare,
  type Require,
} from "./conditions.ts";
import { binDirectory } from "./names.ts";
import { renderResource, wordOf, type Resource } from "./resources.ts";

/** A file whose content may be read by anybody who may read a preview. */
export interface BundleFile {
  path: string;
  /** Octal, four digits, e.g. `0644`. */
  mode: string;
  /** `user:group`. */
  owner: string;
  content: string;
  /** Units that are restarted when this file changes. */
  restart?: readonly string[];
  /** Units that are reloaded when this file changes. */
  reload?: readonly string[];
  /** What must take the new file before it stands in place of the old one. Default: nobody is asked. */
  validate?: FileValidation;
}

/** A program that judges a file, as `visudo -cf FILE` does. */
export interface FileValidation {
  /** The program and its arguments, of which `%` is the path of the new file. */
  words: readonly [string, ...string[]];
  /** Seconds that it may take. */
  deadline: number;
}

/**
 * A file that is made while the cluster is: key material, certificates, public keys. Its content travels by standard
 * input, so that a bundle's text is known at preview.
 */
export interface BundleSecret extends Omit<BundleFile, "content"> {
  /** Where the content comes from. */
  source: SecretSource;
}

/** Whether a source is secret: a private key, a token or a password. Certificates and public keys are not. */
export function isKeyMaterial(source: SecretSource): boolean {
  switch (source.kind) {
    case "bootstrap-kubeconfig":
    case "encryption-config":
    case "registry":
    case "proxy":
    case "operator-file":
    case "role":
      return true;
    case "backup":
      return source.part !== "digests";
    default:
      return source.part === "key" || source.part === "private";
  }
}

/** What such a file holds; the pki component knows the bytes. */
export type SecretSource =
  | { kind: "authority"; authority: Authority; part: "certificate" | "key" }
  | { kind: "leaf"; leaf: LeafSpec; part: "certificate" | "key" }
  | { kind: "service-account"; part: "public" | "private" }
  | { kind: "encryption-config" }
  /** A file of the operator's machine, as the configuration names it. */
  | { kind: "operator-file"; file: string }
  /** Kubeconfig with the token by which a host asks for its first certificate. */
  | { kind: "bootstrap-kubeconfig" }
  /** The proxies, with a login. */
  | { kind: "proxy" }
  /** `hosts.toml` of a registry, with credentials. */
  | { kind: "registry"; host: string }
  /** The password of backup repositories, and what members of etcd reach a target of backups with. */
  | { kind: "backup"; part: "password" }
  /** Which keys of the cluster its data goes with. */
  | { kind: "backup"; part: "digests" }
  | { kind: "backup"; part: "key" | "environment"; target: string }
  /** Text of a role with secrets of the stack's configuration in it. */
  | { kind: "role"; text: readonly SecretTextPart[] }
  /** A PEM file of the operator's machine by which registries and mirrors are believed, or believe containerd. */
  | { kind: "registry-file"; file: string; part: "certificate" | "key" };

/** Text as it is, or the secret of `plinth:secrets` with a name. */
export type SecretTextPart = string | { secret: string };

/** The certificate authorities of a cluster. */
export type Authority = "kubernetes" | "etcd" | "front-proxy";

/** One leaf certificate with a key of its own. */
export interface LeafSpec {
  /** Unique on its host, e.g. `apiserver`. */
  name: string;
  authority: Authority;
  commonName: string;
  organization?: string;
  dnsNames: string[];
  ipAddresses: string[];
  /** Extended key usages besides digital signature. */
  uses: ("server_auth" | "client_auth")[];
}

/** A system user that a service runs as. */
export interface BundleUser {
  name: string;
  home: string;
}

/** A package of the distribution, installed only where the command is missing. */
export interface BundlePackage {
  name: string;
  command: string;
}

/** An executable that the host fetches and checks. */
export interface BundleBinary {
  name: string;
  version: string;
  /** Units that are restarted when the version changes. */
  restart?: readonly string[];
}

/** A file that the host fetches from the artifact server and checks, such as an archive of an image. */
export interface BundleDownload extends Omit<BundleFile, "content"> {
  /** Path below the artifact server's URL, as `SHA256SUMS` lists it, e.g. `images/coredns.tar`; or an address, with its `sha256`. */
  source: string;
  /** Of what the program knows by itself, such as a script of its own. Default: what the artifact server lists. */
  sha256?: string;
}

/** A symbolic link. */
export interface BundleLink extends Pick<BundleFile, "path" | "restart" | "reload"> {
  /** Where it leads, absolute or from its own directory; of the characters that paths of bundles have. */
  target: string;
}

/** A directory that services need. */
export interface BundleDirectory {
  path: string;
  mode: string;
  owner: string;
  /**
   * What becomes of its contents when the host is released: `keep` sets them aside, `purge` deletes them. Without it the
   * directory goes if it is empty.
   */
  atRelease?: "keep" | "purge";
}

/** The desired state of one host for one role: its parts, joined by `compose` in bundles/compose.ts. */
export interface Bundle {
  name: string;
  /**
   * Seconds within which the host must be reached anew after a change; otherwise it returns by itself to what it was before. Default: a
   * change stays.
   */
  confirm?: number;
  users: readonly BundleUser[];
  packages: readonly BundlePackage[];
  directories: readonly BundleDirectory[];
  binaries: readonly BundleBinary[];
  /** Default: none. */
  downloads?: readonly BundleDownload[];
  files: readonly BundleFile[];
  secrets: readonly BundleSecret[];
  /** Default: none. */
  links?: readonly BundleLink[];
  /** What is neither file nor unit, in the order in which it is made. Default: nothing. */
  resources?: readonly Resource[];
  /** Units in the order in which they are restarted. */
  units: readonly string[];
  /** Who must take what is planned before anything is changed, where the unit runs and is to be restarted or reloaded. Default: nobody. */
  judges?: readonly Judge[];
  /** What must hold before anything is changed, where `unit` runs and is about to be restarted. Default: nothing. */
  requires?: readonly Require[];
  /** What is done once the files are there and before any unit starts, in every run, in this order. Default: nothing. */
  prepares?: readonly Prepare[];
  /** What must hold at the end. */
  checks: readonly Check[];
}

/** Digest and address of something on the artifact server. */
export interface FetchedBinary {
  sha256: string;
  url: string;
}

function attributes(file: Pick<BundleLink, "restart" | "reload">): string {
  const restart = file.restart?.length ? ` restart=${file.restart.join(",")}` : "";
  const reload = file.reload?.length ? ` reload=${file.reload.join(",")}` : "";
  return restart + reload;
}

/** Content as lines with `|` in front, the form of the bundle stream; a final newline is implied. */
function quoted(content: string): string[] {
  if (content === "") return [];
  return content
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => `|${line}`);
}

/**
 * The public part of a bundle as the text that `plinth-host apply` reads.
 *
 * @param generation see `bundleGeneration` in facts.ts.
 * @param locate digest and URL of a binary or download.
 */
export function renderBundle(
  bundle: Bundle,
  generation: number,
  locate: (item: BundleBinary | BundleDownload) => FetchedBinary,
): string {
  const lines = ["plinth-bundle 1", `bundle ${bundle.name}`, `generation ${generation}`];
  if (bundle.confirm !== undefined) lines.push(`confirm ${bundle.confirm}`);
  for (const user of bundle.users) lines.push(`user ${user.name} ${user.home}`);
  for (const item of bundle.packages) lines.push(`package ${item.name} ${item.command}`);
  for (const directory of bundle.directories) {
    const release = directory.atRelease === undefined ? "" : ` ${directory.atRelease}`;
    lines.push(`directory ${directory.path} ${directory.mode} ${directory.owner}${release}`);
  }
  lines.push(...(bundle.resources ?? []).map(renderResource));
  for (const binary of bundle.binaries) {
    const { sha256, url } = locate(binary);
    lines.push(`binary ${binary.name} ${binary.version} ${sha256} ${url}${attributes(binary)}`);
  }
  for (const download of bundle.downloads ?? []) {
    const { sha256, url } = locate(download);
    const { path, mode, owner } = download;
    lines.push(`download ${path} ${mode} ${owner} ${sha256} ${url}${attributes(download)}`);
  }
  for (const file of bundle.files) {
    lines.push(`file ${file.path} ${file.mode} ${file.owner}${attributes(file)}`, ...quoted(file.content));
  }
  for (const secret of bundle.secrets) {
    const directive = isKeyMaterial(secret.source) ? "secret" : "public";
    lines.push(`${directive} ${secret.path} ${secret.mode} ${secret.owner}${attributes(secret)}`);
  }
  for (const link of bundle.links ?? []) lines.push(`symlink ${link.path} ${link.target}${attributes(link)}`);
  for (const { path, validate } of [...bundle.files, ...bundle.secrets]) {
    if (validate === undefined) continue;
    lines.push(["validate", path, validate.deadline, ...validate.words.map(wordOf)].join(" "));
  }
  for (const unit of bundle.units) lines.push(`unit ${unit}`);
  lines.push(...(bundle.judges ?? []).map(renderJudge), ...(bundle.requires ?? []).map(renderRequire));
  lines.push(...(bundle.prepares ?? []).map(renderPrepare), ...bundle.checks.map(renderCheck));
  lines.push("end", "");
  return lines.join("\n");
}

/** The secret part of a bundle: path → content, in the order given. */
export function renderSecrets(contents: readonly { path: string; content: string }[]): string {
  const lines = ["plinth-secrets 1"];
  for (const { path, content } of contents) lines.push(`secret ${path}`, ...quoted(content));
  lines.push("end", "");
  return lines.join("\n");
}

/** The path of a binary as units and scripts call it. */
export function binaryPath(name: string): string {
  return `${binDirectory}/${name}`;
}
