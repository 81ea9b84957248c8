import { z } from "zod";

/**
 * What the page reads of `status --json`. Hosts and the cluster have a say in its texts: they are shown as texts, and believed about nothing
 * else. Milliseconds since the epoch where nothing else is said.
 */

const problem = z.object({ host: z.string().exactOptional(), message: z.string() });

const certificate = z.object({
  path: z.string(),
  subject: z.string(),
  /** ISO 8601 */
  notBefore: z.string(),
  notAfter: z.string(),
  isAuthority: z.boolean().default(false),
});
export type CertificateSeen = z.output<typeof certificate>;

const bundle = z.object({
  bundle: z.string(),
  state: z.string(),
  reason: z.string().exactOptional(),
  /** Unit → systemd's ActiveState. */
  units: z.record(z.string(), z.string()).default({}),
  /** Names of what is not as it was left. */
  drift: z.array(z.string()).default([]),
});

const etcd = z.object({
  memberId: z.string(),
  leaderId: z.string(),
  version: z.string(),
  dbSize: z.number(),
  raftIndex: z.number(),
  isLearner: z.boolean(),
  errors: z.array(z.string()).default([]),
  quotaShare: z.number().exactOptional(),
});
export type EtcdSeen = z.output<typeof etcd>;

const probe = z.object({
  /** Seconds. */
  uptime: z.number(),
  bundles: z.array(bundle).exactOptional(),
  etcd: etcd.exactOptional(),
  etcdError: z.string().exactOptional(),
  members: z
    .array(z.object({ id: z.string(), name: z.string(), started: z.boolean(), isLearner: z.boolean() }))
    .exactOptional(),
  certificates: z.array(certificate).default([]),
});
export type ProbeSeen = z.output<typeof probe>;

const node = z.object({
  name: z.string(),
  /** Left out: its kubelet has not been heard of for so long that nobody knows. */
  ready: z.boolean().exactOptional(),
  complaints: z.array(z.string()).default([]),
  version: z.string(),
  roles: z.array(z.string()).default([]),
  schedulable: z.boolean(),
  leaving: z.boolean(),
});
export type NodeSeen = z.output<typeof node>;

const backupTarget = z.object({
  target: z.string(),
  kind: z.enum(["data", "state"]),
  /** `at`: seconds since the epoch. */
  newest: z.object({ id: z.string(), at: z.number() }).exactOptional(),
  failures: z.array(z.object({ host: z.string(), at: z.number(), reason: z.string() })).default([]),
});

const drill = z.object({
  at: z.string(),
  result: z.string(),
  durationSeconds: z.number(),
  reason: z.string().exactOptional(),
});

const network = z.object({
  works: z.boolean(),
  at: z.string(),
  paths: z.number(),
  failed: z.number(),
});

const host = z.object({
  address: z.string(),
  roles: z.array(z.string()),
  projectRoles: z.array(z.string()).default([]),
  region: z.string().exactOptional(),
  zone: z.string().exactOptional(),
  rack: z.string().exactOptional(),
});

export const statusDocument = z.object({
  stack: z.string(),
  at: z.number(),
  healthy: z.boolean(),
  problems: z.array(problem),
  warnings: z.array(problem),
  inventory: z.record(z.string(), host),
  vips: z.array(z.object({ address: z.string(), holders: z.array(z.string()) })),
  hosts: z.record(z.string(), z.union([z.object({ probe }), z.object({ error: z.string() })])),
  apiservers: z.record(z.string(), z.object({ ready: z.boolean(), message: z.string() })),
  leaders: z.array(
    z.object({ lease: z.string(), holder: z.string().exactOptional(), message: z.string().exactOptional() }),
  ),
  nodes: z.record(z.string(), node).exactOptional(),
  nodesError: z.string().exactOptional(),
  addons: z.record(z.string(), z.object({ wanted: z.number(), ready: z.number() })).exactOptional(),
  addonsError: z.string().exactOptional(),
  /** Null where the network was never tested. */
  network: network.nullable().exactOptional(),
  networkError: z.string().exactOptional(),
  backups: z.array(backupTarget).exactOptional(),
  /** Null where there was none. */
  drill: drill.nullable().exactOptional(),
  kubeconfigs: z.array(z.object({ owner: z.string(), notAfter: z.string() })).default([]),
});
export type StatusDocument = z.output<typeof statusDocument>;

/** The document of a text; undefined where it is none. */
export function parseStatus(text: string): StatusDocument | undefined {
  try {
    return statusDocument.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
