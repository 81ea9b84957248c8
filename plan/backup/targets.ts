import type { SecretSource } from "../bundle.ts";
import { shellWord } from "../shell.ts";
import type { BackupSettings, BackupTarget } from "./settings.ts";

/** Where members of etcd have what they make backups with. */
export const backupDirectory = "/etc/plinth/backup";

export function keyPath({ name }: Pick<BackupTarget, "name">): string {
  return `${backupDirectory}/keys/${name}`;
}

export function knownHostsPath({ name }: Pick<BackupTarget, "name">): string {
  return `${backupDirectory}/known_hosts/${name}`;
}

export function authorityPath({ name }: Pick<BackupTarget, "name">): string {
  return `${backupDirectory}/authorities/${name}.pem`;
}

/** How restic is told of a repository, but for its credentials. */
export interface Repository {
  /** RESTIC_REPOSITORY. */
  url: string;
  /** Of `-o`, as `key=value`. */
  options: readonly string[];
  /** File with the authority of the server's certificate. */
  authorityFile?: string;
}

type S3 = NonNullable<BackupTarget["s3"]>;
type Ssh = NonNullable<BackupTarget["ssh"]>;

/** @param authorityFile where the authority is on the machine that runs restic. */
export function s3Repository({ endpoint, bucket, prefix, region, authority }: S3, authorityFile: string): Repository {
  const place = [endpoint.replace(/\/$/, ""), bucket, ...(prefix === undefined ? [] : [prefix])].join("/");
  return {
    url: `s3:${place}`,
    options: [`s3.region=${region}`],
    ...(authority === undefined ? {} : { authorityFile }),
  };
}

/** As SSH names a host in `known_hosts`. */
export function knownHost({ host, port, hostKey }: Pick<Ssh, "host" | "port" | "hostKey">): string {
  return `${port === 22 ? host : `[${host}]:${port}`} ${hostKey}\n`;
}

/**
 * The repository as members reach it. Over SSH they talk to `rclone serve restic --stdio --append-only`, which the account's
 * `authorized_keys` runs whatever they ask for: SFTP could not keep them from deleting.
 */
export function memberRepository(target: BackupTarget): Repository {
  const { directory, ssh, s3 } = target;
  if (directory !== undefined) return { url: directory.path, options: [] };
  if (s3 !== undefined) return s3Repository(s3, authorityPath(target));
  if (ssh === undefined) throw new Error(`the target ${target.name} has no place`);
  const program = [
    ...["ssh", "-F", "none", "-i", keyPath(target)],
    ...[
      "IdentitiesOnly=yes",
      "BatchMode=yes",
      "StrictHostKeyChecking=yes",
      `UserKnownHostsFile=${knownHostsPath(target)}`,
    ],
    ...["ConnectTimeout=10", "ServerAliveInterval=15", "ServerAliveCountMax=4"],
  ].flatMap((word, index) => (index < 5 ? [word] : ["-o", word]));
  const words = [...program, "-p", String(ssh.port), "-l", ssh.user, ssh.host];
  return { url: "rclone:plinth:", options: [`rclone.program=${words.map(shellWord).join(" ")}`] };
}

/** Lines of the settings that the script of members reads, see scripts/backup/settings.sh. */
export function targetLines(target: BackupTarget): string[] {
  const { url, options, authorityFile } = memberRepository(target);
  return [
    `target ${target.name} ${url}`,
    ...options.map((option) => `option ${target.name} ${option}`),
    ...(authorityFile === undefined ? [] : [`cacert ${target.name} ${authorityFile}`]),
  ];
}

/** Variables by which restic logs in to a store. */
export function s3Environment({ accessKey, secretKey }: S3["members"]): Record<string, string> {
  return { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey };
}

/**
 * The secret file of a member.
 *
 * @throws Error where the configuration has no such target.
 */
export function secretOfTarget(
  source: Extract<SecretSource, { kind: "backup" }>,
  settings: BackupSettings | undefined,
): string {
  if (settings === undefined) throw new Error("there are no backups");
  if (source.part === "password") return `${settings.password}\n`;
  if (source.part === "digests") throw new Error("the digests of keys come from the keys");
  const target = settings.targets.find(({ name }) => name === source.target);
  const key = target?.ssh?.privateKey;
  if (source.part === "key" && key !== undefined) return `${key.trimEnd()}\n`;
  if (source.part === "environment" && target?.s3 !== undefined) {
    return Object.entries(s3Environment(target.s3.members))
      .map(([name, value]) => `${name}=${value}\n`)
      .join("");
  }
  throw new Error(`the target ${source.target} has no ${source.part}`);
}
