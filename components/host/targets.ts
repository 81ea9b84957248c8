import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Finding } from "../../plan/findings.ts";
import type { Host } from "../../plan/inventory.ts";
import { signingFindings } from "../../plan/sshagent.ts";
import { lookUpHostKey } from "../../plan/knownhosts.ts";
import { errorText, FileMemory, type LoginKey, readLoginKey, sharedPool, type SshTarget } from "../../ssh/index.ts";
import { type HostAccess, lookAtAgent, wantedKey } from "./agent.ts";

export type { HostAccess };

/** What is known of a host that is to be reached. */
export type ReachedHost = Pick<Host, "name" | "address"> &
  Partial<Pick<Host, "sshAddress" | "user" | "port" | "hostKey">>;

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
    return { findings: [fileFinding(`plinth:${key} ${file} cannot be read: ${errorText(error)}`)] };
  }
}

function fileFinding(message: string, remedy = "correct the path, or create the file"): Finding {
  return { rule: "ssh-file", kind: "input", hosts: [], message, remedy };
}

/**
 * The only key to log in with, as `plinth:sshPrivateKeyFile` names it; none: the keys of the SSH agent. A key whose private part
 * cannot be read must be in the agent.
 */
export async function chosenKey(file: string | undefined): Promise<{ key?: LoginKey; findings: Finding[] }> {
  const { text, findings } = await readIfSet("sshPrivateKeyFile", file);
  if (file === undefined || text === undefined) return { findings };
  const beside = await readFile(`${expandHome(file)}.pub`, "utf8").catch(() => undefined);
  try {
    const key = readLoginKey(text, beside);
    return { key, findings: key.own ? [] : signingFindings(wantedKey(key, file), await lookAtAgent()) };
  } catch (error) {
    const message = `plinth:sshPrivateKeyFile ${file} cannot be used: ${errorText(error)}`;
    return { findings: [fileFinding(message, "name a key file of yours, or none for the keys of the SSH agent")] };
  }
}

/**
 * Reads the SSH key and the pinned host keys once, and says for every host how to reach it. From here on this process opens no
 * more connections at the same time than `plinth:sshDials` says, and logs in with this key alone where a connection names
 * none, as all of ours do: the engine's state holds no key.
 */
export async function resolveAccess(
  hosts: readonly ReachedHost[],
  config: Pick<ClusterConfig, "sshUser" | "sshPort" | "sshPrivateKeyFile" | "sshKnownHostsFile" | "sshDials">,
): Promise<{ access: HostAccess; key?: LoginKey; findings: Finding[] }> {
  sharedPool.limitDials(config.sshDials);
  const { key, findings: keyFindings } = await chosenKey(config.sshPrivateKeyFile);
  const known = hosts.every((host) => host.hostKey !== undefined)
    ? { findings: [] }
    : await readIfSet("sshKnownHostsFile", config.sshKnownHostsFile);
  sharedPool.logInWith(key, new FileMemory());
  const findings = [...keyFindings, ...known.findings];
  const access = new Map<string, SshTarget>();
  for (const host of hosts) {
    const address = host.sshAddress ?? host.address;
    const port = host.port ?? config.sshPort;
    const hostKey = host.hostKey ?? lookUpHostKey(("text" in known ? known.text : undefined) ?? "", address, port);
    if (hostKey === undefined) {
      if (known.findings.length === 0) {
        findings.push({
          rule: "host-key-unknown",
          kind: "input",
          hosts: [host.name],
          message: `no SSH host key is known for ${address} port ${port}`,
          remedy: `pin it: compare the output of ssh-keyscan with the host's console and add it to ${config.sshKnownHostsFile}, or set hostKey for the host`,
        });
      }
      continue;
    }
    access.set(host.name, {
      host: address,
      port,
      user: host.user ?? config.sshUser,
      hostKey,
      dialErrorLimit,
      perDialTimeout: dialSeconds,
    });
  }
  return { access, ...(key === undefined ? {} : { key }), findings };
}
