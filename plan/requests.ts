/** What an operator asks of one run only, besides what inventory and configuration say. */
export interface RunRequests {
  /** Hosts that are gone for good: their membership ends without them, and nothing on them is cleaned up. */
  lost: readonly string[];
  /** Hosts of the inventory that are another machine, or have another disk, than before. */
  replace: readonly string[];
  /** Guards that are set aside for this run, by name, besides config `overrides`. */
  overrides: readonly string[];
  /** What is repaired although nothing about it has changed: `HOST/BUNDLE`, or `roster` for the cluster's membership. */
  heal: readonly string[];
}

/** Environment variable of each request: names separated by commas. Plain `pulumi` takes them, too. */
export const requestVariables = {
  lost: "PLINTH_LOST",
  replace: "PLINTH_REPLACE",
  overrides: "PLINTH_OVERRIDE",
  heal: "PLINTH_HEAL",
} as const satisfies Record<keyof RunRequests, string>;

export const noRequests: RunRequests = { lost: [], replace: [], overrides: [], heal: [] };

/** The requests that an environment carries. */
export function readRequests(env: Readonly<Record<string, string | undefined>>): RunRequests {
  const names = (request: keyof RunRequests): string[] =>
    (env[requestVariables[request]] ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
  return { lost: names("lost"), replace: names("replace"), overrides: names("overrides"), heal: names("heal") };
}

/** The environment that carries requests. */
export function requestEnvironment(requests: RunRequests): Record<string, string> {
  const entries = Object.entries(requestVariables) as [keyof RunRequests, string][];
  return Object.fromEntries(entries.map(([request, variable]) => [variable, requests[request].join(",")]));
}
