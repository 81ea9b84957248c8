import { structuredPatch } from "diff";

/** Lines around a change that are shown with it. */
const CONTEXT = 3;

/** What becomes of one file of a bundle. */
export interface FileChange {
  path: string;
  kind: "added" | "changed" | "removed";
  /** `contents` for text that the bundle holds; the others are fetched, or come by standard input. */
  form: "contents" | "download" | "secret" | "public" | "link";
  /** Unified diff of the contents; empty when they stay, or are not part of the text. */
  diff: string[];
  /** Mode, owner or digest, as `before → after`, when one of these changes. */
  attributes?: string;
}

/** An executable that changes. Undefined: there was none, or there will be none. */
export interface BinaryChange {
  name: string;
  before: string | undefined;
  after: string | undefined;
}

/** Lines of one directive that come and go. */
export interface LineChange {
  directive: string;
  removed: string[];
  added: string[];
}

/** Difference between the bundle that a host has and the one it is to have. */
export interface BundleChanges {
  bundle: string;
  files: FileChange[];
  binaries: BinaryChange[];
  /** Units in the order of the bundle. A unit is in one of the lists at most. */
  restarted: string[];
  reloaded: string[];
  started: string[];
  stopped: string[];
  /** Units that read key material or certificates: when these change, they are restarted or reloaded, too. */
  readsSecrets: string[];
  checks: LineChange | undefined;
  /** What is made ready before files are written (users, packages, directories…), and whatever else changes. */
  preparations: LineChange[];
  /** Nothing but the generation changes: the host is not as it was left. */
  repairs: boolean;
}

interface Entry {
  form: FileChange["form"];
  /** Everything after the path but the units. */
  attributes: string[];
  restart: string[];
  reload: string[];
  content: string[];
}

interface Parsed {
  bundle: string;
  generation: string;
  entries: Map<string, Entry>;
  binaries: Map<string, { version: string; digest: string; restart: string[]; reload: string[] }>;
  units: string[];
  /** Directive → its lines, without it. */
  others: Map<string, string[]>;
}

/** Takes `restart=a,b` and `reload=c` off a line's words. */
function unitsOf(words: readonly string[]): { words: string[]; restart: string[]; reload: string[] } {
  const list = (name: string): string[] =>
    words
      .filter((word) => word.startsWith(`${name}=`))
      .flatMap((word) => word.slice(name.length + 1).split(","))
      .filter((unit) => unit !== "");
  return {
    words: words.filter((word) => !/^(restart|reload)=/.test(word)),
    restart: list("restart"),
    reload: list("reload"),
  };
}

const forms: Readonly<Record<string, FileChange["form"]>> = {
  file: "contents",
  download: "download",
  secret: "secret",
  public: "public",
  symlink: "link",
};

/** Reads the bundle in a command's text, whatever stands around it; undefined when there is none. */
function parseBundle(text: string): Parsed | undefined {
  const lines = text.split("\n");
  const begin = lines.indexOf("plinth-bundle 1");
  if (begin < 0) return undefined;
  const parsed: Parsed = {
    bundle: "",
    generation: "",
    entries: new Map(),
    binaries: new Map(),
    units: [],
    others: new Map(),
  };
  let content: string[] = [];
  for (const line of lines.slice(begin + 1)) {
    if (line === "end") break;
    if (line.startsWith("|")) {
      content.push(line.slice(1));
      continue;
    }
    const [directive = "", ...rest] = line.split(" ");
    const { words, restart, reload } = unitsOf(rest);
    const form = forms[directive];
    const first = words[0] ?? "";
    content = [];
    if (form !== undefined) parsed.entries.set(first, { form, attributes: words.slice(1), restart, reload, content });
    else if (directive === "binary") {
      parsed.binaries.set(first, { version: words[1] ?? "", digest: words[2] ?? "", restart, reload });
    } else if (directive === "unit") parsed.units.push(first);
    else if (directive === "bundle") parsed.bundle = first;
    else if (directive === "generation") parsed.generation = first;
    else parsed.others.set(directive, [...(parsed.others.get(directive) ?? []), rest.join(" ")]);
  }
  return parsed;
}

