import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { eachLimited } from "./each.ts";
import { runTimed } from "./run.ts";
import { parseLook, tasksFolder } from "./tasks.ts";

/** Login name of the account with sudo on lab hosts. */
export const labUser = "plinth";
/** Address of the operator in the lab's network. */
export const operatorAddress = "10.27.0.1";

const firstProxyPort = 20_001;
/** Looks at hosts at the same time. */
const looksAtOnce = 8;

export interface LabHost {
  name: string;
  address: string;
}

/** A host as tools reach it. */
export interface ReachedHost extends LabHost {
  /** Where it is reached: its own address and port 22, or the proxy that stands for it. */
  sshAddress: string;
  sshPort: number;
  /** Public host key, `TYPE BASE64`. */
  hostKey: string;
}

/** The lab, as far as the bench has to do with it. */
export interface RolesLab {
  /** Prefix of a command that is to run in the lab's network. */
  readonly enter: readonly string[];
  readonly privateKeyFile: string;
  readonly knownHostsFile: string;
  /** Boots all hosts, made like these variants. */
  up(like: readonly string[]): Promise<void>;
  /** Ends all hosts and removes everything of the lab. */
  down(): Promise<void>;
}

export function labHosts(count: number): LabHost[] {
  return Array.from({ length: count }, (_, index) => ({ name: `m${index + 1}`, address: `10.27.0.${11 + index}` }));
}

/**
 * @param knownHosts text of the lab's known_hosts; the first line of an address counts.
 * @param proxied whether they are reached by the proxy.
 * @throws Error when no key is known for one.
 */
export function reached(hosts: readonly LabHost[], knownHosts: string, proxied: boolean): ReachedHost[] {
  const lines = knownHosts.split("\n");
  return hosts.map((host, index) => {
    const line = lines.find((text) => text.startsWith(`${host.address} `));
    if (line === undefined) throw new Error(`the lab's known_hosts has no key of ${host.name} (${host.address})`);
    return {
      ...host,
      sshAddress: proxied ? operatorAddress : host.address,
      sshPort: proxied ? firstProxyPort + index : 22,
      hostKey: line.slice(host.address.length + 1),
    };
  });
}

/** Text of a known_hosts file for them. */
export function knownHostsOf(hosts: readonly ReachedHost[]): string {
  const place = ({ sshAddress, sshPort }: ReachedHost): string =>
    sshPort === 22 ? sshAddress : `[${sshAddress}]:${sshPort}`;
  return hosts.map((host) => `${place(host)} ${host.hostKey}\n`).join("");
}

/** Options of OpenSSH's client that have it read nothing of the user's, and ask nothing. */
export function sshOptions(knownHostsFile: string): string[] {
  const options = {
    BatchMode: "yes",
    IdentitiesOnly: "yes",
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: knownHostsFile,
    GlobalKnownHostsFile: "none",
  };
  return ["-F", "none", ...Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`])];
}

/**
 * What hosts have of the tasks under a name, straight from them, whatever way tools go: host → what `tasks/look.sh` says.
 *
 * @throws Error when a host does not answer.
 */
export async function lookAt(
  lab: RolesLab,
  hosts: readonly LabHost[],
  name: string,
): Promise<Map<string, Map<string, string>>> {
  const input = await readFile(join(tasksFolder, "look.sh"), "utf8");
  const looks = new Map<string, Map<string, string>>();
  await eachLimited(hosts, looksAtOnce, async (host) => {
    const login = ["-i", lab.privateKeyFile, `${labUser}@${host.address}`];
    const words = [...lab.enter, "ssh", ...sshOptions(lab.knownHostsFile), ...login, `sudo sh -s ${name}`];
    const env = { ...process.env, LC_ALL: "C" } as Record<string, string>;
    const { code, stdout, stderr } = await runTimed(words, { cwd: "/", env, input });
    if (code !== 0) throw new Error(`${host.name} does not tell what it has: ${stderr.trim()}`);
    looks.set(host.name, parseLook(stdout));
  });
  return looks;
}
