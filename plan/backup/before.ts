import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import { guard } from "../guards/rule.ts";
import { withRole, type Host } from "../inventory.ts";
import type { LeavingHost } from "../membership.ts";
import type { PreviousRun } from "../previousrun.ts";
import type { RunRequests } from "../requests.ts";
import type { Outcome } from "./outcome.ts";

/** Its override goes without the set. */
export const backupRule = "backup";

/** What a run is told by. */
export interface ComingChange {
  hosts: readonly Host[];
  leaving: readonly Pick<LeavingHost, "name">[];
  config: Pick<ClusterConfig, "backup" | "kubernetesVersion" | "etcdVersion">;
  previous: PreviousRun | undefined;
  /** Whether there is data at all. */
  bootstrapped: boolean;
  requests: Pick<RunRequests, "lost" | "replace">;
  /** Names of hosts that answer. */
  answering: ReadonlySet<string>;
}

/** A set of data that is made before a run changes anything. */
export interface SetBefore {
  /** What the set is made for. */
  reason: string;
  /** Whether the run goes on without it: what it replaces is dead, and waiting makes nothing better. */
  mayFail: boolean;
}

/** Whether a run changes who belongs to the cluster, or its versions, so that a set of data comes first. */
export function setBefore({
  hosts,
  leaving,
  config,
  previous,
  bootstrapped,
  requests,
  answering,
}: ComingChange): SetBefore | undefined {
  if (config.backup === undefined || previous === undefined || !bootstrapped) return undefined;
  const version = (name: "kubernetes" | "etcd", wanted: string): string[] => {
    const before = previous.versions?.[name];
    return before === undefined || before === wanted ? [] : [`${name} ${wanted}`];
  };
  const joins = withRole(hosts, "etcd")
    .filter(({ name }) => previous.hosts[name]?.roles.includes("etcd") !== true)
    .map(({ name }) => `${name} joins`);
  const replaced = requests.replace.map((name) => `${name} is replaced`);
  const leaves = leaving.map(({ name }) => `${name} leaves`);
  const changes = [
    ...version("kubernetes", config.kubernetesVersion),
    ...version("etcd", config.etcdVersion),
    ...joins,
    ...replaced,
    ...leaves,
  ];
  if (changes.length === 0) return undefined;
  const dead = [...requests.lost, ...requests.replace, ...leaving.map(({ name }) => name)];
  return { reason: `before ${changes.join(" and ")}`, mayFail: dead.some((name) => !answering.has(name)) };
}

/** What keeps a run from changing anything: no target has the set that was to come first. */
export function unstoredFindings({ reason }: SetBefore, { stored, problems }: Outcome): Finding[] {
  if (stored.length > 0) return [];
  return [
    guard(
      backupRule,
      [],
      `no target of plinth:backup has taken a set of data ${reason}: ${problems.join("; ")}`,
      "see to the targets; ./plinth up --without-backup changes the cluster without one",
    ),
  ];
}
