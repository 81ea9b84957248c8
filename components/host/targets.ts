import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Finding } from "../../plan/findings.ts";
import type { Host } from "../../plan/inventory.ts";
import { nothingSaid, OperatorSsh, type Said } from "../../plan/operatorssh.ts";
import { type Demand, type Jump, jumpsTo, sudoVariable } from "../../plan/reach.ts";
import { signingFindings } from "../../plan/sshagent.ts";
import { lookUpHostKey } from "../../plan/knownhosts.ts";
import {
  errorText,
  FileMemory,
  type Identities,
  type LoginKey,
  needsPassphrase,
  openLoginKey,
  readLoginKey,
  sharedPool,
  type SshTarget,
  type Way,
} from "../../ssh/index.ts";
import { type HostAccess, lookAtAgent, wantedKey } from "./agent.ts";
import { openByPassphrase } from "./passphrase.ts";

export type { HostAccess };

/** What is known of a host that is to be reached. */
export type ReachedHost = Pick<Host, "name" | "address"> &
  Partial<Pick<Host, "sshAddress" | "user" | "port" | "hostKey">> & {
    bastion?: readonly string[] | undefined;
  };

/** The settings that say how hosts are reached. */
export type ReachSettings = Pick<
  ClusterConfig,
  "sshUser" | "sshPort" | "sshPrivateKeyFile" | "sshKnownHostsFile" | "sshDials"
> &
  Partial<Pick<ClusterConfig, "bastion" | "sudoPassword">>;

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

function isSilent(text: string): boolean {
  try {
    readLoginKey(text);
    return false;
  } catch {
    return true;
  }
}

/**
 * The only key to log in with, as `plinth:sshPrivateKeyFile` names it; none: the keys of the SSH agent. A key whose private part
 * cannot be read must be in the agent. The passphrase of one that is encrypted and not there is that of PLINTH_SSH_PASSPHRASE, or
 * what somebody types.
 */
export async function chosenKey(file: string | undefined): Promise<{ key?: LoginKey; findings: Finding[] }> {
  const { text, findings } = await readIfSet("sshPrivateKeyFile", file);
  if (file === undefined || text === undefined) return { findings };
  const beside = await readFile(`${expandHome(file)}.pub`, "utf8").catch(() => undefined);
  try {
    if (!needsPassphrase(text)) {
      const key = readLoginKey(text, beside);
      return { key, findings: key.own ? [] : signingFindings(wantedKey(key, file), await lookAtAgent()) };
    }
    const agent = await lookAtAgent();
    const missing = (): Finding[] => signingFindings(wantedKey(readLoginKey(text, beside), file), agent);
    const opened = await openByPassphrase(
      file,
      (passphrase) => openLoginKey(text, passphrase),
      // One that does not tell its public key cannot be looked for in the agent.
      () => Promise.resolve(beside === undefined && isSilent(text) ? true : missing().length > 0),
    );
    return opened === undefined
      ? { key: readLoginKey(text, beside), findings: missing() }
      : { key: opened, findings: [] };
  } catch (error) {
    const message = `plinth:sshPrivateKeyFile ${file} cannot be used: ${errorText(error)}`;
    return { findings: [fileFinding(message, "name a key file of yours, or none for the keys of the SSH agent")] };
  }
}

function givenSudoPassword(config: ReachSettings): { password?: string; findings: Finding[] } {
  const given = process.env[sudoVariable];
  const password = given === undefined || given === "" ? config.sudoPassword : given;
  if (password === undefined) return { findings: [] };
  if (!/[\n\r\0]/.test(password)) return { password, findings: [] };
  return { findings: [fileFinding(`${sudoVariable} is more than one line`, "set it to the password alone")] };
}

/** What is read once for all hosts. */
interface Known {
  /** Text of the known_hosts file. */
  hosts: string;
  operator: OperatorSsh | undefined;
}

