import type { ClusterConfig } from "./config.ts";
import type { Host } from "./inventory.ts";

/** What machines carry from when they were Nodes, see `formerBundles` in plan/formerbundles.ts. */
export type Former = Pick<ClusterConfig, "formerBundles">;

/** Whether a host carries a bundle of Nodes, and is a machine besides the cluster now. */
export function isFormer({ name }: Pick<Host, "name">, bundle: string, { formerBundles = {} }: Former): boolean {
  return formerBundles[name]?.includes(bundle) ?? false;
}
