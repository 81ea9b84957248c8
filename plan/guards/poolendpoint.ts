import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import type { KubeNode } from "../nodes.ts";
import type { PreviousRun } from "../previousrun.ts";
import { ownerOf } from "../roster.ts";
import { changesWay } from "../ways.ts";
import type { Ways } from "../wayshape.ts";
import { guard } from "./rule.ts";

/** What a change of the endpoint means to worker pools. */
export interface PoolEndpointSituation {
  stack: string;
  config: Pick<ClusterConfig, "keepFormerEndpoints">;
  ways: Ways;
  previous: Pick<PreviousRun, "endpoint" | "ways"> | undefined;
  /** Undefined when no API server tells. */
  nodes: readonly KubeNode[] | undefined;
}

/**
 * Nodes of worker pools, which go by the endpoint of before until their own stacks change them: this run cannot wait for that.
 */
export function poolEndpointFindings({ stack, config, ways, previous, nodes = [] }: PoolEndpointSituation): Finding[] {
  if (config.keepFormerEndpoints || !changesWay(ways, previous)) return [];
  const own = ownerOf(stack);
  const strangers = nodes.filter(({ owner }) => owner !== undefined && owner !== own);
  if (strangers.length === 0) return [];
  const names = strangers.map(({ name }) => name);
  const some = names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
  return [
    guard(
      "pool-endpoint",
      [],
      `the endpoint of the API changes to ${ways.hosts}, and Nodes of other stacks go by the one before: ${some}`,
      "set plinth:keepFormerEndpoints to true, run up here and then in the stacks of the pools, and set it to false again",
    ),
  ];
}
