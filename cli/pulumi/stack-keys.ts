import type { BackupSet } from "../../plan/backup/set.ts";
import { keysOf, parseExport } from "../../plan/backup/statehalf.ts";
import { runPulumi } from "./cli.ts";
import type { EngineContext } from "./context.ts";

/** Digests of the keys that a stack's state has, by which the halves of a backup are told apart; undefined where it has none. */
export async function readStackKeys(context: EngineContext): Promise<BackupSet["keys"] | undefined> {
  return keysOf(parseExport(await runPulumi(context, ["stack", "export", "--show-secrets"])));
}
