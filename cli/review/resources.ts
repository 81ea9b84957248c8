import { claimedHost } from "../../plan/names.ts";
import { parseUrn } from "../render/urn.ts";

const COMMAND = "command:remote:Command";

/** The inventory's hosts and those that are known by their claims only, because they leave. */
export function hostsIn(urns: readonly string[], inventory: readonly string[]): string[] {
  const claimed = urns.flatMap((text) => {
    const urn = parseUrn(text);
    const host = urn?.type === COMMAND ? claimedHost(urn.name) : undefined;
    return host === undefined ? [] : [host];
  });
  return [...new Set([...inventory, ...claimed])];
}

export function isCommand(urn: string): boolean {
  return parseUrn(urn)?.type === COMMAND;
}
