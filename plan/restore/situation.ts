import { createHash } from "node:crypto";
import type { HostFacts, HostReading } from "../facts.ts";
import type { Finding } from "../findings.ts";
import { guard, input } from "../guards/rule.ts";
import { withRole, type Host } from "../inventory.ts";
import { liveCluster, peerUrlOf } from "../livecluster.ts";
import { quorumOf } from "../membership.ts";
import type { RestoreFact } from "./facts.ts";
import { memberNames, underWay } from "./steps.ts";

/** What decides whom a restore is about. */
export interface RestoreSituation {
  hosts: readonly Host[];
  readings: ReadonlyMap<string, HostReading>;
  /** The id that hosts are claimed with. */
  clusterId: string | undefined;
  /** Whether empty hosts may begin with a snapshot, see `mayBePlanted`. */
  mayBePlanted: boolean;
  /** Hosts that are said not to serve any more, although nobody can look. */
  without: readonly string[];
}

/** Whom a restore is about. */
export interface RestorePlan {
  /** `members`: in the place of data on hosts that are in service. `plant`: hosts that carry nothing begin with the snapshot at the next `up`. */
  kind: "members" | "plant";
  /** Their members come from the snapshot. */
  members: string[];
  /** Of etcd, as it is told: `NAME=PEER-URL,…`. */
  initialCluster: string;
  /** All hosts that something is done on: members, and those with an API server. */
  hosts: string[];
  /** Hosts of etcd that the following `up` makes members. */
  later: string[];
  /** In the middle of which the hosts are. */
  current: RestoreFact | undefined;
  /** What serves now, in a sentence. */
  serves: string;
  /** The highest revision that a member tells; undefined where none does. */
  revision: number | undefined;
  /** Of etcd, that members run. */
  versions: string[];
}

/** @returns findings where nothing may be done. */
export function planRestore(situation: RestoreSituation): { plan: RestorePlan; findings: Finding[] } {
  const { hosts, readings, without } = situation;
  const facts = new Map(
    [...readings].flatMap(([name, reading]) => ("facts" in reading ? [[name, reading.facts] as const] : [])),
  );
  const etcd = withRole(hosts, "etcd");
  const concerned = hosts.filter(({ roles }) => roles.includes("etcd") || roles.includes("control-plane"));
  const blank = etcd.every(({ name }) => isBlank(facts.get(name)));
  const hasMember = (name: string): boolean => facts.get(name)?.dataDirectories["etcd"] !== undefined;
  const took = blank ? etcd : etcd.filter(({ name }) => hasMember(name) && !without.includes(name));
  const serving = concerned.filter(
    ({ name }) =>
      !without.includes(name) &&
      facts.get(name)?.claim !== undefined &&
      facts.get(name)?.bundles["controlplane"] !== undefined,
  );
  const members = took.map(({ name }) => name);
  const selves = etcd.flatMap(({ name }) => facts.get(name)?.etcd?.self ?? []);
  const revisions = selves.flatMap(({ revision }) => revision ?? []);
  const plan: RestorePlan = {
    kind: blank ? "plant" : "members",
    members,
    initialCluster: took.map((host) => `${host.name}=${peerUrlOf(host)}`).join(","),
    hosts: blank ? members : [...new Set([...members, ...serving.map(({ name }) => name)])],
    later: etcd.map(({ name }) => name).filter((name) => !members.includes(name)),
    current: underWay(concerned.flatMap(({ name }) => facts.get(name) ?? [])),
    serves: servesSentence(etcd, readings),
    revision: revisions.length === 0 ? undefined : Math.max(...revisions),
    versions: selves.map(({ version }) => version).filter((version) => version !== "" && version !== "-"),
  };
  return {
    plan,
    findings: [
      ...withoutFindings(situation, concerned),
      ...claimFindings(situation, concerned, facts),
      ...(blank && !situation.mayBePlanted ? [neverFinding()] : []),
      ...(members.length === 0 ? [nobodyFinding(etcd)] : []),
      ...leftFindings(plan, facts),
    ],
  };
}

function isBlank(facts: HostFacts | undefined): boolean {
  if (facts === undefined) return false;
  return facts.claim === undefined && Object.keys(facts.bundles).length === 0 && facts.etcd?.data !== true;
}

function servesSentence(etcd: readonly Host[], readings: ReadonlyMap<string, HostReading>): string {
  const { members } = liveCluster(readings, etcd);
  const voters = members?.filter(({ learner }) => !learner) ?? [];
  const healthy = voters.filter(({ healthy: is }) => is).length;
  if (voters.length === 0 || healthy < quorumOf(voters.length)) return "etcd has no quorum: the cluster does not serve";
  const all = `${healthy} of ${voters.length} members of etcd serve`;
  const single = healthy < voters.length ? ", and ./plinth up makes the others good" : "";
  return `${all}${single}: nothing has to be restored to go on, and this takes the cluster back to an earlier time`;
}

