import type { Place } from "../../cli/backup/places.ts";
import type { SnapshotOfSet } from "../../plan/backup/listing.ts";
import type { DataSet, StateSet } from "../../plan/backup/set.ts";
import { backupSchema, type BackupSettings } from "../../plan/backup/settings.ts";

/** Public key of age that nobody has the private key of. */
export const recipient = `age1${"q".repeat(58)}`;

/** One target of each kind, as a configuration has them. */
export const rawTargets = {
  disk: { name: "disk", directory: { path: "/srv/backup" } },
  vault: {
    name: "vault",
    ssh: {
      host: "vault.example.net",
      user: "backup",
      privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nkey\n-----END OPENSSH PRIVATE KEY-----",
      hostKey: "ssh-ed25519 AAAAC3Nz",
      path: "/srv/plinth/demo",
    },
  },
  store: {
    name: "store",
    s3: {
      endpoint: "https://s3.example.net",
      bucket: "backups",
      prefix: "clusters/demo",
      authority: "-----BEGIN CERTIFICATE-----\nauthority\n-----END CERTIFICATE-----\n",
      members: { accessKey: "member", secretKey: "member's secret" },
      operators: { accessKey: "operator", secretKey: "operator's secret" },
    },
  },
} as const;

/** `plinth:backup` with all kinds of targets. */
export const rawBackup = {
  recipients: [recipient],
  password: "a long password of repositories",
  targets: Object.values(rawTargets),
};

/** @throws Error when the input is not valid: for tests that need a valid one. */
export function backupOf(extra: Record<string, unknown> = {}): BackupSettings {
  return backupSchema.parse({ ...rawBackup, ...extra });
}

/** A set of data that was made at a time, ISO 8601 to the second. */
export function dataSet(time = "2026-11-29T21:00:00Z", extra: Partial<DataSet> = {}): DataSet {
  return {
    format: 1,
    kind: "data",
    id: `${time.replace(/[-:]/g, "")}-cp1`,
    time,
    cluster: "demo",
    clusterId: "0123456789abcdef",
    reason: "timer",
    kubernetes: "1.36.3",
    etcd: "3.6.14",
    keys: { serviceAccounts: "1".repeat(64), encryption: "2".repeat(64) },
    host: "cp1",
    revision: 4711,
    totalKeys: 815,
    bytes: 20,
    sha256: "3".repeat(64),
    ...extra,
  };
}

/** A set of state. */
export function stateSet(time = "2026-11-29T20:00:00Z", extra: Partial<StateSet> = {}): StateSet {
  const { format, cluster, clusterId, kubernetes, etcd, keys } = dataSet(time);
  return {
    ...{ format, cluster, clusterId, kubernetes, etcd, keys, time },
    kind: "state",
    id: `${time.replace(/[-:]/g, "")}-lab`,
    reason: "up",
    project: "plinth",
    stack: "lab",
    incarnation: 0,
    sha256: "4".repeat(64),
    ...extra,
  };
}

/** Tags of a snapshot of restic's, as scripts/backup/sets.sh writes them. */
export function tagsOf(set: DataSet | StateSet): string[] {
  const description = Buffer.from(JSON.stringify(set)).toString("base64");
  return [`kind=${set.kind}`, `id=${set.id}`, `cluster=${set.clusterId}`, `set=${description}`];
}

/** What `restic snapshots --json` tells of sets; the name of each snapshot is made of its place in the list. */
export function resticList(sets: readonly (DataSet | StateSet)[]): string {
  return JSON.stringify(
    sets.map((set, index) => ({
      id: index.toString(16).padStart(64, "0"),
      time: set.time,
      tags: tagsOf(set),
      summary: { total_bytes_processed: 1000 + index },
    })),
  );
}

/** A set as a repository lists it. */
export function listed(set: DataSet | StateSet, snapshot = "a".repeat(64)): SnapshotOfSet {
  const { id, kind, time, clusterId } = set;
  return { id, kind, time, clusterId, bytes: 1000, snapshot, set };
}

export function placeOf(name: string, extra: Partial<Place> = {}): Place {
  return { name, target: backupOf().targets[0], url: `/${name}`, options: [], env: {}, ...extra } as Place;
}
