import type { BundleBinary, FetchedBinary } from "./bundle.ts";
import type { Finding } from "./findings.ts";

/** Path on the artifact server → SHA-256 in hexadecimal. */
export type Digests = ReadonlyMap<string, string>;

/** Parses lines `<sha256>  <path>` as sha256sum writes them. */
export function parseDigests(text: string): Digests {
  const lines = text.split("\n").flatMap((line): [string, string][] => {
    const match = /^([0-9a-f]{64})\s+\*?(\S+)$/.exec(line.trim());
    return match?.[1] !== undefined && match[2] !== undefined ? [[match[2], match[1]]] : [];
  });
  return new Map(lines);
}

/** Path of a binary on the artifact server. */
export function artifactPath(binary: Pick<BundleBinary, "name" | "version">, arch: string): string {
  return `${binary.name}/${binary.version}/linux-${arch}/${binary.name}`;
}

/** @throws Error when the server does not list the binary; {@link missingBinaries} finds that beforehand. */
export function locateBinary(
  digests: Digests,
  artifactsUrl: string,
  binary: BundleBinary,
  arch: string,
): FetchedBinary {
  const path = artifactPath(binary, arch);
  const sha256 = digests.get(path);
  if (sha256 === undefined) throw new Error(`the artifact server ${artifactsUrl} has no ${path}`);
  return { sha256, url: `${artifactsUrl.replace(/\/$/, "")}/${path}` };
}

/** Findings for binaries that a host needs and the server does not list. */
export function missingBinaries(
  digests: Digests,
  artifactsUrl: string,
  needed: readonly { binary: Pick<BundleBinary, "name" | "version">; arch: string }[],
): Finding[] {
  const missing = new Set(
    needed.map(({ binary, arch }) => artifactPath(binary, arch)).filter((path) => !digests.has(path)),
  );
  return [...missing].map((path) => ({
    rule: "artifact-missing",
    kind: "input",
    hosts: [],
    message: `the artifact server ${artifactsUrl} has no ${path}`,
    remedy: "add it there, or use a version that it has",
  }));
}
