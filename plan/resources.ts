/**
 * What roles put on hosts besides files, units and directories. A bundle's text names each by its kind, its key (what it is on the host;
 * nobody else may have it) and its arguments. How it is looked at, made and taken back again stands in scripts/lib/resources/.
 */

/** Kind → the key, and what it shall be. */
export interface ResourceArguments {
  /** A package of the distribution, by the name that Debian has for it. */
  package: {
    key: string;
    /** The one version of it that is right, as the distribution writes it. Default: any. */
    version?: string;
  };
  /** A package stays as it is when others are upgraded. */
  hold: { key: string };
  /** A file that tells where packages come from; the key is its path. */
  source: { key: string; text: string };
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
  /** A kernel parameter has a value now; that it has it after a boot is for a file. */
  sysctl: { key: string; value: string };
  /** A module of the kernel is loaded now; likewise. */
  module: { key: string };
  /** Lines of a file that others own. The key is `PATH#NAME`. */
  block: {
    key: string;
    path: string;
    /** What begins a comment there. */
    comment: string;
    /** A command that must take the new file, whose path stands in place of its word `%`. Default: nobody is asked. */
    judge?: string;
    text: string;
  };
  /** Keys by which a user may log in; the key is the user. */
  authorized: {
    key: string;
    /** Whether others are taken away. */
    only: boolean;
    keys: string;
  };
  /** An authority that programs of the host trust, by its name. */
  anchor: { key: string; certificate: string };
  /** A file to swap to; the key is its path. */
  swapfile: { key: string; bytes: number };
  /** A filesystem, on the device that is the key. */
  filesystem: { key: string; type: string; label?: string };
  /** A volume group of LVM, on these devices. */
  volumegroup: { key: string; devices: readonly string[] };
  /** A logical volume of LVM; the key is `GROUP/NAME`, the size bytes or `N%` of the group. */
  volume: { key: string; size: string };
  /** A directory with what is in an archive, which is a file of the same role. */
  archive: { key: string; file: string; sha256: string; strip: number };
  /** A shell's commands. */
  command: {
    key: string;
    /** It is run where this is not there, */
    creates?: string;
    /** or where this does not end with 0. */
    unless?: string;
    run: string;
    undo?: string;
    user: string;
    seconds: number;
  };
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
  /** What has to be the same where several have it. Default: one has it alone. */
  shared?: (args: Arguments) => string;
  /** What it takes besides. Default: nothing. */
  claims?: (args: Arguments) => readonly ResourceClaim[];
}

/** What a resource takes, in words. Those that say the same of `shared` have it together; what says nothing has it alone. */
export interface ResourceClaim {
  what: string;
  shared: string | undefined;
}

const forms: { readonly [Kind in ResourceKind]: Form<ResourceArguments[Kind]> } = {
  source: {
    title: "the file",
    phase: "early",
    words: [({ text }) => text],
  },
  package: {
    title: "the package",
    phase: "early",
    words: [({ version }) => version],
    // Many may want one.
    shared: () => "",
    claims: ({ key, version }) =>
      version === undefined ? [] : [{ what: `the version of the package ${key}`, shared: version }],
  },
  hold: { title: "the hold of the package", phase: "early", words: [], shared: () => "" },
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
  block: {
    title: "the lines",
    phase: "late",
    words: [({ path }) => path, ({ comment }) => comment, ({ judge }) => judge, ({ text }) => text],
    claims: ({ path }) => [{ what: `the file ${path}`, shared: "lines of it" }],
  },
  authorized: {
    title: "the keys of the user",
    phase: "late",
    words: [({ only }) => (only ? "only" : "besides"), ({ keys }) => keys],
  },
  anchor: { title: "the authority", phase: "late", words: [({ certificate }) => certificate] },
  volumegroup: {
    title: "the volume group",
    phase: "late",
    words: [({ devices }) => devices.join(",")],
    claims: ({ devices }) => devices.map((device) => ({ what: `the device ${device}`, shared: undefined })),
  },
  volume: { title: "the volume", phase: "late", words: [({ size }) => size] },
  filesystem: { title: "the device", phase: "late", words: [({ type }) => type, ({ label }) => label] },
  swapfile: { title: "the file", phase: "late", words: [({ bytes }) => bytes] },
  sysctl: { title: "the kernel parameter", phase: "late", words: [({ value }) => value] },
  module: { title: "the kernel module", phase: "late", words: [] },
  archive: {
    title: "the directory",
    phase: "late",
    words: [({ file }) => file, ({ sha256 }) => sha256, ({ strip }) => strip],
  },
  command: {
    title: "the command",
    phase: "late",
    words: [
      ({ creates }) => creates,
      ({ unless }) => unless,
      ({ run }) => run,
      ({ undo }) => undo,
      ({ user }) => user,
      ({ seconds }) => seconds,
    ],
  },
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

/** What others may not have, too. */
export function resourceClaims(resource: Resource): readonly ResourceClaim[] {
  // It is claimed as the unit that it is.
  if (resource.kind === "service") return [];
  const form = forms[resource.kind] as Form<Resource>;
  const own = { what: `${form.title} ${resource.key}`, shared: form.shared?.(resource) };
  return [own, ...(form.claims?.(resource) ?? [])];
}

/** Text as one word of a bundle's line: what ends words or means something there stands as `%040`, its octal code; `-` is nothing. */
export function wordOf(text: string | number | undefined): string {
  if (text === undefined || text === "") return "-";
  const coded = (mark: string): string => `%${mark.charCodeAt(0).toString(8).padStart(3, "0")}`;
  // Of blanks, those of ASCII alone: a code is one byte, and shells and awk end words at no others.
  const word = String(text).replaceAll(/[%\t\n\v\f\r |\\"]/g, coded);
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
