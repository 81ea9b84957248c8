import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exists, readIfThere } from "./files.ts";
import { run } from "./run.ts";
import type { LabHost } from "./types.ts";

/** Makes a key pair unless the private key is there: built aside and renamed, so that half a pair is never used. */
async function ensureKey(file: string, comment: string): Promise<void> {
  if (await exists(file)) return;
  const aside = `${file}.new`;
  await rm(aside, { force: true });
  await rm(`${aside}.pub`, { force: true });
  await run("making an SSH key", ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", aside]);
  await rename(`${aside}.pub`, `${file}.pub`);
  await rename(aside, file);
}

/** File of a host's private key; the public one is beside it with `.pub`. */
export function hostKeyFile(ssh: string, name: string): string {
  return join(ssh, "hosts", name, "ssh_host_ed25519_key");
}

/**
 * `known_hosts` text whose first line for this address has this key, for the first one counts; the same text when it is so
 * already. Other keys stay: they are of hosts with other names that had the address, or have it in another lab.
 */
export function pinHostKey(knownHosts: string, address: string, publicKey: string): string {
  const [algorithm = "", key = ""] = publicKey.trim().split(/\s+/);
  const line = `${address} ${algorithm} ${key}`;
  const lines = knownHosts.split("\n").filter((text) => text !== "");
  const first = lines.findIndex((text) => text.startsWith(`${address} `));
  if (lines[first] === line) return knownHosts;
  const others = lines.filter((text) => text !== line);
  const at = first === -1 ? others.length : first;
  return `${[...others.slice(0, at), line, ...others.slice(at)].join("\n")}\n`;
}

/**
 * Makes sure that the operator's key, the hosts' keys and the pins exist. Call it under a lock: the directory is shared by
 * all labs of this user. Keys are kept for good, so that a host that is made anew is the host that the operator knows.
 * @param ssh directory that gets `id_ed25519`, `known_hosts`, `hosts/<name>/ssh_host_ed25519_key`
 */
export async function ensureIdentity(ssh: string, hosts: readonly LabHost[]): Promise<void> {
  await mkdir(ssh, { recursive: true, mode: 0o700 });
  await ensureKey(join(ssh, "id_ed25519"), "plinth-lab");
  const file = join(ssh, "known_hosts");
  const before = (await readIfThere(file)) ?? "";
  let after = before;
  for (const host of hosts) {
    const key = hostKeyFile(ssh, host.name);
    await mkdir(join(ssh, "hosts", host.name), { recursive: true, mode: 0o700 });
    await ensureKey(key, host.name);
    after = pinHostKey(after, host.address, await readFile(`${key}.pub`, "utf8"));
  }
  if (after === before) return;
  await writeFile(`${file}.new`, after, { mode: 0o644 });
  await rename(`${file}.new`, file);
}

/** Command prefix of an SSH call to a lab host: the lab's key only, the pinned host key only, never a question. */
export function sshCommand(ssh: string, user: string, address: string, timeoutSeconds: number): string[] {
  const option = (text: string): string[] => ["-o", text];
  return [
    "ssh",
    "-F",
    "none",
    ...option("LogLevel=ERROR"),
    ...option("BatchMode=yes"),
    ...option("IdentitiesOnly=yes"),
    ...option("StrictHostKeyChecking=yes"),
    ...option(`UserKnownHostsFile=${join(ssh, "known_hosts")}`),
    ...option("GlobalKnownHostsFile=none"),
    ...option(`ConnectTimeout=${timeoutSeconds}`),
    ...option(`ServerAliveInterval=${timeoutSeconds}`),
    ...option("ServerAliveCountMax=1"),
    "-i",
    join(ssh, "id_ed25519"),
    `${user}@${address}`,
  ];
}
