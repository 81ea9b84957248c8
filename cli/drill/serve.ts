import { ApiClient } from "../../kube/client.ts";
import { loadAccess } from "../../kube/kubeconfig.ts";
import type { DrillPhase } from "../../plan/backup/drill.ts";
import { compareKinds, countKeys, type KindCount } from "../../plan/backup/drillkinds.ts";
import type { Sample } from "../../plan/backup/drillsample.ts";
import type { DrillServing } from "../../plan/backup/drillserving.ts";
import type { Scratch } from "../process/scratch.ts";
import { startApiServer } from "./apiserver.ts";
import { startEtcd } from "./etcd.ts";
import { ServedLists } from "./objects.ts";
import { compareSample } from "./sample.ts";

/** What is served aside. */
export interface ServeInput {
  /** File of the snapshot. */
  snapshot: string;
  serving: DrillServing;
  /** Paths of etcd, etcdctl, etcdutl and kube-apiserver, of the versions that the snapshot was made with. */
  binaries: ReadonlyMap<string, string>;
  /** Kubeconfig of the live cluster, or why there is none. */
  live: { kubeconfig: string } | { without: string };
}

export type Phase = Exclude<DrillPhase, "fetch" | "copies">;

export interface ServeOutcome {
  kinds: Record<string, KindCount>;
  sample: Sample | undefined;
  secrets: { served: number; encrypted: boolean };
  problems: string[];
  notes: string[];
}

/** What the API server writes in front of what it has encrypted. */
const encryptedMark = Buffer.from("k8s:enc:");

/**
 * Restores a snapshot aside, serves it, and compares what is served with what is in it and with the live cluster.
 *
 * @param phase measures a part of it.
 * @throws ScratchError when what is to serve does not.
 */
export async function serveAndCompare(
  scratch: Scratch,
  input: ServeInput,
  phase: <T>(name: Phase, work: () => Promise<T>) => Promise<T>,
  signal: AbortSignal,
): Promise<ServeOutcome> {
  const { snapshot, serving, binaries, live } = input;
  const etcd = await phase("restore", () => startEtcd(scratch, binaries, snapshot, signal));
  const drill = await phase("serve", () =>
    startApiServer(scratch, binaries.get("kube-apiserver") ?? "kube-apiserver", etcd, serving, signal),
  );
  try {
    return await phase("compare", async () => {
      const stored = countKeys(await etcd.keys("/registry/"));
      const first = await etcd.firstValue("/registry/secrets/");
      const objects = await new ServedLists(drill, etcd.revision, signal).all();
      const { kinds, problems, notes } = compareKinds(stored, objects.kinds);
      const encrypted = first?.subarray(0, encryptedMark.length).equals(encryptedMark) === true;
      if (first !== undefined && !encrypted) problems.push("the first Secret lies in etcd in clear");
      const { sample, ...told } = await withLive(live, (client) => compareSample(objects.names, drill, client, signal));
      return {
        kinds,
        sample,
        secrets: { served: kinds["secrets"]?.served ?? 0, encrypted },
        problems: [...problems, ...told.problems],
        notes: [...objects.notes, ...notes, ...told.notes],
      };
    });
  } catch (error) {
    signal.throwIfAborted();
    // Whoever asked is told less than what it ended with.
    scratch.requireAll();
    throw error;
  } finally {
    drill.close();
  }
}

async function withLive(
  live: ServeInput["live"],
  compare: (client: ApiClient) => ReturnType<typeof compareSample>,
): ReturnType<typeof compareSample> {
  if ("without" in live) {
    const notes = [`no contents were compared with the cluster's: ${live.without}`];
    return { sample: undefined, problems: [], notes };
  }
  const client = new ApiClient(loadAccess(live.kubeconfig, { context: "", cluster: "" }));
  try {
    return await compare(client);
  } finally {
    client.close();
  }
}
