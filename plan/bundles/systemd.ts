import type { BundleFile } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import { paths } from "../names.ts";

/** Arguments of a command: name without dashes → value. */
export type Arguments = Readonly<Record<string, string>>;

export interface ServiceUnit {
  description: string;
  documentation: string;
  /** Units that must be up first, and that are wanted. */
  after?: readonly string[];
  /** Units whose stop and restart this one follows; it is stopped before them and started after them. */
  partOf?: readonly string[];
  user: string;
  /**
   * URL that must answer 2xx before the service starts, and the authority that signed its certificate. systemd's order
   * ends where a service is started; this one waits until it serves.
   */
  waitFor?: { url: string; authorityFile: string };
  /** File with KEY=value lines for the environment of the service. */
  environmentFile?: string;
  /** `notify` services tell systemd when they are ready. */
  type: "notify" | "exec";
  executable: string;
  args: Arguments;
  /** The service reads its files again by itself: when it is to reload, there is nothing to do. */
  reloadsItself?: true;
  /** Seconds that a clean stop may take. */
  stopSeconds: number;
  /** Protect from the OOM killer as configured. */
  essential: boolean;
  /** Directories that the service may write, besides its temporary ones. */
  writable: readonly string[];
  /** What has to be mounted before it starts: a directory on a disk of its own. */
  mounts?: string | undefined;
}

