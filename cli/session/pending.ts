import { displayNameOf, formatDisplayName } from "../render/display-name.ts";

/** One operation that was under way when the engine was killed. */
export interface PendingOperation {
  /** `creating`, `updating`, `deleting`, `reading` or `importing`. */
  type: string;
  /** For example `etcd on cp1`. */
  resource: string;
}

interface ExportedState {
  deployment?: { pending_operations?: { type?: string; resource?: { urn?: string } }[] | null } | null;
}

/**
 * Takes the pending operations out of an exported state.
 *
 * @returns the cleaned state and what was dropped; undefined when there was nothing to drop.
 */
export function withoutPending(
  exported: string,
  hosts: readonly string[],
): { state: string; dropped: PendingOperation[] } | undefined {
  const state = JSON.parse(exported) as ExportedState;
  const pending = state.deployment?.pending_operations ?? [];
  if (state.deployment === undefined || state.deployment === null || pending.length === 0) return undefined;
  const dropped = pending.map(({ type, resource }) => {
    const urn = resource?.urn;
    return {
      type: type ?? "changing",
      resource: urn === undefined ? "a resource" : formatDisplayName(displayNameOf(urn, hosts)),
    };
  });
  delete state.deployment.pending_operations;
  return { state: JSON.stringify(state), dropped };
}
