import { isMap, plain, type PropertyMap, text } from "../provider/values.ts";
import type { RunOutputs } from "./lifecycle.ts";

/** The input `environment` as plain texts. */
export function givenEnvironment(inputs: PropertyMap): Record<string, string> {
  const bare = plain(inputs["environment"] ?? null);
  return isMap(bare) ? Object.fromEntries(Object.entries(bare).map(([name, value]) => [name, text(value)])) : {};
}

/** What the last run printed, as variables, unless `addPreviousOutputInEnv` is false. */
export function previousEnvironment(inputs: PropertyMap, previous: RunOutputs): Record<string, string> {
  if (plain(inputs["addPreviousOutputInEnv"] ?? true) === false) {
    return {};
  }
  const names = { PULUMI_COMMAND_STDOUT: previous.stdout, PULUMI_COMMAND_STDERR: previous.stderr };
  const texts = Object.entries(names).map(([name, value]) => [name, text(value)] as const);
  return Object.fromEntries(texts.filter(([, value]) => value !== ""));
}
