import { z } from "zod";
import { imageReference } from "../texts.ts";

const collector = z.string().regex(/^[a-z_.]+$/, "must be the name of a collector of node_exporter");

const archiveName = z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "must be the name of an archive");

/** `plinth:metrics`: hosts of the cluster tell figures of themselves and of what they run, to whoever has the identity for it (docs/metrics.md). */
export const metricsSchema = z.strictObject({
  /** TCP port of the proxy of each host, behind which everything is that has no login of its own. */
  port: z.coerce.number().int().min(1024).max(65535).default(9990),
  /** Collectors of node_exporter that are on besides those that it has by itself. */
  collect: z.array(collector).default(["systemd"]),
  /** Those that are off. */
  leave: z.array(collector).default(["wifi", "infiniband"]),
  /** Image of the proxy beside the cluster's DNS, whose own port is open to nobody then. */
  proxyImage: imageReference.default("quay.io/brancz/kube-rbac-proxy:v0.19.1"),
  /** Archives of it that Nodes are given beforehand, as by `plinth:images`. */
  archives: z.array(archiveName).default([]),
});

export type MetricsSettings = z.output<typeof metricsSchema>;
