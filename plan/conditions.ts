/**
 * Conditions: what a bundle asks of the host script by name. Each is a function `check_NAME`, `prepare_NAME`, `require_NAME` or
 * `judge_NAME` in scripts/lib/, which gets the unit and then these arguments, in the order in which they are written here.
 */

/** How a member of etcd is asked. */
interface EtcdAccess {
  /** Client URL of this host's member. */
  url: string;
  authorityFile: string;
  certificateFile: string;
  keyFile: string;
}

/** What must hold at the end: name → arguments. */
export interface CheckArguments {
  /** The unit is up, and stays up. The argument is not read: texts of clusters in service have it. */
  "unit-active": { unit?: string };
  /** A GET answers 2xx, and its body holds the text. Without an authority, the system's are trusted. */
  "http-ok": { url: string; authorityFile?: string; text?: string };
  /** This host's member of etcd votes and answers. `members` as `NAME=PEER-URL,…`. */
  "etcd-voter": EtcdAccess & { name: string; members: string };
  /**
   * The unit works with what is in a file now: its metrics tell the hash, as `METRICS_last_config_info`. The certificate is
   * one that may speak for others.
   */
  "config-in-use": {
    url: string;
    metrics: string;
    file: string;
    authorityFile: string;
    certificateFile: string;
    keyFile: string;
  };
  /** The words, joined by blanks and run by sh, end with 0. */
  command: { words: readonly [string, ...string[]] };
  /** A kernel parameter has the value; the key may be a pattern. */
  sysctl: { key: string; value: string };
  /** No swap is on. */
  "swap-off": Readonly<Record<string, never>>;
  /** The other check, where that bundle is complete on this host. */
  "if-bundle": { bundle: string; check: Condition<CheckArguments> };
  /** The other check, where that path exists. */
  "if-file": { path: string; check: Condition<CheckArguments> };
}

/** What must succeed before any unit starts: name → arguments. */
export interface PrepareArguments {
  /** This host without data becomes a member of etcd. `members` as `NAME=PEER-URL,…`; peer ports are asked as a member. */
  "etcd-join": {
    name: string;
    peerUrl: string;
    dataDirectory: string;
    authorityFile: string;
    certificateFile: string;
    keyFile: string;
    token: string;
    members: string;
    peerCertificateFile: string;
    peerKeyFile: string;
  };
  /** The cluster has the Node that this host has registered, or the unit, its kubelet, registers it anew. */
  "node-current": {
    name: string;
    server: string;
    authorityFile: string;
    /** Certificate and key of the Node, in one file. */
    credentialsFile: string;
    /** Made from the Node's pod network; undefined where the network is somebody else's. */
    cniConfig: string | undefined;
    /** Units that follow the Node. */
    agents: readonly string[];
    /** Units under the pods, in the order in which they are stopped. */
    runtime: readonly string[];
  };
  /**
   * The certificate of the kubelet, the unit, has ended, so it asks for another one with a new key, by the bootstrap token that comes with
   * the bundle. Done once for a generation of the bundle.
   */
  "join-anew": {
    generation: number;
    /** Certificate and key of the Node, in one file. */
    credentialsFile: string;
    /** Names them, and is written with them. */
    kubeconfigFile: string;
    /** Units that go by them. */
    agents: readonly string[];
  };
  /**
   * Addresses that keepalived holds by instances of such a name, and that the configuration does not have any more, are held on: their
   * instances go to the file `former`, which the configuration includes.
   */
  "keep-addresses": { config: string; former: string; instance: string };
  /** keepalived, the unit, holds none of them any more. `present`: the address that it is to hold, `-` for none. */
  "release-addresses": { former: string; present: string };
  /** SELinux' policy knows the places of ours. */
  "selinux-contexts": { rules: readonly [ContextRule, ...ContextRule[]] };
  /** These booleans of SELinux' policy are on, where it has them. */
  "selinux-booleans": { names: readonly [string, ...string[]] };
}

/** What SELinux' policy is to take files for. Neither paths nor patterns may hold blanks. */
export type ContextRule =
  /** A type, e.g. `bin_t`, and a regular expression of absolute paths, as semanage-fcontext(8) has it. */
  | { type: string; pattern: string }
  /** A directory that is used as `like` usually is. */
  | { like: string; path: string };

/** What must hold before a unit that serves is restarted: name → arguments. */
export interface RequireArguments {
  /** The other voters are enough for a quorum. */
  "etcd-quorum": EtcdAccess;
  /** This host reaches the API at a URL: its `/readyz` answers. */
  "api-ready": { url: string; authorityFile: string };
}

/**
 * Whom a unit that runs is judged by before it is restarted or reloaded with other files, arguments or another binary: name →
 * arguments. The program is run apart from all that runs on the host, see scripts/lib/judges.sh.
 */
export interface JudgeArguments {
  /** The program's own check: the words end with 0 when it takes its files. `memory` is what it needs, MiB. */
  command: { memory: number; words: readonly [string, ...string[]] };
  /** The program is started as its planned unit starts it. */
  start: {
    /** What it needs, MiB: where less is free it is not asked. */
    memory: number;
    /** Extended regular expression, without blanks: once its output matches, it has read all that it is given. */
    accepted: string;
    /** Seconds that it must live on after that, where there is more to read. */
    settle: number;
    /** Path of the executable as the unit calls it, with one argument on each line after it. */
    executable: string;
    /** Arguments that count in place of the unit's. */
    overrides: Readonly<Record<string, string>>;
  };
}

/** One of the names with its arguments. */
export type Condition<Arguments> = {
  [Name in keyof Arguments]: { name: Name; args: Arguments[Name] };
}[keyof Arguments];