/** Hosts that do not answer may serve the cluster of before to others. */
function withoutFindings({ readings, without }: RestoreSituation, concerned: readonly Host[]): Finding[] {
  const unknown = without.filter((name) => !concerned.some((host) => host.name === name));
  const silent = concerned.flatMap(({ name }) => {
    const reading = readings.get(name);
    const why = reading === undefined ? "it was not asked" : "failure" in reading ? reading.message : undefined;
    return why === undefined || without.includes(name) ? [] : [{ name, why }];
  });
  return [
    ...unknown.map((name) =>
      input("without-unknown", [name], "no such host has etcd or an API server", "correct the name after --without"),
    ),
    ...silent.map(({ name, why }) =>
      guard(
        "restore-unreachable",
        [name],
        `it cannot be asked (${why}), and may serve the cluster of before to others while this one begins`,
        `bring it back; or switch it off, make sure that it stays off until it is reset, and say --without ${name}`,
      ),
    ),
    ...without
      .filter((name) => !unknown.includes(name) && "facts" in (readings.get(name) ?? {}))
      .map((name) =>
        guard(
          "restore-without",
          [name],
          "it is said not to serve any more, and it answers",
          "leave it out of --without",
        ),
      ),
  ];
}

function claimFindings(
  { clusterId }: RestoreSituation,
  concerned: readonly Host[],
  facts: ReadonlyMap<string, HostFacts>,
): Finding[] {
  return concerned.flatMap(({ name }) => {
    const claim = facts.get(name)?.claim;
    if (claim === undefined || clusterId === undefined || (claim.clusterId === clusterId && claim.host === name))
      return [];
    const message = `it is ${claim.host} of cluster ${claim.cluster} (id ${claim.clusterId}), not ${name} of this one`;
    return [guard("foreign-host", [name], message, "correct the inventory, or use the state of that cluster")];
  });
}

function neverFinding(): Finding {
  const message =
    "no host with etcd carries anything, and the stack's state knows of no cluster that was brought up on them, or of a new one that began empty";
  const remedy = "bring the stack's state of before that back first (docs/restore.md)";
  return guard("snapshot-unverifiable", [], message, remedy);
}

function nobodyFinding(etcd: readonly Host[]): Finding {
  return guard(
    "restore-nobody",
    etcd.map(({ name }) => name),
    "none of the hosts with etcd can take the snapshot: some carry parts of a cluster, and none has a member that was brought up",
    "run ./plinth up until it has ended; or take everything off these hosts (./plinth reset HOST --force), and restore to empty hosts",
  );
}

/** Hosts that began a restore and do not take part any more. */
function leftFindings({ current, members }: RestorePlan, facts: ReadonlyMap<string, HostFacts>): Finding[] {
  if (current === undefined || current.sha256 === "-") return [];
  const left = memberNames(current.members).filter((name) => !members.includes(name));
  return left.map((name) =>
    guard(
      "restore-left",
      [name],
      `it began the restore ${current.id} and ${facts.has(name) ? "has no member any more" : "does not take part any more"}`,
      "say --anew with the snapshot: a restore of the others begins again",
    ),
  );
}

/** What makes etcd's cluster another one: no member of before knows it. */
export function tokenOf(clusterId: string, id: string): string {
  return createHash("sha256").update(`${clusterId} ${id}`).digest("hex").slice(0, 32);
}

/** The id of a restore that begins now. */
export function newRestoreId(now: number, random: string): string {
  return `${new Date(now).toISOString().replace(/[-:]|\.\d+/g, "")}-${random}`;
}

/** What is lost by a restore, as sentences. */
export function lossLines(
  { time, revision }: { time: number; revision: number | undefined },
  live: number | undefined,
  now: number,
): string[] {
  const age = Math.max(0, Math.round((now - time) / 1000));
  const since = new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
  const lines = [`everything that was written since ${since} (${ageText(age)})`];
  if (live === undefined) lines.push("how many changes that are, no member tells");
  else if (revision !== undefined && live >= revision && live - revision < 1_000_000_000)
    lines.push(`${live - revision} revisions: etcd is at ${live}, the snapshot at ${revision}`);
  else
    lines.push(
      `how many changes that are cannot be told: etcd is at revision ${live}, the snapshot at ${revision ?? "none"}, and a restore lies between them`,
    );
  return lines;
}

function ageText(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor((seconds % 86400) / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "min"],
    [seconds % 60, "s"],
  ];
  const from = parts.findIndex(([count]) => count > 0);
  const shown = from < 0 ? parts.slice(-1) : parts.slice(from, from + 2).filter(([count]) => count > 0);
  return `${shown.map(([count, unit]) => `${count} ${unit}`).join(" ")} ago`;
}
