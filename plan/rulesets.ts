import { z } from "zod";
import { words, type LineReaders } from "./look.ts";
import * as told from "./told.ts";

/** Packet filter rules of a service of a Node that somebody has flushed. */
export interface GoneRules {
  unit: string;
  /** `ip kube-proxy`. */
  table: string;
}

/** Reads the lines about rules that are gone. */
export function ruleReaders(gone: (rules: GoneRules) => unknown): LineReaders {
  const line = z.tuple([told.unitName, told.plainName, told.plainName]);
  return {
    "rules-gone": words("packet filter rules", line, ([unit, family, table]) =>
      gone({ unit, table: `${family} ${table}` }),
    ),
  };
}

/** What is wrong then, and who puts it right. */
export function describeGoneRules({ unit, table }: GoneRules): string {
  return `the rules of ${unit} are gone from the packet filter (table ${table}): somebody has flushed them`;
}
