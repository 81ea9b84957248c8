import semver from "semver";
import type { DataSet } from "../backup/set.ts";
import type { Finding } from "../findings.ts";
import { guard } from "../guards/rule.ts";

/** What a snapshot of etcd tells by itself. */
export interface SnapshotFacts {
  path: string;
  bytes: number;
  /** SHA-256 of the file. */
  sha256: string;
  /** When the file was written last, milliseconds since the epoch. */
  modified: number;
  /** Whether it holds the certificate of the cluster's authority. */
  holds: boolean;
  /** Why it is not whole; undefined where it is. */
  damage?: string;
  /** The last one in it. */
  revision?: number;
  /** Of the least etcd that can read it, as far as it says so. */
  version?: string;
}

/** What a snapshot is held against. */
export interface WantedCluster {
  /** Undefined where the stack's state has none. */
  clusterId: string | undefined;
  /** Versions that are configured, and those of etcd that members run. */
  kubernetes: string;
  etcd: readonly string[];
  /** Digests of the keys that are in use, see `DataSet`, where they are known. */
  keys?: DataSet["keys"];
}

/**
 * Why a snapshot must not be restored. Told before anything is stopped.
 *
 * @param set its description, where it comes from a backup.
 */
export function snapshotFindings(facts: SnapshotFacts, set: DataSet | undefined, wanted: WantedCluster): Finding[] {
  const { damage, bytes, sha256 } = facts;
  if (damage !== undefined) {
    return [refused("snapshot-damaged", `the snapshot ${facts.path} is damaged: ${damage}`, "use another one")];
  }
  if (set !== undefined && (set.sha256 !== sha256 || set.bytes !== bytes)) {
    const message = `the snapshot of the set ${set.id} is not the one that its description is about`;
    return [refused("snapshot-damaged", message, "use another set")];
  }
  return [...foreignFindings(facts, set, wanted), ...newerFindings(facts, set, wanted)];
}

function foreignFindings(facts: SnapshotFacts, set: DataSet | undefined, wanted: WantedCluster): Finding[] {
  if (wanted.clusterId === undefined) {
    const message = "the stack's state has no cluster, so nobody can say whether the snapshot is of it";
    return [refused("snapshot-unverifiable", message, "bring the stack's state back first (docs/restore.md)")];
  }
  if (set !== undefined && set.clusterId !== wanted.clusterId) {
    const message = `the set ${set.id} is of the cluster ${set.cluster} (id ${set.clusterId}), and this one has the id ${wanted.clusterId}`;
    return [refused("snapshot-foreign", message, "use a set of this cluster")];
  }
  if (!facts.holds) {
    const message =
      "the snapshot is not of this cluster: the certificate of the cluster's authority, which each namespace has, is nowhere in it";
    return [
      refused("snapshot-foreign", message, "use a snapshot of this cluster, or the state that belongs to that one"),
    ];
  }
  const { keys } = wanted;
  if (set === undefined || keys === undefined) return [];
  const other = [
    ...(set.keys.encryption === keys.encryption ? [] : ["the key that Secrets are encrypted with"]),
    ...(set.keys.serviceAccounts === keys.serviceAccounts ? [] : ["the key of service accounts"]),
  ];
  if (other.length === 0) return [];
  const message = `the set ${set.id} was made with other keys than the stack's state has now: ${other.join(" and ")}`;
  return [refused("snapshot-keys", message, "restore the state of that time first (docs/restore.md)")];
}

function newerFindings({ version }: SnapshotFacts, set: DataSet | undefined, wanted: WantedCluster): Finding[] {
  const least = wanted.etcd.toSorted(semver.compare)[0];
  const data = [version, set?.etcd].flatMap((text) => semver.parse(text) ?? []);
  const newest = data.toSorted(semver.compare).at(-1);
  const findings: Finding[] = [];
  if (newest !== undefined && least !== undefined && isNewer(newest.version, least)) {
    const message = `the snapshot is of etcd ${newest.major}.${newest.minor}, and etcd ${least} is to read it`;
    findings.push(
      refused(
        "snapshot-newer",
        message,
        `set plinth:etcdVersion to ${newest.major}.${newest.minor} or newer, and run up first`,
      ),
    );
  }
  if (set !== undefined && isNewer(set.kubernetes, wanted.kubernetes)) {
    const message = `the set ${set.id} was made with Kubernetes ${set.kubernetes}, and ${wanted.kubernetes} is configured, which may not read its objects`;
    findings.push(refused("snapshot-newer", message, "use an older set, or that version"));
  }
  return findings;
}

/** By its minor version: patches read each other's data. */
function isNewer(version: string, than: string): boolean {
  const [a, b] = [semver.parse(version), semver.parse(than)];
  return a !== null && b !== null && (a.major > b.major || (a.major === b.major && a.minor > b.minor));
}

function refused(rule: string, message: string, remedy: string): Finding {
  return guard(rule, [], message, remedy);
}
