import type { ClusterConfig } from "./config.ts";
import type { Host } from "./inventory.ts";

/** What hosts carry and are not to have any more, see `formerBundles` in plan/formerbundles.ts. */
export type Former = Pick<ClusterConfig, "formerBundles">;

/** Whether a host carries a bundle that it is not to have any more. */
export function isFormer({ name }: Pick<Host, "name">, bundle: string, { formerBundles = {} }: Former): boolean {
  return formerBundles[name]?.includes(bundle) ?? false;
}
