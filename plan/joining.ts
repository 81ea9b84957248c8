/** Which join of a host to the cluster it is: another machine, or one that was made anew, joins again. */
export interface Join {
  /** /etc/machine-id; undefined where it is not known yet. */
  machineId: string | undefined;
  /** See `bundleGeneration` in plan/facts.ts, of the bundle with the kubelet. */
  generation: number;
  /** How often the cluster was started anew, see plan/outputs.ts. */
  incarnation: number;
}

/**
 * What a host's bootstrap token is made for. Every join has a token of its own: one that an old disk, an old state or somebody's
 * copy of either still has is never made valid again.
 */
export function tokenKeepers({ machineId, generation, incarnation }: Join): Record<string, string> {
  return { machine: machineId ?? "unknown", generation: String(generation), incarnation: String(incarnation) };
}
