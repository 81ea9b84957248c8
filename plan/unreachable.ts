import type { HostReading } from "./facts.ts";

/** How the warning about a host begins that cannot be reached, so that the command line can tell it from others. */
export const unreachablePrefix = "left as it is: ";

/** The warning about a host that cannot be reached and is left as it is. */
export function unreachableWarning(name: string, reading: HostReading | undefined): string {
  const why = reading !== undefined && "failure" in reading ? reading.message : "it cannot be reached";
  return `${unreachablePrefix}${name}: ${why}; run again when it is back, or take it out of the inventory and say --lost ${name}`;
}
