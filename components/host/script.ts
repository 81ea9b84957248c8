import { readFileSync } from "node:fs";
import path from "node:path";

const scripts = path.join(import.meta.dirname, "../../scripts");

/** Where the host script is installed on hosts. */
export const hostScriptPath = "/usr/local/lib/plinth/plinth-host";

/** The host script in one piece. */
export function hostScript(): string {
  return assembled("plinth-host");
}

/** What reads the facts of a host, in one piece: fed to a shell there. */
export function factsScript(): string {
  return assembled("facts");
}

/** A script in one piece: the parts of `scripts/` that `NAME.parts` lists, in that order. */
function assembled(name: string): string {
  return readFileSync(path.join(scripts, `${name}.parts`), "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((part) => readFileSync(path.join(scripts, part), "utf8"))
    .join("\n");
}

/** Shell words in front of a command so that it runs as root. */
export const asRoot = `$(test "$(id -u)" = 0 || echo sudo -n)`;

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