/** A jump host as it is reached, or undefined when its host key is not known. */
async function bastionOf(jump: Jump, user: string, known: Known): Promise<SshTarget | undefined> {
  const said = known.operator?.of(jump.host) ?? nothingSaid;
  const host = said.host ?? jump.host;
  const port = jump.port ?? said.port ?? 22;
  const hostKey = lookUpHostKey(known.hosts, jump.host, port) ?? lookUpHostKey(known.hosts, host, port);
  if (hostKey === undefined) return undefined;
  const identities = await identitiesOf(said);
  return {
    ...{ host, port, user: jump.user ?? said.user ?? user, hostKey, dialErrorLimit, perDialTimeout: dialSeconds },
    ...(identities === undefined ? {} : { identities }),
  };
}

/** The bastions on the way to a host, and those of them whose host key is not known. */
async function bastionsOf(
  jumps: readonly Jump[],
  user: string,
  known: Known,
): Promise<{ bastions: SshTarget[]; unknown: string[] }> {
  const found = await Promise.all(jumps.map((jump) => bastionOf(jump, user, known)));
  return {
    bastions: found.filter((bastion) => bastion !== undefined),
    unknown: jumps.flatMap(({ host, port = 22 }, index) =>
      found[index] === undefined ? [`${host} port ${port}`] : [],
    ),
  };
}

/** The keys that the operator's configuration names; those of files that are not there, or cannot be used, are left out. */
async function identitiesOf({ identityFiles, identitiesOnly }: Said): Promise<Identities | undefined> {
  const keys: LoginKey[] = [];
  for (const file of identityFiles) {
    if (!existsSync(expandHome(file))) continue;
    const { key } = await chosenKey(file);
    if (key !== undefined) keys.push(key);
  }
  return keys.length === 0 ? undefined : { keys, only: identitiesOnly };
}

/** Environment variable with another file than `~/.ssh/config`, or `none`. */
export const sshConfigVariable = "PLINTH_SSH_CONFIG";

/** The operator's own configuration of OpenSSH, where there is one. */
export async function operatorSsh(): Promise<{ operator?: OperatorSsh; findings: Finding[] }> {
  const named = process.env[sshConfigVariable];
  if (named === "none") return { findings: [] };
  const file = named === undefined || named === "" ? "~/.ssh/config" : named;
  if (!existsSync(expandHome(file))) return { findings: [] };
  try {
    return { operator: new OperatorSsh(await readFile(expandHome(file), "utf8")), findings: [] };
  } catch (error) {
    const remedy = `correct it, or set ${sshConfigVariable} to another file, or to none`;
    return { findings: [fileFinding(`${file} cannot be used: ${errorText(error)}`, remedy)] };
  }
}

function unknownKeyFinding(hosts: string[], place: string, { sshKnownHostsFile }: ReachSettings): Finding {
  const orPinned = place.startsWith("the bastion") ? "" : ", or set hostKey for the host";
  return {
    rule: "host-key-unknown",
    kind: "input",
    hosts,
    message: `no SSH host key is known for ${place}`,
    remedy: `pin it: compare the output of ssh-keyscan with the host's console and add it to ${sshKnownHostsFile}${orPinned}`,
  };
}

/** How hosts are reached, and what is in the way of that. */
export interface Reach {
  access: HostAccess;
  /** What the ways take that a plugin of others may not have. */
  demands: Demand[];
  /** The only key to log in with. */
  key?: LoginKey;
  findings: Finding[];
}

/**
 * Reads the SSH key and the pinned host keys once, and says for every host how to reach it. From here on this process opens no
 * more connections at the same time than `plinth:sshDials` says, and logs in with this key alone where a connection names
 * none, as all of ours do: the engine's state holds no key. It also goes by the bastions and gives sudo the password, of which
 * connections know nothing either.
 *
 * @param foreignPlugin whether commands are run by a plugin that is another process: then a connection names its bastion.
 */
