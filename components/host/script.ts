import { hostScript as host, lookScript } from "../../plan/scripts.ts";

export { hostScriptPath } from "../../plan/names.ts";
export { asRoot } from "../../plan/shell.ts";

/** The host script in one piece. */
export function hostScript(): string {
  return host().content;
}

/** What reads the facts of a host, in one piece: fed to a shell there. So are the other looks at a host. */
export function factsScript(): string {
  return lookScript("facts");
}

/** What reads the status of a host. Asks for root. */
export function statusScript(): string {
  return lookScript("status");
}

/** What compares a host with what was left on it. Asks for root, and brings the host script along. */
export function driftScript(): string {
  return `brought() {\n${feed(hostScript(), "cat")}}\n${lookScript("drift")}`;
}

/**
 * A shell command whose standard input is `text` followed by the command's own standard input.
 *
 * @param command what reads it.
 * @throws Error when the text holds the delimiter as a line.
 */
export function feed(text: string, command: string): string {
  const delimiter = "END_OF_PLINTH_TEXT";
  if (text.split("\n").includes(delimiter)) throw new Error(`the text must not hold the line ${delimiter}`);
  return `{ cat <<'${delimiter}'\n${text.replace(/\n$/, "")}\n${delimiter}\ncat; } | ${command}\n`;
}
