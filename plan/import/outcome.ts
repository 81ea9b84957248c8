import { isDeepStrictEqual } from "node:util";
import type { HostInput } from "../inventory.ts";
import { isObject } from "../merge.ts";

/** What has become of a variable. */
export type Verdict = "taken" | "changed" | "left";

/** One line of the report. */
export interface Row {
  verdict: Verdict;
  /** The variable, the group or whatever else is meant. */
  what: string;
  /** Where it stands. */
  where: string;
  /** What it has become, e.g. `plinth:podCidr`; empty for what is left. */
  becomes: string;
  /** Why it is not taken as it is. Empty for what is taken. No full stop at the end. */
  why: string;
}

/** What a rule makes of a value. */
export interface Outcome {
  verdict: Verdict;
  becomes: string;
  why: string;
  /** For the stack's configuration, laid over what is there already: lists are joined. */
  config?: Record<string, unknown>;
  /** For the line of the host. */
  host?: Partial<HostInput>;
}

export const taken = (becomes: string, config?: Record<string, unknown>): Outcome => ({
  verdict: "taken",
  becomes,
  why: "",
  ...(config === undefined ? {} : { config }),
});
export const changed = (becomes: string, why: string, config?: Record<string, unknown>): Outcome => ({
  verdict: "changed",
  becomes,
  why,
  ...(config === undefined ? {} : { config }),
});
export const left = (why: string): Outcome => ({ verdict: "left", becomes: "", why });

/** Of ways to hosts. */
export const noLogin = left("is no name of a user who can log in: write user of the host, or plinth:sshUser");
export const noPort = left("is no port from 1 to 65535: write port of the host, or plinth:sshPort");

/** Lays one structure over another: maps key by key, lists joined without doubles, anything else replaced. */
export function joined(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const both = Object.entries(over).map(([key, value]): [string, unknown] => {
    const own = base[key];
    if (isObject(own) && isObject(value)) return [key, joined(own, value)];
    if (Array.isArray(own) && Array.isArray(value)) {
      const more = value.filter((one: unknown) => !own.some((other: unknown) => isDeepStrictEqual(one, other)));
      return [key, [...(own as unknown[]), ...(more as unknown[])]];
    }
    return [key, value];
  });
  return { ...base, ...Object.fromEntries(both) };
}

/** A list for a sentence, cut where it is long. */
export function shortly(items: readonly string[], most = 3): string {
  const more = items.length - most;
  return more > 0 ? `${items.slice(0, most).join(", ")} and ${more} more` : items.join(", ");
}

/** `1 entry`, `2 entries`: how many there are of what must not be shown. */
export const counted = (count: number, one: string, several: string): string =>
  `${count} ${count === 1 ? one : several}`;