/** Plinth's arguments with the user's on top, sorted by name so that the order never shows up as a difference. */
export function mergeArguments(own: Arguments, extra: Arguments): Arguments {
  return Object.fromEntries(Object.entries({ ...own, ...extra }).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** systemd expands `%` and `$` in ExecStart, and splits at blanks. */
function quote(argument: string): string {
  const escaped = argument.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /[\s"'\\;]/.test(escaped) ? `"${escaped.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : escaped;
}

/** A command that asks a URL by curl itself, past any proxy of the host and root's .curlrc. None of its words needs quotes. */
export function directCurl(options: readonly string[], url: string): string {
  return ["/usr/bin/curl", "-q", `--noproxy ${new URL(url).hostname}`, ...options, url].join(" ");
}

/**
 * Variables by which programs are sent to proxies. What is set for all units of a host (`DefaultEnvironment=`,
 * `systemctl set-environment`) is meant for others: our services talk to hosts of the cluster.
 */
export const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/** Keeps a service from a host's proxies. */
export const noProxies = { UnsetEnvironment: proxyVariables.join(" ") } as const;

/** The same, and what a drop-in of the operator's sets counts. */
export const noInheritedProxies = proxyVariables.map((name) => `${name}=`).join(" ");

/** Asks every second until the answer is 2xx; systemd bounds it, or the deadline of the bundle's check does. */
function waitUntilServed({ url, authorityFile }: { url: string; authorityFile: string }): string {
  const patience = "--retry 1000000 --retry-delay 1 --retry-all-errors --connect-timeout 3 --max-time 5";
  return directCurl(["--silent", "--fail", "--output /dev/null", patience, `--cacert ${authorityFile}`], url);
}

/** The value of a directive: one line, one line each, none; or with the reason in a comment before it. */
type Value = string | readonly string[] | undefined | { because: string; value: string };
/** Directives of a section, in the order given. */
type Directives = Readonly<Record<string, Value>>;

/** A directive with a comment before it. */
export function because(reason: string, value: string): Value {
  return { because: reason, value };
}

function renderSection(name: string, directives: Directives): string[] {
  const lines = Object.entries(directives).flatMap(([directive, value]): string[] => {
    if (value === undefined) return [];
    if (typeof value === "string") return [`${directive}=${value}`];
    if ("because" in value) return [`# ${value.because}`, `${directive}=${value.value}`];
    return value.map((line) => `${directive}=${line}`);
  });
  return [`[${name}]`, ...lines, ""];
}

/** A unit that is started at boot; with `install: false` one that others start. */
export function renderUnit({
  unit,
  service,
  install = true,
}: {
  unit: Directives;
  service: Directives;
  install?: boolean;
}): string {
  return [
    ...renderSection("Unit", unit),
    ...renderSection("Service", service),
    ...(install ? renderSection("Install", { WantedBy: "multi-user.target" }) : []),
  ].join("\n");
}

/** A timer that is started at boot; without a `Unit` it starts the service of its name. */
export function renderTimer({ unit, timer }: { unit: Directives; timer: Directives }): string {
  return [
    ...renderSection("Unit", unit),
    ...renderSection("Timer", timer),
    ...renderSection("Install", { WantedBy: "timers.target" }),
  ].join("\n");
}

/** Never give up: after a power cut what a service needs may take minutes to come back. */
export const restartsForever = { StartLimitIntervalSec: "0" } as const;

/** A command line with one argument a line, so that a diff shows one line. */
export function commandLine(executable: string, args: Arguments): string {
  return [executable, ...renderArguments(args)].join(" \\\n  ");
}

/** The same in one line, as a part of another command. */
export function commandWords(executable: string, args: Arguments): string {
  return [executable, ...renderArguments(args)].join(" ");
}

/** Arguments as words of ExecStart, `--name=value`, in the order given. */
function renderArguments(args: Arguments): string[] {
  return Object.entries(args).map(([name, value]) => quote(`--${name}=${value}`));
}

/** OOMScoreAdjust= of what is protected from the OOM killer; undefined where nothing is. */
export function oomProtection(config: ClusterConfig): string | undefined {
  return config.oomScoreAdjust < 0 ? String(config.oomScoreAdjust) : undefined;
}

/** Keeps a service from changing its host's kernel, clock and name. */
export const kernelKeptFrom = {
  ProtectClock: "yes",
  ProtectHostname: "yes",
  ProtectKernelLogs: "yes",
  ProtectKernelModules: "yes",
  ProtectKernelTunables: "yes",
  ProtectControlGroups: "yes",
} as const;

/** Keeps a service that talks to others from what it needs no right for. */
export const processLimits = {
  RestrictAddressFamilies: "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
  RestrictNamespaces: "yes",
  RestrictRealtime: "yes",
  RestrictSUIDSGID: "yes",
  LockPersonality: "yes",
  MemoryDenyWriteExecute: "yes",
} as const;

/** The system calls that services need, and no others. */
export const systemCalls = {
  SystemCallArchitectures: "native",
  SystemCallFilter: "@system-service",
  SystemCallErrorNumber: "EPERM",
} as const;

/** What root's services that write the kernel's routes and rules can do without. */
export const networkAgentLimits = {
  NoNewPrivileges: "yes",
  ProtectHome: "yes",
  PrivateTmp: "yes",
  ProtectClock: "yes",
  ProtectHostname: "yes",
  ProtectKernelLogs: "yes",
  RestrictAddressFamilies: "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
  RestrictRealtime: "yes",
  RestrictSUIDSGID: "yes",
  LockPersonality: "yes",
  SystemCallArchitectures: "native",
} as const;

/** A hardened unit of a service with a user of its own. */
export function renderService(service: ServiceUnit, config: ClusterConfig): string {
  const { user, waitFor, writable } = service;
  const after = ["network-online.target", ...(service.after ?? [])].join(" ");
  return renderUnit({
    unit: {
      Description: service.description,
      Documentation: service.documentation,
      Wants: after,
      After: after,
      PartOf: service.partOf?.join(" "),
      RequiresMountsFor: service.mounts,
      ...restartsForever,
    },
    service: {
      Type: service.type,
      User: user,
      Group: user,
      EnvironmentFile: service.environmentFile,
      ...noProxies,
      ExecStartPre: waitFor === undefined ? undefined : waitUntilServed(waitFor),
      ExecStart: commandLine(service.executable, service.args),
      ExecReload: service.reloadsItself ? because("It reads its files again by itself.", "/bin/true") : undefined,
      Restart: "always",
      RestartSec: "2",
      TimeoutStartSec: "infinity",
      TimeoutStopSec: String(service.stopSeconds),
      LimitNOFILE: String(config.openFilesLimit),
      OOMScoreAdjust: service.essential ? oomProtection(config) : undefined,
      UMask: "0077",
      NoNewPrivileges: "yes",
      CapabilityBoundingSet: "",
      AmbientCapabilities: "",
      ProtectSystem: "strict",
      ReadWritePaths: writable.length === 0 ? undefined : writable.join(" "),
      ProtectHome: "yes",
      PrivateTmp: "yes",
      PrivateDevices: "yes",
      ...kernelKeptFrom,
      ProtectProc: "invisible",
      ...processLimits,
      RemoveIPC: "yes",
      ...systemCalls,
    },
  });
}

/** Path of a unit file that we own. */
export function unitPath(unit: string): string {
  return `${paths.units}/${unit}`;
}

/**
 * The file of a unit, which is restarted when it changes.
 *
 * @param mode 0600 where its text is nobody's business; systemd reads it as root.
 */
export function unitFile(unit: string, content: string, mode: "0600" | "0644"): BundleFile {
  return { path: unitPath(unit), mode, owner: "root:root", restart: [unit], content };
}

/** TLS 1.2 suites with forward secrecy and authenticated encryption (CIS 1.2.29); TLS 1.3 has no others. */
export const cipherSuites = [
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
].join(",");

/**
 * The suite that HTTP/2 asks for where TLS 1.2 is spoken, with the kind of keys that Plinth makes (RFC 7540, 9.2.2): without it
 * Go's servers end when they begin to serve, which is after they have judged their flags (golang.org/x/net/http2, ConfigureServer).
 */
const neededSuite = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";

/** Whether a server of Go with our certificates serves with a list of suites. @param least the lowest version of TLS that it speaks. */
export function servesWith(suites: readonly string[], least: unknown): boolean {
  return suites.includes(neededSuite) || suites.length === 0 || /^(Version)?TLS1\.?3$/.test(String(least));
}

/** What to do where it does not. */
export const suitesInstead = `keep ${neededSuite} in it, which HTTP/2 and Plinth's certificates need, or have TLS 1.3 only`;

/** What a balancer needs nothing of: homes, devices, settings of the kernel, namespaces of its own. */
export const balancerHardening = {
  NoNewPrivileges: "yes",
  ProtectHome: "yes",
  ProtectSystem: "strict",
  PrivateTmp: "yes",
  ProtectKernelModules: "yes",
  ProtectKernelTunables: "yes",
  ProtectControlGroups: "yes",
  RestrictNamespaces: "yes",
  LockPersonality: "yes",
  SystemCallArchitectures: "native",
} as const;
