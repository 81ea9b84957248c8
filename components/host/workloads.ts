import { printable } from "../../plan/printable.ts";
import { parseWorkloads, type Workloads } from "../../plan/refusals.ts";
import { lookScript, readerQuestion } from "../../plan/scripts.ts";
import { sharedPool, type SshPool } from "../../ssh/index.ts";
import type { HostAccess } from "./access.ts";
import { askAsRoot } from "./ask.ts";

/** It asks for nine lists and for every namespace that does not say how secure its pods are. */
const lookSeconds = 120;

/**
 * Looks at the workloads of a cluster from the first of these control-plane hosts that answers.
 *
 * @throws Error with a sentence when none does.
 */
export type WorkloadReader = (access: HostAccess) => Promise<Workloads>;

/** @param pool tests pass what runs commands there. */
export async function readWorkloads(access: HostAccess, pool: Pick<SshPool, "exec"> = sharedPool): Promise<Workloads> {
  const script = lookScript("workloads");
  let last = new Error("no control-plane host is there to be asked");
  for (const [name, target] of access) {
    try {
      const result = await askAsRoot(target, script, { seconds: lookSeconds, question: readerQuestion(script) }, pool);
      if (result.code === 0) return parseWorkloads(result.stdout);
      last = new Error(`${name}: ${printable(result.stderr.trim().split("\n").at(-1) ?? "", 500)}`);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      last = new Error(`${name}: ${error.message}`, { cause: error });
    }
  }
  throw last;
}
