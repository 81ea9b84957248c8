import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";
import type { LiveCluster } from "../livecluster.ts";
import type { LeavingHost } from "../membership.ts";
import type { PreviousHost } from "../outputs.ts";
import { guard } from "./rule.ts";

/** What says whether there is a Node left that takes pods. */
export interface WorkerSituation {
  hosts: readonly Host[];
  leaving: readonly LeavingHost[];
  live: Pick<LiveCluster, "nodes">;
  /** Of the last run. */
  previous: { readonly hosts: Readonly<Record<string, PreviousHost>> } | undefined;
}

/**
 * The last workers leave, or are to be workers no longer: their pods would have nowhere to go. Nodes of worker pools and of
 * others take pods, too. A cluster that never had a worker is as its operator wants it.
 */
export function lastWorkerFindings({ hosts, leaving, live, previous }: WorkerSituation): Finding[] {
  if (hosts.some(({ roles }) => roles.includes("worker"))) return [];
  const known = Object.entries(previous?.hosts ?? {}).map(([name, { roles }]) => ({ name, roles }));
  const workers = [
    ...new Set(
      [...known, ...leaving]
        // One that a killed run was about to let join has no pods yet.
        .filter(({ name, roles }) => roles.includes("worker") && previous?.hosts[name]?.joining !== true)
        .map(({ name }) => name),
    ),
  ];
  const own = new Set([...hosts, ...leaving].map(({ name }) => name));
  const others = (live.nodes ?? []).filter(({ name }) => !own.has(name) && !workers.includes(name));
  if (workers.length === 0 || others.length > 0) return [];
  return [
    guard(
      "last-worker",
      workers,
      "no Node would be left that takes pods: what runs on these hosts would have nowhere to go",
      "keep a worker, or give a host that stays the role worker; --override last-worker does it all the same",
    ),
  ];
}
