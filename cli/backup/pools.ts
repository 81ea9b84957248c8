import { poolSentence, type NotOfPools } from "../../plan/backup/pools.ts";
import { isPool } from "../../plan/pool.ts";
import type { RawConfig } from "../../plan/rawconfig.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";

/** @param config of the `plinth:` namespace. @throws CliError (bad input) for a pool's stack, which says of what it has none. */
export function requireNoPool(stack: string, config: RawConfig, asked: NotOfPools): void {
  if (isPool(config)) throw new CliError(poolSentence(stack, config, asked), Exit.badInput);
}
