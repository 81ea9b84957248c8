import type { BackupSettings } from "../backup/settings.ts";
import { authorityPath, backupDirectory, keyPath, knownHost, knownHostsPath, targetLines } from "../backup/targets.ts";
import type { BundleFile, BundleSecret } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import { withRole, type Host } from "../inventory.ts";
import { paths } from "../names.ts";
import { ports } from "../ports.ts";
import { backupUnitScript } from "../scripts.ts";
import { directoriesOf } from "../settings/directories.ts";
import { etcdUnit } from "./etcd.ts";
import type { BundlePart } from "./part.ts";
import { scriptFile } from "./scriptfiles.ts";
import { noProxies, renderTimer, renderUnit, unitFile } from "./systemd.ts";

const serviceUnit = "plinth-backup.service";
const timerUnit = "plinth-backup.timer";
/** The script that makes sets on members of etcd. */
export const backupScript = `${paths.scripts}/backup`;

/** Parts of the interval between two looks at the targets: one that was unreachable, or was missed by a member that was down, is late by as much. */
const looks = 12;
/** Minutes between two looks, at least: each opens all repositories. */
const leastMinutes = 5;

function service({ targets }: BackupSettings): string {
  return renderUnit({
    unit: {
      Description: "Plinth: gives targets of backups the set that they lack",
      Documentation: "https://restic.readthedocs.io/",
      Wants: "network-online.target",
      After: `network-online.target ${etcdUnit}`,
      RequiresMountsFor: targets.flatMap(({ directory }) => directory?.path ?? []).join(" ") || undefined,
    },
    service: {
      Type: "oneshot",
      ...noProxies,
      ExecStart: `${backupScript} due`,
      // What needs the processor or the disk goes first.
      Nice: "10",
      IOSchedulingClass: "idle",
      NoNewPrivileges: "yes",
      ProtectSystem: "full",
      ProtectHome: "yes",
      PrivateTmp: "yes",
    },
    install: false,
  });
}

function timer({ everyMinutes }: BackupSettings): string {
  const minutes = Math.max(leastMinutes, Math.floor(everyMinutes / looks));
  return renderTimer({
    unit: { Description: "Plinth: looks for targets of backups that lack a set" },
    timer: {
      OnBootSec: "2min",
      OnUnitInactiveSec: `${minutes}min`,
      // Members do not all come at once: who comes second finds the set of the first.
      RandomizedDelaySec: `${Math.min(60, minutes * 6)}s`,
      Unit: serviceUnit,
    },
  });
}

function settingsFile(host: Host, config: ClusterConfig, backup: BackupSettings): BundleFile {
  const { clusterName, kubernetesVersion, etcdVersion } = config;
  const lines = [
    `cluster ${clusterName}`,
    `host ${host.name}`,
    `kubernetes ${kubernetesVersion}`,
    `etcd ${etcdVersion}`,
    `minutes ${backup.everyMinutes}`,
    `endpoint https://127.0.0.1:${ports.etcdClient}`,
    `data ${directoriesOf(config).etcd}`,
    ...backup.targets.flatMap(targetLines),
  ];
  return { path: `${backupDirectory}/settings`, mode: "0644", owner: "root:root", content: `${lines.join("\n")}\n` };
}

function targetFiles({ targets }: BackupSettings): { files: BundleFile[]; secrets: BundleSecret[] } {
  const owner = "root:root";
  const files = targets.flatMap((target): BundleFile[] => [
    ...(target.ssh === undefined
      ? []
      : [{ path: knownHostsPath(target), mode: "0644", owner, content: knownHost(target.ssh) }]),
    ...(target.s3?.authority === undefined
      ? []
      : [{ path: authorityPath(target), mode: "0644", owner, content: `${target.s3.authority.trimEnd()}\n` }]),
  ]);
  const secrets = targets.flatMap((target): BundleSecret[] => {
    const { name, ssh, s3 } = target;
    return [
      ...(ssh === undefined
        ? []
        : [
            {
              path: keyPath(target),
              mode: "0600",
              owner,
              source: { kind: "backup", part: "key", target: name },
            } as const,
          ]),
      ...(s3 === undefined
        ? []
        : [
            {
              path: `${backupDirectory}/targets/${name}.env`,
              mode: "0600",
              owner,
              source: { kind: "backup", part: "environment", target: name },
            } as const,
          ]),
    ];
  });
  return { files, secrets };
}

/** Members of etcd make a set of data for each target once in an interval: sealed by age, written by restic. */
export const backup: BundlePart = {
  name: "backup",
  appliesTo: (_host, config) => config.backup !== undefined,
  directories: [
    ...["", "/targets", "/keys", "/known_hosts", "/authorities"].map((below) => ({
      path: `${backupDirectory}${below}`,
      mode: "0755",
      owner: "root:root",
    })),
  ],
  plan: ({ host, hosts, config }) => {
    const { backup: settings } = config;
    if (settings === undefined || !withRole(hosts, "etcd").includes(host)) return {};
    const { files, secrets } = targetFiles(settings);
    const recipients = { path: `${backupDirectory}/recipients`, mode: "0644", owner: "root:root" };
    return {
      packages: settings.targets.some(({ ssh }) => ssh !== undefined)
        ? [{ name: "openssh-client", command: "ssh" }]
        : [],
      binaries: [
        { name: "age", version: config.ageVersion },
        { name: "restic", version: config.resticVersion },
      ],
      downloads: [scriptFile(backupScript, backupUnitScript())],
      files: [
        settingsFile(host, config, settings),
        { ...recipients, content: `${settings.recipients.join("\n")}\n` },
        ...files,
        { ...unitFile(serviceUnit, service(settings), "0644"), restart: [timerUnit] },
        unitFile(timerUnit, timer(settings), "0644"),
      ],
      secrets: [
        {
          path: `${backupDirectory}/password`,
          mode: "0600",
          owner: "root:root",
          source: { kind: "backup", part: "password" },
        },
        {
          path: `${backupDirectory}/digests`,
          mode: "0644",
          owner: "root:root",
          source: { kind: "backup", part: "digests" },
        },
        ...secrets,
      ],
      units: [timerUnit],
      checks: [{ name: "unit-active", deadline: 30, unit: timerUnit, args: {} }],
    };
  },
};
