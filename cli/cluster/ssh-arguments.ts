import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { ClusterConfig } from "../../plan/config.ts";
import { type Destination, jumpDestination, wayTo } from "../../plan/destination.ts";
import type { Host } from "../../plan/inventory.ts";
import { nothingSaid, type OperatorSsh } from "../../plan/operatorssh.ts";
import { shellWord } from "../../plan/shell.ts";
import { resolveAccess } from "../../components/host/targets.ts";
import { agentKeys, environmentAgent, FileMemory, hostLabel, sharedPool } from "../../ssh/index.ts";
import type { StackInput } from "../project/inventory.ts";
import type { Project } from "../project/project.ts";

/** A file named in the configuration: `~` is the home directory, relative paths begin in the project. */
export function configuredFile(path: string, project: Pick<Project, "dir">, home = homedir()): string {
  if (path === "~" || path.startsWith("~/")) return join(home, path.slice(1));
  return isAbsolute(path) ? path : join(project.dir, path);
}

/** A path as one word of ssh_config(5), which splits at blanks and replaces what begins with `%`. It has no `"`. */
function optionWord(path: string): string {
  const text = path.replaceAll("%", "%%");
  return /\s/.test(text) ? `"${text}"` : text;
}

/** `-i` takes a path as it is where it looks for the file, and replaces what begins with `%` where it reads it. */
function identityOption(path: string): string[] {
  return path.includes("%") ? ["-o", `IdentityFile=${optionWord(path)}`] : ["-i", path];
}

/** The settings that say how hosts are reached. */
type SshConfig = Pick<ClusterConfig, "sshUser" | "sshPort" | "sshPrivateKeyFile" | "sshKnownHostsFile"> &
  Partial<Pick<ClusterConfig, "bastion">>;

/** A place that OpenSSH's client logs in to. */
interface Checked extends Destination {
  /** Which key it must have. */
  hostKeyOptions: readonly string[];
}

/** Arguments for one host, with those for each bastion before it in a command that OpenSSH runs in place of a connection. */
function argumentsTo(
  { host, port, user, hostKeyOptions }: Checked,
  before: readonly Checked[],
  keyOptions: readonly string[],
): string[] {
  const last = before.at(-1);
  const proxy =
    last === undefined
      ? []
      : // Percent signs stand for something in the command, so they are doubled, once for each client that reads it.
        [
          "-o",
          `ProxyCommand=ssh ${["-W", `[${host}]:${port}`, ...argumentsTo(last, before.slice(0, -1), keyOptions)]
            .map(shellWord)
            .join(" ")
            .replaceAll("%", "%%")}`,
        ];
  return [
    ...keyOptions,
    ...hostKeyOptions,
    ...["-o", "StrictHostKeyChecking=yes"],
    ...["-o", "ConnectTimeout=10"],
    ...proxy,
    ...["-p", String(port), "-l", user, host],
  ];
}

/**
 * Arguments of OpenSSH's client for one host, up to and including the destination. Unknown host keys are refused, on the way
 * as well. One key is offered, where it is known which: an agent may have more than a host hears (`MaxAuthTries`).
 *
 * @param taken file with the public key that the host took from the agent before.
 * @param operator what says how hosts are reached where neither inventory nor configuration do.
 */
export function sshArguments(
  host: Host,
  config: SshConfig,
  project: Pick<Project, "dir">,
  { taken, operator }: { taken?: string | undefined; operator?: OperatorSsh | undefined } = {},
): string[] {
  const key = config.sshPrivateKeyFile === undefined ? taken : configuredFile(config.sshPrivateKeyFile, project);
  const said = operator?.of(host.name, host.sshAddress ?? host.address) ?? nothingSaid;
  const keyOptions =
    key === undefined
      ? said.identityFiles.flatMap(identityOption)
      : [...identityOption(key), "-o", "IdentitiesOnly=yes"];
  const knownHosts = ["-o", `UserKnownHostsFile=${optionWord(configuredFile(config.sshKnownHostsFile, project))}`];
  const { real, jumps } = wayTo(host, config, said);
  const bastions = jumps.map((jump) => ({
    ...jumpDestination(jump, config, operator?.of(jump.host) ?? nothingSaid),
    hostKeyOptions: knownHosts,
  }));
  // A key pinned in the inventory is handed to the client as the only one it may accept.
  const hostKeyOptions =
    host.hostKey === undefined
      ? knownHosts
      : [
          ...["-o", "UserKnownHostsFile=/dev/null"],
          ...["-o", `HostKeyAlias=${host.name}`],
          ...["-o", `KnownHostsCommand=/bin/echo ${host.name} ${host.hostKey.split(" ").slice(0, 2).join(" ")}`],
        ];
  return argumentsTo({ ...real, hostKeyOptions }, bastions, keyOptions);
}

/**
 * The file with the public key that a host takes from the SSH agent; undefined when one is configured, or nothing is to be
 * chosen. A host of which that is not known is asked, by a login.
 */
export async function takenKeyFile(host: Host, input: StackInput): Promise<string | undefined> {
  const socket = environmentAgent();
  if (input.config.sshPrivateKeyFile !== undefined || socket === undefined) return undefined;
  const target = (await resolveAccess([host], input.config)).access.get(host.name);
  const keys = await agentKeys(socket).catch(() => []); // OpenSSH tells what is wrong with it.
  if (target === undefined || keys.length < 2) return undefined;
  const known = (): string | undefined => {
    const taken = sharedPool.keyTakenBy(target);
    const isThere = taken !== undefined && keys.some((key) => key.getPublicSSH().equals(taken.blob));
    return isThere ? new FileMemory().file(hostLabel(target)) : undefined;
  };
  if (known() === undefined) await sharedPool.exec(target, "true").catch(() => undefined); // As above.
  return known();
}
