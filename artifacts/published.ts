import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isPlain, lockedDigests, lockEntry, lockRemedy, whyNotFromMirror } from "../lockfile/judge.ts";
import { type Lock } from "../lockfile/schema.ts";
import { storeChecked } from "./checked.ts";
import { labelOf, partialDirOf, workDirOf, type SourceContext, type Wanted } from "./context.ts";
import { downloadFile, publishedDigest } from "./download.ts";
import { ArtifactError } from "./errors.ts";
import { formatDuration, formatSize, reporting } from "./progress.ts";
import { run } from "./run.ts";
import { type Download } from "./table.ts";

/** A place that publishes finished files with their checksums. */
export interface PublishedSource {
  /** How progress lines call it: "the official site", "the mirror". */
  title: string;
  /** The publisher's own site, or somebody who passes its files on. */
  kind: "download" | "mirror";
  /** The file for one artifact of `wanted`; undefined when this source has none. */
  download(artifact: string, wanted: Wanted): Download | undefined;
}

/** The publishers' own sites. */
export const officialSource: PublishedSource = {
  title: "the official site",
  kind: "download",
  download: (artifact, { group, version, platform }) => group.download?.(artifact, version, platform),
};

/** A mirror that is laid out as the artifact server's tree, with `SHA256SUMS` at its root. */
export function mirrorSource(baseUrl: string): PublishedSource {
  const base = baseUrl.replace(/\/+$/, "");
  return {
    title: "the mirror",
    kind: "mirror",
    download: (artifact, { version, platform }) => {
      const entry = `${artifact}/${version}/${platform}/${artifact}`;
      return { url: `${base}/${entry}`, checksums: `${base}/SHA256SUMS`, entry, provides: { [artifact]: null } };
    },
  };
}

/** The files to fetch for `wanted`, each once, however many of its artifacts it holds. */
function downloadsFor(source: PublishedSource, wanted: Wanted): Download[] {
  const downloads = wanted.names.flatMap((name) => source.download(name, wanted) ?? []);
  return [...new Map(downloads.map((download) => [download.url, download])).values()];
}

/** Undefined when every site that `wanted` needs from this source answers; otherwise why it is no source. */
export async function whyUnreachable(
  source: PublishedSource,
  wanted: Wanted,
  { reachability }: SourceContext,
): Promise<string | undefined> {
  const downloads = downloadsFor(source, wanted);
  if (downloads.length === 0) return `${wanted.group.name} is published as source code and images only`;
  for (const { url } of downloads) {
    const reason = await reachability.whyNot(url);
    if (reason !== undefined) return `${new URL(url).host} is not reachable (${reason})`;
  }
  return undefined;
}

/** Downloads, checks and stores what `wanted` lists. Nothing of a file with a wrong digest stays. */
export async function fetchPublished(source: PublishedSource, wanted: Wanted, context: SourceContext): Promise<void> {
  for (const download of downloadsFor(source, wanted)) await fetchOne(source, download, wanted, context);
}

async function fetchOne(
  source: PublishedSource,
  download: Download,
  wanted: Wanted,
  context: SourceContext,
): Promise<void> {
  const { report, cacheDir, signal } = context;
  const label = labelOf(wanted);
  const file = download.url.slice(download.url.lastIndexOf("/") + 1);
  const began = Date.now();
  refusePlainMirror(source, download, wanted, context.lock);
  report(`${label}: downloading ${file} from ${source.title} (${new URL(download.url).host})`);
  const digest = await publishedDigest(download, signal);
  refuseOther(source, download, digest, wanted, context.lock);
  let state = "";
  const partial = await reporting(
    report,
    (elapsed) => `${label}: still downloading ${file}, ${elapsed}${state}`,
    () =>
      downloadFile(download.url, digest, {
        partialDir: partialDirOf(cacheDir),
        signal,
        onBytes: (received, total) => {
          state = `, ${formatSize(received)}${total === undefined ? "" : ` of ${formatSize(total)}`}`;
        },
      }),
  );
  const sizes = await storeAll(source, download, partial, digest, wanted, context);
  report(`${label}: ${sizes} from ${source.title} in ${formatDuration(Date.now() - began)}, checksum verified`);
}

/** The wanted artifacts of one file, with what is locked of each. */
function lockedIn(download: Download, { names, version, platform }: Wanted, lock: Lock) {
  return Object.entries(download.provides)
    .filter(([name]) => names.includes(name))
    .map(([name, member]) => ({ name, member, entry: lockEntry(lock, { name, version, platform }) }));
}

/** A mirror without https is asked for nothing that is not locked. */
function refusePlainMirror({ kind }: PublishedSource, download: Download, wanted: Wanted, lock: Lock): void {
  if (kind !== "mirror" || !isPlain(download.url)) return;
  for (const { name, entry } of lockedIn(download, wanted, lock)) {
    if (lockedDigests(entry).length > 0) continue;
    throw new ArtifactError(
      `${name} ${wanted.version} is not taken from ${download.url}, because nothing protects http:// and plinth.lock.json has no ` +
        `digest of it: use https://, or run ./plinth artifacts --update on a machine that has it from elsewhere and commit plinth.lock.json`,
    );
  }
}

/** Refuses a file by the digest that its server publishes, before anything of it is fetched. */
function refuseOther(
  { kind }: PublishedSource,
  download: Download,
  published: string,
  wanted: Wanted,
  lock: Lock,
): void {
  for (const { name, member, entry } of lockedIn(download, wanted, lock)) {
    const locked = entry?.download;
    let refused;
    if (kind === "mirror") refused = whyNotFromMirror(download.url, published, lockedDigests(entry));
    else if (locked !== undefined) {
      const expected = member === null ? lockedDigests(entry) : [locked.file ?? published];
      refused = whyNotFromMirror(download.url, published, expected);
    }
    if (refused !== undefined)
      throw new ArtifactError(`${name} ${wanted.version}: ${download.url} ${refused}: ${lockRemedy}`);
  }
}

/** Puts the wanted artifacts of one verified file into the cache, and says which and how large. */
async function storeAll(
  { kind }: PublishedSource,
  { provides, url }: Download,
  file: string,
  digest: string,
  wanted: Wanted,
  context: SourceContext,
): Promise<string> {
  const { version, platform } = wanted;
  const workDir = workDirOf(context.cacheDir, wanted);
  await mkdir(workDir, { recursive: true });
  const stored: string[] = [];
  for (const [name, member] of Object.entries(provides)) {
    if (!wanted.names.includes(name)) continue;
    const target = join(workDir, name);
    if (member === null) await rename(file, target);
    else await extract(file, member, workDir, target, context.signal);
    const origin = kind === "mirror" || member === null ? { kind, url } : { kind, url, file: digest };
    const { record } = await storeChecked(context, { name, version, platform }, target, url, origin);
    stored.push(`${name} (${formatSize(record.size)})`);
  }
  await rm(file, { force: true });
  return stored.join(", ");
}

async function extract(
  archive: string,
  member: string,
  workDir: string,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await run("tar", ["-xzf", archive, "-C", workDir, "--no-same-owner", member], { signal });
  } catch (error) {
    throw new ArtifactError(`${member} could not be taken out of the downloaded archive`, { cause: error });
  }
  await rename(join(workDir, member), target);
}
