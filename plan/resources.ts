/**
 * What roles put on hosts besides files, units and directories. A bundle's text names each by its kind, its key (what it is on the host;
 * nobody else may have it) and its arguments. How it is looked at, made and taken back again stands in scripts/lib/resources/.
 */

/** Kind → the key, and what it shall be. */
export interface ResourceArguments {
  /** A package of the distribution, by the name that Debian has for it. */
  package: { key: string };
  /** A group of users. `gid`: its number; default: what the host gives. */
  group: { key: string; gid?: number };
  /** An account. */
  account: {
    key: string;
    /** Its number. Default: what the host gives. */
    uid?: number;
    /** Its own group. Default: one of its name. */
    group?: string;
    /** Groups that it is in besides. Others that it is in stay. */
    groups?: readonly string[];
    home: string;
    shell: string;
    /** Whether its number is one for services. */
    system: boolean;
    /** Who it is. Default: nothing. */
    comment?: string;
  };
  /** A symbolic link; the key is its path. */
  symlink: { key: string; target: string };
  /** A kernel parameter has a value now; that it has it after a boot is for a file. */
  sysctl: { key: string; value: string };
  /** A module of the kernel is loaded now; likewise. */
  module: { key: string };
  /** A unit whose file is not ours: when we let go of it, it runs and starts at boot as it did before. */
  service: { key: string };
}

export type ResourceKind = keyof ResourceArguments;

/** One of the kinds, and the units that change with it. */
export type Resource = {
  [Kind in ResourceKind]: { kind: Kind } & ResourceArguments[Kind];
}[ResourceKind] & {
  /** Units that are restarted when it changes. */
  restart?: readonly string[];
  /** Units that are reloaded when it changes. */
  reload?: readonly string[];
};

interface Form<Arguments> {
  /** As messages call it; the key follows. */
  title: string;
  /**
   * When it is made: before files are written, because files need it, or after that. What is taken back goes in the opposite order of the
   * bundle, once its files are gone, and services run again at the end.
   */
  phase: "early" | "late";
  /** The words after the key, one function for each. */
  words: readonly ((args: Arguments) => string | number | undefined)[];
}

const forms: { readonly [Kind in ResourceKind]: Form<ResourceArguments[Kind]> } = {
  package: { title: "the package", phase: "early", words: [] },
  group: { title: "the group", phase: "early", words: [({ gid }) => gid] },
  account: {
    title: "the user",
    phase: "early",
    words: [
      ({ uid }) => uid,
      ({ key, group }) => group ?? key,
      ({ home }) => home,
      ({ shell }) => shell,
      ({ groups }) => groups?.join(","),
      ({ system }) => (system ? "system" : "login"),
      ({ comment }) => comment,
    ],
  },
  symlink: { title: "the file", phase: "late", words: [({ target }) => target] },
  sysctl: { title: "the kernel parameter", phase: "late", words: [({ value }) => value] },
  module: { title: "the kernel module", phase: "late", words: [] },
  service: { title: "the unit", phase: "late", words: [] },
};

/** The kinds with their phases, and how many words each has after its key, as words `KIND:PHASE:COUNT` for the host script. */
export function resourceWords(): string {
  return Object.entries(forms)
    .map(([kind, { phase, words }]) => `${kind}:${phase}:${words.length}`)
    .join(" ");
}

function wordsOf(resource: Resource): (string | number | undefined)[] {
  const { words } = forms[resource.kind] as Form<Resource>;
  return words.map((word) => word(resource));
}

/** What others may not have, too, in words. */
export function resourceTitle({ kind, key }: Pick<Resource, "kind" | "key">): string {
  return `${forms[kind].title} ${key}`;
}

/** Text as one word of a bundle's line: what ends words or means something there stands as `%040`, its octal code; `-` is nothing. */
export function wordOf(text: string | number | undefined): string {
  if (text === undefined || text === "") return "-";
  const coded = (mark: string): string => `%${mark.charCodeAt(0).toString(8).padStart(3, "0")}`;
  const word = String(text).replaceAll(/[%\s|\\"]/g, coded);
  return word === "-" ? coded("-") : word;
}

/** A resource as a line of a bundle's text. */
export function renderResource(resource: Resource): string {
  const { kind, key, restart = [], reload = [] } = resource;
  const words = wordsOf(resource).map(wordOf);
  const units = [
    ...(restart.length > 0 ? [`restart=${restart.join(",")}`] : []),
    ...(reload.length > 0 ? [`reload=${reload.join(",")}`] : []),
  ];
  // The units come first: a word of a resource may look like them.
  return ["resource", kind, wordOf(key), ...units, "--", ...words].join(" ");
}
