/**
 * A command that is to be run over a connection of its own, as the official plugin for commands runs all of them, says so among its triggers,
 * which that plugin compares and nothing else.
 */
const saying = /^over a connection of its own, within (\d+) s$/;

/** What the triggers of such a command have. @param seconds for how long it is tried, whatever is in the way: the host may come back. */
export function anewTrigger(seconds: number): string {
  return `over a connection of its own, within ${seconds} s`;
}

/** For how many seconds a command with these triggers is tried; undefined: it is none of these. */
export function anewSeconds(triggers: readonly unknown[]): number | undefined {
  const said = triggers.flatMap((trigger) => (typeof trigger === "string" ? (saying.exec(trigger)?.[1] ?? []) : []));
  return said[0] === undefined ? undefined : Number(said[0]);
}
