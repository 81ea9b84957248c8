import type { BundleBinary, BundleDownload, FetchedBinary } from "./bundle.ts";
import type { Finding } from "./findings.ts";
import { scriptOfSource } from "./scripts.ts";

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

/** What a host fetches: a binary, or a file as it lies on the server. */
export type Fetched = Pick<BundleBinary, "name" | "version"> | Pick<BundleDownload, "source" | "sha256">;

function pathOf(item: Fetched, arch: string): string {
  return "source" in item ? item.source : artifactPath(item, arch);
}

/** @throws Error when the server does not list it; {@link missingArtifacts} finds that beforehand. */
export function locateArtifact(digests: Digests, artifactsUrl: string, item: Fetched, arch: string): FetchedBinary {
  const path = pathOf(item, arch);
  const sha256 = ("source" in item ? item.sha256 : undefined) ?? digests.get(path);
  if (sha256 === undefined) throw new Error(`the artifact server ${artifactsUrl} has no ${path}`);
  return { sha256, url: isElsewhere(path) ? path : `${artifactsUrl.replace(/\/$/, "")}/${path}` };
}

/** Whether what roles fetch comes from another place than the artifact server. */
const isElsewhere = (source: string): boolean => /^https?:\/\//.test(source);

/** The digests that a lock file has for a path on an artifact server; none where it has nothing. */
export type LockedDigests = (path: string) => readonly string[];

/**
 * Findings for what a mirror lists otherwise than the lock file, and for what it lists by `http://` and the lock file does
 * not have. What it lists by `https://` alone is trusted.
 */
export function refusedArtifacts(
  digests: Digests,
  artifactsUrl: string,
  needed: readonly { item: Fetched; arch: string }[],
  locked: LockedDigests,
): Finding[] {
  const paths = [
    ...new Set(needed.filter(({ item }) => !knowsDigest(item)).map(({ item, arch }) => pathOf(item, arch))),
  ];
  const refused = paths.filter((path) => {
    const digest = digests.get(path);
    return digest !== undefined && locked(path).length > 0 && !locked(path).includes(digest);
  });
  const unlocked = new URL(artifactsUrl).protocol === "http:" ? paths.filter((path) => locked(path).length === 0) : [];
  const finding = (message: string, remedy: string): Finding => ({
    ...{ rule: "artifact-lock", kind: "input", hosts: [], message, remedy },
  });
  return [
    ...refused.map((path) =>
      finding(
        `the mirror ${artifactsUrl} has ${path} with the SHA-256 ${digests.get(path) ?? ""}, and plinth.lock.json has ${locked(path).join(" and ")}`,
        "find out which one is right; if it is the new one, run ./plinth artifacts --update on the machine that fills the mirror, and commit plinth.lock.json",
      ),
    ),
    ...(unlocked.length === 0
      ? []
      : [
          finding(
            `the mirror ${artifactsUrl} is reached by http://, where nothing protects digests on their way, and plinth.lock.json has none of ${unlocked.join(", ")}`,
            "use https://, or run ./plinth artifacts --update on the machine that fills the mirror, and commit plinth.lock.json",
          ),
        ]),
  ];
}

const knowsDigest = (item: Fetched): boolean => "source" in item && item.sha256 !== undefined;

/** Findings for what hosts need and the server does not list. */
export function missingArtifacts(
  digests: Digests,
  artifactsUrl: string,
  needed: readonly { item: Fetched; arch: string }[],
): Finding[] {
  const missing = new Set(
    needed.map(({ item, arch }) => pathOf(item, arch)).filter((path) => !digests.has(path) && !isElsewhere(path)),
  );
  const finding = (message: string, remedy: string): Finding => ({
    rule: "artifact-missing",
    kind: "input",
    hosts: [],
    message: `the artifact server ${artifactsUrl} has no ${message}`,
    remedy,
  });
  const scripts = [...missing].filter((path) => scriptOfSource(path) !== undefined);
  const others = [...missing].filter((path) => scriptOfSource(path) === undefined);
  return [
    ...others.map((path) => finding(path, "add it there, or use a version that it has")),
    ...(scripts.length === 0
      ? []
      : [
          finding(
            `scripts of this release of Plinth (${scripts.join(", ")})`,
            "run ./plinth artifacts, which puts them into the cache, and bring the cache's scripts/ and a new SHA256SUMS there",
          ),
        ]),
  ];
}
