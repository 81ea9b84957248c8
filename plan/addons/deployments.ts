import { z } from "zod";
import type { Host } from "../inventory.ts";
import { printable } from "../printable.ts";
import { dnsReplicas } from "./dns.ts";
import { metricsReplicas } from "./metrics.ts";

/** A Deployment as the API tells it. */
export interface ListedDeployment {
  name: string;
  /** Replicas that it is to have. */
  wanted: number;
  ready: number;
  /** What its conditions complain about; undefined: nothing. */
  complaint: string | undefined;
}

/** What every cluster runs for itself: Deployment → replicas that are declared. */
export function addonReplicas(hosts: readonly Host[]): ReadonlyMap<string, number> {
  return new Map([
    ["coredns", dnsReplicas(hosts)],
    ["metrics-server", metricsReplicas(hosts)],
  ]);
}

const count = z.number().int().nonnegative();

const deploymentList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string().max(253) }),
      spec: z.object({ replicas: count.default(1) }),
      status: z
        .object({
          readyReplicas: count.default(0),
          conditions: z
            .array(z.object({ type: z.string(), status: z.string(), message: z.string().default("") }))
            .default([]),
        })
        .prefault({}),
    }),
  ),
});

/** @throws Error when it is no list of Deployments. */
export function parseDeploymentList(json: string): ListedDeployment[] {
  return deploymentList.parse(JSON.parse(json)).items.map(({ metadata, spec, status }) => ({
    name: printable(metadata.name),
    wanted: spec.replicas,
    ready: status.readyReplicas,
    complaint: status.conditions
      .filter(({ type, status: holds }) =>
        type === "Available" || type === "Progressing"
          ? holds === "False"
          : type === "ReplicaFailure" && holds === "True",
      )
      .map(({ message }) => printable(message, 300))
      .find((message) => message !== ""),
  }));
}
