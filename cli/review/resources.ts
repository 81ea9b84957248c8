import type { DisplayName } from "../render/display-name.ts";
import { parseUrn } from "../render/urn.ts";

const COMMAND = "command:remote:Command";

/** The inventory's hosts and those that are known by their claims only, because they leave. */
export function hostsIn(urns: readonly string[], inventory: readonly string[]): string[] {
  const claimed = urns.flatMap((text) => {
    const urn = parseUrn(text);
    return urn?.type === COMMAND && urn.name.endsWith("-claim") ? [urn.name.slice(0, -"-claim".length)] : [];
  });
  return [...new Set([...inventory, ...claimed])];
}

export function isCommand(urn: string): boolean {
  return parseUrn(urn)?.type === COMMAND;
}

/** What runs are compared by, whichever host it is: `update etcd`. */
export function kindOf(op: string, { what }: Pick<DisplayName, "what">): string {
  return `${op} ${what}`;
}
