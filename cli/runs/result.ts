import type { Result } from "../../plan/runs/result.ts";
import { Exit } from "../exit.ts";

const results: Readonly<Record<number, Result>> = {
  [Exit.done]: "done",
  [Exit.badInput]: "invalid",
  [Exit.refused]: "refused",
  [Exit.changes]: "changes",
  [Exit.interrupted]: "interrupted",
};

/** How a run ended that ends with this exit code. */
export function resultOf(exitCode: number): Result {
  return results[exitCode] ?? "failed";
}