/** Lines of a unified diff without its header. */
export function unifiedDiff(before: string, after: string, context = CONTEXT): string[] {
  return structuredPatch("before", "after", before, after, undefined, undefined, { context }).hunks.flatMap((hunk) => [
    `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
    ...hunk.lines.filter((line) => !line.startsWith("\\")),
  ]);
}

function textOf(content: readonly string[]): string {
  return content.length === 0 ? "" : `${content.join("\n")}\n`;
}

/** Of links, where they lead. Digests are told by their first digits, and addresses not at all: the digest says what is fetched. */
function describeAttributes({ form, attributes }: Entry): string {
  const [mode = "", owner = "", digest] = attributes;
  if (form === "link") return mode;
  return [mode, owner, ...(form === "download" ? [`sha256 ${(digest ?? "").slice(0, 12)}`] : [])].join(" ");
}

function compareEntry(path: string, before: Entry | undefined, after: Entry | undefined): FileChange | undefined {
  const form = (after ?? before)?.form ?? "contents";
  const diff = unifiedDiff(textOf(before?.content ?? []), textOf(after?.content ?? []));
  if (before === undefined) return { path, kind: "added", form, diff };
  if (after === undefined) return { path, kind: "removed", form, diff };
  const [old, now] = [describeAttributes(before), describeAttributes(after)];
  // A text that is fetched now and was part of the bundle before is the same file to the host.
  const fetched = before.form === "contents" && after.form === "download";
  if (fetched && diff.length === 0 && before.attributes.join(" ") === after.attributes.slice(0, 2).join(" "))
    return undefined;
  const kind = before.form === after.form ? "" : `${before.form} → ${after.form}`;
  const attributes = old === now ? kind : `${old} → ${now}`;
  if (diff.length === 0 && attributes === "") return undefined;
  return { path, kind: "changed", form, diff, ...(attributes === "" ? {} : { attributes }) };
}

function compareLines(directive: string, before: readonly string[], after: readonly string[]): LineChange | undefined {
  const removed = before.filter((line) => !after.includes(line));
  const added = after.filter((line) => !before.includes(line));
  return removed.length + added.length === 0 ? undefined : { directive, removed, added };
}

/**
 * Compares the texts of a bundle's command before and after a change, as the host would.
 *
 * @param before undefined for a host that has no such bundle.
 * @returns undefined when `after` holds no bundle.
 */
export function compareBundles(before: string | undefined, after: string): BundleChanges | undefined {
  const now = parseBundle(after);
  if (now === undefined) return undefined;
  const old = before === undefined ? undefined : parseBundle(before);
  const restart = new Set<string>();
  const reload = new Set<string>();
  const hit = (entry: Pick<Entry, "restart" | "reload"> | undefined): void => {
    entry?.restart.forEach((unit) => restart.add(unit));
    entry?.reload.forEach((unit) => reload.add(unit));
  };

  const files: FileChange[] = [];
  for (const path of new Set([...now.entries.keys(), ...(old?.entries.keys() ?? [])])) {
    const [was, is] = [old?.entries.get(path), now.entries.get(path)];
    const change = compareEntry(path, was, is);
    if (change === undefined) continue;
    files.push(change);
    hit(is ?? was);
  }
  const binaries: BinaryChange[] = [];
  for (const name of new Set([...now.binaries.keys(), ...(old?.binaries.keys() ?? [])])) {
    const [was, is] = [old?.binaries.get(name), now.binaries.get(name)];
    if (was?.version === is?.version && was?.digest === is?.digest) continue;
    // The same version with another digest is another build of it.
    const sameVersion = was?.version === is?.version;
    const tell = (binary: typeof was): string | undefined =>
      binary === undefined
        ? undefined
        : sameVersion
          ? `${binary.version} (${binary.digest.slice(0, 12)})`
          : binary.version;
    binaries.push({ name, before: tell(was), after: tell(is) });
    hit(is ?? was);
  }

  const started = now.units.filter((unit) => !(old?.units ?? []).includes(unit));
  const stopped = (old?.units ?? []).filter((unit) => !now.units.includes(unit));
  const running = now.units.filter((unit) => !started.includes(unit));
  const others = [...new Set([...(old?.others.keys() ?? []), ...now.others.keys()])].flatMap(
    (directive) => compareLines(directive, old?.others.get(directive) ?? [], now.others.get(directive) ?? []) ?? [],
  );
  const secrets = [...now.entries.values()].filter(({ form }) => form === "secret" || form === "public");
  const readers = new Set(secrets.flatMap((entry) => [...entry.restart, ...entry.reload]));
  const restarted = running.filter((unit) => restart.has(unit));
  const changes = {
    bundle: now.bundle,
    files,
    binaries,
    restarted,
    reloaded: running.filter((unit) => reload.has(unit) && !restarted.includes(unit)),
    started,
    stopped,
    readsSecrets: running.filter((unit) => readers.has(unit)),
    checks: others.find(({ directive }) => directive === "check"),
    preparations: others.filter(({ directive }) => directive !== "check"),
  };
  const nothing = files.length + binaries.length + started.length + stopped.length + others.length === 0;
  return { ...changes, repairs: nothing && old !== undefined && old.generation !== now.generation };
}
