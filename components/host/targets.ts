import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Finding } from "../../plan/findings.ts";
import type { Host } from "../../plan/inventory.ts";
import { lookUpHostKey } from "../../plan/knownhosts.ts";
import { sharedPool, type SshTarget } from "../../ssh/index.ts";

/** How each host is reached, by host name. */
export type HostAccess = ReadonlyMap<string, SshTarget>;

/** Access to the hosts with these names, in the order of the names. */
export function chosenFrom(access: HostAccess, names: Iterable<string>): HostAccess {
  const chosen = new Map<string, SshTarget>();
  for (const name of names) {
    const target = access.get(name);
    if (target !== undefined) chosen.set(name, target);
  }
  return chosen;
}

/** One attempt may take this many seconds, and is repeated once: a dead host costs less than 30 s, once. */
export const dialSeconds = 10;
export const dialErrorLimit = 2;

/** `~` in front of a path of the configuration is the operator's home directory. */
export function expandHome(file: string): string {
  return file === "~" || file.startsWith("~/") ? path.join(homedir(), file.slice(1)) : file;
}

async function readIfSet(key: string, file: string | undefined): Promise<{ text?: string; findings: Finding[] }> {
  if (file === undefined) return { findings: [] };
  try {
    return { text: await readFile(expandHome(file), "utf8"), findings: [] };
  } catch (error) {
    const finding: Finding = {
      rule: "ssh-file",
      kind: "input",
      hosts: [],
      message: `plinth:${key} ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      remedy: "correct the path, or create the file",
    };
    return { findings: [finding] };
  }
}

/**
 * Reads the SSH key and the pinned host keys once, and says for every host how to reach it. From here on this process opens no
 * more connections at the same time than `plinth:sshDials` says, and logs in with this key where a connection has none: the
 * engine's state holds none.
 */
export async function resolveAccess(
  hosts: readonly Pick<Host, "name" | "address" | "user" | "port" | "hostKey">[],
  config: Pick<ClusterConfig, "sshUser" | "sshPort" | "sshPrivateKeyFile" | "sshKnownHostsFile" | "sshDials">,
): Promise<{ access: HostAccess; findings: Finding[] }> {
  sharedPool.limitDials(config.sshDials);
  const key = await readIfSet("sshPrivateKeyFile", config.sshPrivateKeyFile);
  const known = hosts.every((host) => host.hostKey !== undefined)
    ? { findings: [] }
    : await readIfSet("sshKnownHostsFile", config.sshKnownHostsFile);
  sharedPool.offerKey("text" in key ? key.text : undefined);
  const findings = [...key.findings, ...known.findings];
  const access = new Map<string, SshTarget>();
  for (const host of hosts) {
    const port = host.port ?? config.sshPort;
    const hostKey = host.hostKey ?? lookUpHostKey(("text" in known ? known.text : undefined) ?? "", host.address, port);
    if (hostKey === undefined) {
      if (known.findings.length === 0) {
        findings.push({
          rule: "host-key-unknown",
          kind: "input",
          hosts: [host.name],
          message: `no SSH host key is known for ${host.address} port ${port}`,
          remedy: `pin it: compare the output of ssh-keyscan with the host's console and add it to ${config.sshKnownHostsFile}, or set hostKey for the host`,
        });
      }
      continue;
    }
    access.set(host.name, {
      host: host.address,
      port,
      user: host.user ?? config.sshUser,
      hostKey,
      dialErrorLimit,
      perDialTimeout: dialSeconds,
      ...(key.text === undefined ? {} : { privateKey: key.text }),
    });
  }
  return { access, findings };
}
