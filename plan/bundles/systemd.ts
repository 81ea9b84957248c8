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
  /** Seconds that a clean stop may take. */
  stopSeconds: number;
  /** Protect from the OOM killer as configured. */
  essential: boolean;
  /** Directories that the service may write, besides its temporary ones. */
  writable: readonly string[];
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

/** Arguments as words of ExecStart, `--name=value`, in the order given. */
export function renderArguments(args: Arguments): string[] {
  return Object.entries(args).map(([name, value]) => quote(`--${name}=${value}`));
}

/** Asks every second until the answer is 2xx; systemd bounds it, or the deadline of the bundle's check does. */
function waitUntilServed({ url, authorityFile }: { url: string; authorityFile: string }): string {
  const patience = "--retry 1000000 --retry-delay 1 --retry-all-errors --connect-timeout 3 --max-time 5";
  return `/usr/bin/curl --silent --fail --output /dev/null ${patience} --cacert ${authorityFile} ${url}`;
}

/** A hardened unit of a service with a user of its own; one argument a line, so that a diff shows one line. */
export function renderService(unit: ServiceUnit, config: ClusterConfig): string {
  const args = renderArguments(unit.args);
  const after = ["network-online.target", ...(unit.after ?? [])].join(" ");
  const oom = unit.essential && config.oomScoreAdjust < 0 ? [`OOMScoreAdjust=${config.oomScoreAdjust}`] : [];
  const partOf = unit.partOf === undefined ? [] : [`PartOf=${unit.partOf.join(" ")}`];
  const writable = unit.writable.length === 0 ? [] : [`ReadWritePaths=${unit.writable.join(" ")}`];
  return [
    "[Unit]",
    `Description=${unit.description}`,
    `Documentation=${unit.documentation}`,
    `Wants=${after}`,
    `After=${after}`,
    ...partOf,
    // Never give up: after a power cut the other members may take minutes to come back.
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    `Type=${unit.type}`,
    `User=${unit.user}`,
    `Group=${unit.user}`,
    ...(unit.environmentFile === undefined ? [] : [`EnvironmentFile=${unit.environmentFile}`]),
    ...(unit.waitFor === undefined ? [] : [`ExecStartPre=${waitUntilServed(unit.waitFor)}`]),
    `ExecStart=${[unit.executable, ...args].join(" \\\n  ")}`,
    "Restart=always",
    "RestartSec=2",
    "TimeoutStartSec=infinity",
    `TimeoutStopSec=${unit.stopSeconds}`,
    `LimitNOFILE=${config.openFilesLimit}`,
    ...oom,
    "UMask=0077",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "ProtectSystem=strict",
    ...writable,
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectControlGroups=yes",
    "ProtectProc=invisible",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "RemoveIPC=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
}

/** Path of a unit file that we own. */
export function unitPath(unit: string): string {
  return `${paths.units}/${unit}`;
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