/** How long one waits for a condition, and who is to blame when it does not come to hold. */
export interface Patience {
  /** Seconds; of a check, counted from the end of the restarts. */
  deadline: number;
  /** The unit that is blamed, and whose log is shown. */
  unit: string;
}

export type Check = Condition<CheckArguments> & Patience;
export type Prepare = Condition<PrepareArguments> & Patience;
export type Require = Condition<RequireArguments> & Patience;
export type Judge = Condition<JudgeArguments> & Patience;

/** The words of a condition in a bundle's text, and the fewest of them, which the host script insists on. */
type Forms<Arguments> = {
  readonly [Name in keyof Arguments]: {
    readonly fewest: number;
    readonly words: (args: Arguments[Name]) => readonly string[];
  };
};

const etcdAccess = ({ url, authorityFile, certificateFile, keyFile }: EtcdAccess): string[] => [
  url,
  authorityFile,
  certificateFile,
  keyFile,
];

const checks: Forms<CheckArguments> = {
  "unit-active": { fewest: 0, words: ({ unit }) => (unit === undefined ? [] : [unit]) },
  "http-ok": {
    fewest: 2,
    words: ({ url, authorityFile = "-", text }) => [url, authorityFile, ...(text === undefined ? [] : [text])],
  },
  "etcd-voter": { fewest: 6, words: ({ name, members, ...access }) => [...etcdAccess(access), name, members] },
  "config-in-use": {
    fewest: 6,
    words: ({ url, metrics, file, authorityFile, certificateFile, keyFile }) => [
      url,
      metrics,
      file,
      authorityFile,
      certificateFile,
      keyFile,
    ],
  },
  command: { fewest: 1, words: ({ words }) => words },
  sysctl: { fewest: 2, words: ({ key, value }) => [key, value] },
  "swap-off": { fewest: 0, words: () => [] },
  "if-bundle": { fewest: 2, words: ({ bundle, check }) => [bundle, ...checkWords(check)] },
  "if-file": { fewest: 2, words: ({ path, check }) => [path, ...checkWords(check)] },
};

const prepares: Forms<PrepareArguments> = {
  "etcd-join": {
    fewest: 8,
    words: (args) => [
      args.name,
      args.peerUrl,
      args.dataDirectory,
      args.authorityFile,
      args.certificateFile,
      args.keyFile,
      args.token,
      args.members,
      args.peerCertificateFile,
      args.peerKeyFile,
    ],
  },
  "node-current": {
    fewest: 7,
    words: ({ name, server, authorityFile, credentialsFile, cniConfig = "-", agents, runtime }) => [
      name,
      server,
      authorityFile,
      credentialsFile,
      cniConfig,
      agents.join(","),
      runtime.join(","),
    ],
  },
  "join-anew": {
    fewest: 4,
    words: ({ generation, credentialsFile, kubeconfigFile, agents }) => [
      String(generation),
      credentialsFile,
      kubeconfigFile,
      agents.join(","),
    ],
  },
  "keep-addresses": { fewest: 3, words: ({ config, former, instance }) => [config, former, instance] },
  "release-addresses": { fewest: 2, words: ({ former, present }) => [former, present] },
  "selinux-contexts": {
    fewest: 1,
    words: ({ rules }) =>
      rules.map((rule) => ("type" in rule ? `${rule.type}:${rule.pattern}` : `=${rule.like}:${rule.path}`)),
  },
  "selinux-booleans": { fewest: 1, words: ({ names }) => names },
};

const requires: Forms<RequireArguments> = {
  "etcd-quorum": { fewest: 4, words: etcdAccess },
  "api-ready": { fewest: 2, words: ({ url, authorityFile }) => [url, authorityFile] },
};

const judges: Forms<JudgeArguments> = {
  command: { fewest: 2, words: ({ memory, words }) => [String(memory), ...words] },
  start: {
    fewest: 4,
    words: ({ memory, settle, accepted, executable, overrides }) => [
      String(memory),
      String(settle),
      accepted,
      executable,
      ...Object.entries(overrides).map(([name, value]) => `--${name}=${value}`),
    ],
  },
};

/** Name and arguments as they stand in a bundle's text. */
function wordsOf<Arguments, Name extends keyof Arguments & string>(
  forms: Forms<Arguments>,
  { name, args }: { name: Name; args: Arguments[Name] },
): string[] {
  return [name, ...forms[name].words(args)];
}

function checkWords(check: Condition<CheckArguments>): string[] {
  return wordsOf<CheckArguments, keyof CheckArguments>(checks, check);
}

function line(directive: string, { deadline, unit }: Patience, [name = "", ...words]: readonly string[]): string {
  return [directive, name, deadline, unit, ...words].join(" ");
}

/** A check as a line of a bundle's text. */
export function renderCheck(check: Check): string {
  return line("check", check, checkWords(check));
}

/** A prepare as a line of a bundle's text. */
export function renderPrepare(prepare: Prepare): string {
  return line("prepare", prepare, wordsOf(prepares, prepare));
}

/** A require as a line of a bundle's text. */
export function renderRequire(require: Require): string {
  return line("require", require, wordsOf<RequireArguments, keyof RequireArguments>(requires, require));
}

/** A judge as a line of a bundle's text. */
export function renderJudge(judge: Judge): string {
  return line("judge", judge, wordsOf<JudgeArguments, keyof JudgeArguments>(judges, judge));
}

/** What the host script has to know: name → fewest arguments. */
export const fewestArguments = {
  check: fewestOf(checks),
  prepare: fewestOf(prepares),
  require: fewestOf(requires),
  judge: fewestOf(judges),
};

function fewestOf(forms: Record<string, { fewest: number }>): ReadonlyMap<string, number> {
  return new Map(Object.entries(forms).map(([name, { fewest }]) => [name, fewest]));
}