export async function resolveAccess(
  hosts: readonly ReachedHost[],
  config: ReachSettings,
  foreignPlugin = false,
): Promise<Reach> {
  sharedPool.limitDials(config.sshDials);
  const { operator, findings: operatorFindings } = await operatorSsh();
  const { key, findings: keyFindings } = await chosenKey(config.sshPrivateKeyFile);
  const { password, findings: sudoFindings } = givenSudoPassword(config);
  const common = config.bastion ?? [];
  const { sshUser = "root" } = config;
  const wanted = hosts.map((host) => {
    const heard = operator?.of(host.name, host.sshAddress ?? host.address) ?? nothingSaid;
    const said = foreignPlugin ? nothingSaid : heard;
    const isSaid = host.bastion !== undefined || common.length > 0;
    const redirected =
      (host.sshAddress === undefined && heard.host !== undefined) || (!isSaid && (heard.jumps ?? []).length > 0);
    return { host, said, redirected, jumps: isSaid ? jumpsTo(host, common) : (said.jumps ?? []) };
  });
  const pinned = wanted.every(({ host, jumps }) => host.hostKey !== undefined && jumps.length === 0);
  const needed = !pinned || common.length > 0;
  const file = needed ? await readIfSet("sshKnownHostsFile", config.sshKnownHostsFile) : { findings: [] };
  const known: Known = {
    hosts: ("text" in file ? file.text : undefined) ?? "",
    operator: foreignPlugin ? undefined : operator,
  };
  const isKnown = file.findings.length === 0;
  sharedPool.logInWith(key, new FileMemory());
  const findings = [...keyFindings, ...sudoFindings, ...operatorFindings, ...file.findings];
  const access = new Map<string, SshTarget>();
  const demands: Demand[] = [];
  const behind = new Map<string, string[]>();
  const ways: [SshTarget, Way][] = [];
  const sudo = password === undefined ? {} : { sudoPassword: password };
  for (const { host, said, jumps, redirected } of wanted) {
    const { name } = host;
    const address = host.sshAddress ?? host.address;
    const port = host.port ?? config.sshPort ?? 22;
    const user = host.user ?? sshUser;
    const { bastions, unknown } = await bastionsOf(jumps, sshUser, known);
    for (const place of unknown) behind.set(place, [...(behind.get(place) ?? []), name]);
    // What the operator's file says counts where nothing else says it, and stays out of what connections say.
    const own = {
      ...(host.sshAddress === undefined && said.host !== undefined ? { host: said.host } : {}),
      ...((host.port ?? config.sshPort) === undefined && said.port !== undefined ? { port: said.port } : {}),
      ...((host.user ?? config.sshUser) === undefined && said.user !== undefined ? { user: said.user } : {}),
    };
    const real = { host: address, port, user, ...own };
    const hostKey =
      host.hostKey ?? lookUpHostKey(known.hosts, address, port) ?? lookUpHostKey(known.hosts, real.host, real.port);
    if (hostKey === undefined && isKnown) findings.push(unknownKeyFinding([name], `${address} port ${port}`, config));
    if (hostKey === undefined || unknown.length > 0) continue;
    const target: SshTarget = { host: address, port, user, hostKey, dialErrorLimit, perDialTimeout: dialSeconds };
    const [only] = bastions;
    const isTold = foreignPlugin && only !== undefined && bastions.length === 1;
    access.set(name, isTold ? { ...target, proxy: only } : target);
    demands.push({
      ...{ host: name, bastions: bastions.length, sudo: password !== undefined && real.user !== "root" },
      redirected,
    });
    const identities = config.sshPrivateKeyFile === undefined ? await identitiesOf(said) : undefined;
    ways.push([target, { ...own, bastions, ...sudo, ...(identities === undefined ? {} : { identities }) }]);
  }
  if (isKnown)
    for (const [place, names] of behind) findings.push(unknownKeyFinding(names, `the bastion ${place}`, config));
  // For what the state alone knows: hosts that have left.
  const others = await bastionsOf(jumpsTo({}, common), sshUser, known);
  sharedPool.goBy(ways, { ...(others.unknown.length === 0 ? { bastions: others.bastions } : {}), ...sudo });
  return { access, demands, ...(key === undefined ? {} : { key }), findings };
}
