import type { RawConfig } from "../rawconfig.ts";

/** What is asked for of a pool that a cluster's stack alone has. */
export type NotOfPools = "sets" | "data" | "state";

const sentences: Readonly<Record<NotOfPools, string>> = {
  sets: "neither half of a backup is made of it: etcd's data and the keys are its cluster's",
  data: "it has no etcd: restore its cluster",
  state: "no set has its state: the keys are in that of its cluster",
};

/**
 * What is said of a pool's stack, of which nothing is backed up: it has no etcd, and no key of the cluster.
 *
 * @param config of the `plinth:` namespace, as the stack has it.
 */
export function poolSentence(stack: string, config: RawConfig, asked: NotOfPools): string {
  const cluster = String(config["clusterStack"]).split("/").at(-1) ?? "";
  return `Stack "${stack}" is a pool of workers, and ${sentences[asked]}, --stack ${cluster}.`;
}
