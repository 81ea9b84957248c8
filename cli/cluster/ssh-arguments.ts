import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Host } from "../../plan/inventory.ts";
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

/** Arguments of OpenSSH's client for one host, up to and including the destination. Unknown host keys are refused. */
export function sshArguments(
  host: Host,
  config: Pick<ClusterConfig, "sshUser" | "sshPort" | "sshPrivateKeyFile" | "sshKnownHostsFile">,
  project: Pick<Project, "dir">,
): string[] {
  const key = config.sshPrivateKeyFile;
  const keyOptions = key === undefined ? [] : ["-i", configuredFile(key, project), "-o", "IdentitiesOnly=yes"];
  // A key pinned in the inventory is handed to the client as the only one it may accept.
  const hostKeyOptions =
    host.hostKey === undefined
      ? ["-o", `UserKnownHostsFile=${optionWord(configuredFile(config.sshKnownHostsFile, project))}`]
      : [
          "-o",
          "UserKnownHostsFile=/dev/null",
          "-o",
          `HostKeyAlias=${host.name}`,
          "-o",
          `KnownHostsCommand=/bin/echo ${host.name} ${host.hostKey.split(" ").slice(0, 2).join(" ")}`,
        ];
  return [
    ...keyOptions,
    ...hostKeyOptions,
    "-o",
    "StrictHostKeyChecking=yes",
    "-o",
    "ConnectTimeout=10",
    "-p",
    String(host.port ?? config.sshPort),
    "-l",
    host.user ?? config.sshUser,
    host.address,
  ];
}
