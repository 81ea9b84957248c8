import semver from "semver";
import { z } from "zod";
import type { Finding } from "./findings.ts";
import { hostSchema } from "./inventory.ts";
import { extraArgs, webUrl } from "./texts.ts";

/**
 * What a worker pool needs of its cluster, the output `poolMaterial`. It holds no key: what a pool does in the cluster is done by the
 * steps of the roster on control-plane hosts, which its SSH key opens. The output is marked as a secret all the same, because it
 * tells where they are.
 */
export const poolMaterialSchema = z.object({
  /** Of this structure; another number needs another release of Plinth on one of the sides. */
  format: z.literal(2),
  clusterId: z.string().min(1),
  /** See `incarnation` of the cluster's outputs. Default: 0. */
  incarnation: z.number().default(0),
  /** Likewise. */
  fromSnapshot: z.array(z.number()).readonly().exactOptional(),
  /** URL of the API. */
  endpoint: webUrl,
  /** Settings that a pool shares with its cluster, by the names of the configuration. */
  settings: z.object({
    clusterName: z.string(),
    nodeSubnet: z.string(),
    podCidr: z.string(),
    serviceCidr: z.string(),
    clusterDomain: z.string(),
    network: z.string(),
    /** Where the cluster sets one; otherwise the pool goes by the control-plane hosts, as the cluster does. */
    mtu: z.number().exactOptional(),
    /** Where CoreDNS forwards to. Clusters of earlier releases do not tell: a host without any name server is then let through. */
    dnsUpstreams: z.array(z.string()).default([]),
    /** Those that decide on the networks of Nodes. */
    controllerManagerArgs: extraArgs.default({}),
  }),
  kubernetesVersion: z.string().refine((text) => semver.valid(text) !== null, "expected a version such as 1.36.3"),
  /** Certificate of the cluster's authority. PEM. */
  authority: z.string(),
  /** Where the steps of the roster can be run; the pool's stack has its own SSH key. */
  controlPlane: z
    .array(
      z.object({
        ...hostSchema.pick({ name: true, address: true, port: true, user: true, hostKey: true }).required().shape,
        sshAddress: hostSchema.shape.sshAddress,
        bastion: hostSchema.shape.bastion,
      }),
    )
    .nonempty(),
  /** Name → address of every host of the cluster's stack. */
  hosts: z.record(z.string(), z.string()),
  /** Addresses that the cluster's load balancers hold. */
  virtualAddresses: z.array(z.string()).default([]),
});
export type PoolMaterial = z.output<typeof poolMaterialSchema>;

/**
 * The material in an output of the cluster's stack.
 *
 * @param stack its name, for findings.
 * @param output undefined when the stack has none.
 */
export function parsePoolMaterial(
  stack: string,
  output: unknown,
): { material: PoolMaterial | undefined; findings: Finding[] } {
  const report = (message: string, remedy: string) => ({
    material: undefined,
    findings: [{ rule: "pool-material", kind: "input" as const, hosts: [], message, remedy }],
  });
  if (output === undefined) {
    return report(
      `the stack ${stack} has no output poolMaterial`,
      "correct plinth:clusterStack, or set plinth:exportPoolMaterial to true in the cluster's stack and run up there",
    );
  }
  const parsed = poolMaterialSchema.safeParse(output);
  if (parsed.success) return { material: parsed.data, findings: [] };
  // Paths only: values are secrets.
  const where = parsed.error.issues.map(({ path }) => path.map(String).join(".") || "all of it").join(", ");
  return report(
    `the output poolMaterial of the stack ${stack} is not as expected (${where})`,
    "use the same release of Plinth for the cluster and its pools, and run up in the cluster's stack first",
  );
}
