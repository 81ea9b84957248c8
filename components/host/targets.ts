import type { ClusterConfig } from "../../plan/config.ts";
import { jumpDestination, type ReachedHost, wayTo } from "../../plan/destination.ts";
import type { Finding } from "../../plan/findings.ts";
import { nothingSaid, type OperatorSsh } from "../../plan/operatorssh.ts";
import { type Demand, type Jump, jumpsTo, sudoVariable } from "../../plan/reach.ts";
import { lookUpHostKey } from "../../plan/knownhosts.ts";
import { FileMemory, type LoginKey, sharedPool, type SshTarget, type Way } from "../../ssh/index.ts";
import type { HostAccess } from "./agent.ts";
import { chosenKey, identitiesOf } from "./loginkey.ts";
import { operatorSsh } from "./operatorssh.ts";
import { fileFinding, readIfSet } from "./sshfiles.ts";

export type { HostAccess };

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
async function bastionOf(jump: Jump, config: ReachSettings, known: Known): Promise<SshTarget | undefined> {
  const said = known.operator?.of(jump.host) ?? nothingSaid;
  const place = jumpDestination(jump, config, said);
  const hostKey =
    lookUpHostKey(known.hosts, jump.host, place.port) ?? lookUpHostKey(known.hosts, place.host, place.port);
  if (hostKey === undefined) return undefined;
  const identities = await identitiesOf(said);
  return {
    ...{ ...place, hostKey, dialErrorLimit, perDialTimeout: dialSeconds },
    ...(identities === undefined ? {} : { identities }),
  };
}

/** The bastions on the way to a host, and those of them whose host key is not known. */
async function bastionsOf(
  jumps: readonly Jump[],
  config: ReachSettings,
  known: Known,
): Promise<{ bastions: SshTarget[]; unknown: string[] }> {
  const found = await Promise.all(jumps.map((jump) => bastionOf(jump, config, known)));
  return {
    bastions: found.filter((bastion) => bastion !== undefined),
    unknown: jumps.flatMap(({ host, port = 22 }, index) =>
      found[index] === undefined ? [`${host} port ${port}`] : [],
    ),
  };
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
  const wanted = hosts.map((host) => {
    const heard = operator?.of(host.name, host.sshAddress ?? host.address) ?? nothingSaid;
    const said = foreignPlugin ? nothingSaid : heard;
    const { redirected } = wayTo(host, config, heard);
    return { host, said, ...wayTo(host, config, said), redirected };
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
  for (const { host, said, told, real, jumps, redirected } of wanted) {
    const { name } = host;
    const { bastions, unknown } = await bastionsOf(jumps, config, known);
    for (const place of unknown) behind.set(place, [...(behind.get(place) ?? []), name]);
    const hostKey =
      host.hostKey ??
      lookUpHostKey(known.hosts, told.host, told.port) ??
      lookUpHostKey(known.hosts, real.host, real.port);
    if (hostKey === undefined && isKnown)
      findings.push(unknownKeyFinding([name], `${told.host} port ${told.port}`, config));
    if (hostKey === undefined || unknown.length > 0) continue;
    const target: SshTarget = { ...told, hostKey, dialErrorLimit, perDialTimeout: dialSeconds };
    const [only] = bastions;
    const isTold = foreignPlugin && only !== undefined && bastions.length === 1;
    access.set(name, isTold ? { ...target, proxy: only } : target);
    demands.push({
      ...{ host: name, bastions: bastions.length, sudo: password !== undefined && real.user !== "root" },
      redirected,
    });
    const identities = config.sshPrivateKeyFile === undefined ? await identitiesOf(said) : undefined;
    ways.push([target, { ...real, bastions, ...sudo, ...(identities === undefined ? {} : { identities }) }]);
  }
  if (isKnown)
    for (const [place, names] of behind) findings.push(unknownKeyFinding(names, `the bastion ${place}`, config));
  // For what the state alone knows: hosts that have left.
  const others = await bastionsOf(jumpsTo({}, common), config, known);
  sharedPool.goBy(ways, { ...(others.unknown.length === 0 ? { bastions: others.bastions } : {}), ...sudo });
  return { access, demands, ...(key === undefined ? {} : { key }), findings };
}
