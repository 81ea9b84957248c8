import type { FoundTest } from "../../plan/loadtest/claim.ts";
import { phaseSeconds } from "../../plan/loadtest/profiles.ts";
import type { TestObjects } from "./objects.ts";

/** What came of looking for load tests in a cluster. */
export interface Swept {
  /** Those that still run: somebody else's, or of another process. */
  running: FoundTest[];
  /** Namespaces of killed ones, which are gone. */
  removed: string[];
  /** Sentences about those that have not gone in time. */
  left: string[];
}

/** Removes what killed load tests have left in a cluster, of all operators, and leaves those alone that run. */
export async function sweep(objects: TestObjects, say: (line: string) => void, signal: AbortSignal): Promise<Swept> {
  const found = await objects.found(signal);
  const swept: Swept = {
    running: found.filter(({ left, going }) => left === undefined && !going),
    removed: [],
    left: [],
  };
  for (const { namespace, owner, left, going } of found) {
    if (left === undefined && !going) continue;
    say(`Removing ${namespace}, which a load test of ${owner} has left (${left ?? "it is being deleted already"}).`);
    if (await objects.remove(namespace, phaseSeconds.clean, signal)) swept.removed.push(namespace);
    else
      swept.left.push(
        `${namespace} has not gone within ${phaseSeconds.clean} s: kubectl describe namespace ${namespace} tells why`,
      );
  }
  return swept;
}
