import { operatorSsh } from "../../components/host/operatorssh.ts";
import type { BackupSettings, BackupTarget } from "../../plan/backup/settings.ts";
import { knownHost, s3Environment, s3Repository, type Repository } from "../../plan/backup/targets.ts";
import { withRole } from "../../plan/inventory.ts";
import { shellWord } from "../../plan/shell.ts";
import { configuredFile, sshArguments, takenKeyFile } from "../cluster/ssh-arguments.ts";
import type { LoadedStack } from "../project/inventory.ts";
import type { Project } from "../project/project.ts";

/** A repository as an operator reaches it from this machine. */
export interface Place extends Repository {
  /** For people, and unique: `vault`, or `disk on cp1` for a directory, which each member has one of. */
  name: string;
  target: BackupTarget;
  /** The host whose directory it is. */
  host?: string;
  /** Credentials of the store, for the environment of restic. */
  env: Readonly<Record<string, string>>;
}

/** Environment variables that go before the configuration: its secrets are gone when the stack's passphrase is. */
const given = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/** Both of them, or none: half a key is somebody else's. */
function givenKeys(env: Readonly<NodeJS.ProcessEnv>): Record<string, string> | undefined {
  const keys = given.map((name): [string, string] => [name, env[name] ?? ""]);
  return keys.every(([, value]) => value !== "") ? Object.fromEntries(keys) : undefined;
}

/** Directories of SFTP servers: Debian's, RHEL's and openSUSE's. */
const sftpServers = ["/usr/lib/openssh", "/usr/libexec/openssh", "/usr/lib/ssh", "/usr/libexec"];

/** What a host runs for SFTP as root, whatever its sshd offers by itself. */
const rootSftp = [
  `for s in ${sftpServers.join(" ")}; do`,
  "if test -x $s/sftp-server; then",
  "if test $(id -u) = 0; then exec $s/sftp-server; else exec sudo -n $s/sftp-server; fi; fi; done;",
  "echo this host has no sftp-server >&2; exit 1",
].join(" ");

/** A word of a command that restic splits: it knows quotes of both kinds, and nothing inside of them. */
export function resticWord(word: string): string {
  if (/^[\w@%+=:,./[\]-]+$/.test(word)) return word;
  if (!word.includes('"')) return `"${word}"`;
  if (!word.includes("'")) return `'${word}'`;
  throw new Error(`${word} cannot be told to restic: it has quotes of both kinds`);
}

const command = (words: readonly string[]): string => words.map(resticWord).join(" ");

/**
 * All repositories of a stack's backups, in the order of the configuration.
 *
 * @param files folder of this run, for files that OpenSSH and restic read.
 * @param write writes one of them, and returns its path.
 */
export async function placesOf(
  project: Project,
  input: Pick<LoadedStack, "hosts" | "config" | "planned" | "settings">,
  settings: BackupSettings,
  write: (name: string, text: string) => Promise<string>,
): Promise<Place[]> {
  const places = await Promise.all(
    settings.targets.map(async (target): Promise<Place[]> => {
      const { name, directory, ssh, s3 } = target;
      if (s3 !== undefined) {
        const authority = s3.authority === undefined ? "" : await write(`${name}.pem`, `${s3.authority.trimEnd()}\n`);
        const own = s3Environment(s3.operators ?? s3.members);
        // restic would add the session of another account to them.
        const env = givenKeys(process.env) ?? { ...own, AWS_SESSION_TOKEN: "" };
        return [{ name, target, ...s3Repository(s3, authority), env }];
      }
      if (ssh !== undefined) {
        // Besides the keys that the operator's SSH knows of.
        const key = input.config.sshPrivateKeyFile;
        const known = await write(`${name}.known_hosts`, knownHost(ssh));
        const words = [
          ...["ssh", "-o", `UserKnownHostsFile=${known}`, "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"],
          ...(key === undefined ? [] : ["-i", configuredFile(key, project)]),
          ...["-o", "ConnectTimeout=10", "-p", String(ssh.port), "-l", ssh.operatorUser ?? ssh.user],
          ...[ssh.host, "-s", "sftp"],
        ];
        return [
          { name, target, url: `sftp:${ssh.host}:${ssh.path}`, options: [`sftp.command=${command(words)}`], env: {} },
        ];
      }
      if (directory === undefined) return [];
      const { operator } = await operatorSsh();
      return Promise.all(
        withRole(input.hosts, "etcd").map(async (host): Promise<Place> => {
          const taken = await takenKeyFile(host, input);
          const words = [
            "ssh",
            "-o",
            "BatchMode=yes",
            ...sshArguments(host, input.config, project, { taken, operator }),
          ];
          return {
            name: `${name} on ${host.name}`,
            target,
            host: host.name,
            url: `sftp:${host.name}:${directory.path}`,
            options: [`sftp.command=${command([...words, `sh -c ${shellWord(rootSftp)}`])}`],
            env: {},
          };
        }),
      );
    }),
  );
  return places.flat();
}
