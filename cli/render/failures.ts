import type { Diagnostic, RunEvents } from "../pulumi/events.ts";
import type { Declared } from "../pulumi/program.ts";
import { PulumiFailure } from "../pulumi/cli.ts";
import { displayNameOf, formatDisplayName } from "./display-name.ts";
import { wordingOf } from "./steps.ts";
import { keyOf, urnOfKey } from "./urn.ts";

/** One reason why a run failed. */
export interface Failure {
  /** What failed, e.g. `etcd on cp1`; undefined when no resource is to blame. */
  resource: string | undefined;
  message: string;
}

/** What the engine says in addition to the reasons that it has given already. */
const ECHOES = [/^update failed$/, /^preview failed$/, /^resource \S+ registered twice/, /^\d+ errors? occurred:?$/];

/**
 * Leaves the reason of a failed command: the engine repeats the whole command text in front of it, which is long and
 * of no use to the reader.
 */
export function trimCommandError(message: string): string {
  return (
    message
      .replace(/^(?:\d+ errors? occurred:\s*\*?\s*)/, "")
      .replace(/^(?:(?:creating|updating|deleting) urn:\S+: )/, "")
      .replace(/^(Process exited with status \d+(?: from signal \w+)?): running "(?:[^"\\]|\\.)*":?\s*/, "$1\n")
      .replace(/^Process exited with status \d+\n(?=\S)/, "")
      // The bundled plugin names the address; the resource in front has named the host.
      .replace(/^on host \S+:\s+/, "")
      .trim()
  );
}

/** The reasons why a run failed, each once, in the order in which they were reported. */
export function failuresOf(diagnostics: readonly Diagnostic[], hosts: readonly string[]): Failure[] {
  const failures: Failure[] = [];
  for (const { urn, severity, message } of diagnostics) {
    if (severity !== "error") continue;
    const text = trimCommandError(message);
    if (text === "" || ECHOES.some((echo) => echo.test(text))) continue;
    const stack = urn === undefined || /::pulumi:pulumi:Stack::/.test(urn);
    const resource = stack ? undefined : formatDisplayName(displayNameOf(urn, hosts));
    const known = failures.some(
      (other) => other.message === text && (other.resource === resource || resource === undefined),
    );
    if (!known) failures.push({ resource, message: text });
  }
  return failures;
}

/** Lines that explain a failed run; `error` is used when the engine has reported nothing. */
export function failureLines(events: RunEvents, hosts: readonly string[], error: unknown): string[] {
  const failures = failuresOf(events.diagnostics, hosts);
  const lines: string[] = [];
  for (const { resource, message } of failures) {
    const [first = "", ...rest] = message.split("\n");
    lines.push(heading(resource, first, hosts), ...rest.map((line) => `  ${line}`));
  }
  if (lines.length === 0) lines.push(reasonOf(error));
  const unfinished = events.unfinished().filter(({ custom }) => custom);
  for (const { op, urn } of unfinished) {
    lines.push(`not finished: ${wordingOf(op).plan} ${formatDisplayName(displayNameOf(urn, hosts))}`);
  }
  return lines;
}

/** `etcd on cp2: <message>`; a message that begins with the host's name loses it. */
function heading(resource: string | undefined, message: string, hosts: readonly string[]): string {
  if (resource === undefined) return message;
  const host = hosts.find((name) => resource.endsWith(` on ${name}`) && message.startsWith(`${name}: `));
  return `${resource}: ${host === undefined ? message : message.slice(host.length + 2)}`;
}

/** How many names a list shows before it is cut. */
const SHOWN = 12;

/** One line that names what the program declared and the engine did not come to: all that depends on what failed. */
export function notDoneLines(events: RunEvents, declared: readonly Declared[], hosts: readonly string[]): string[] {
  const reached = new Set([...events.steps, ...events.unfinished()].map(({ urn }) => keyOf(urn)));
  const seen = (type: string, name: string): boolean =>
    [...reached].some((key) => key === `${type}::${name}` || key.endsWith(`$${type}::${name}`));
  const names = declared
    .filter(({ type, name }) => !seen(type, name))
    .map(({ type, name }) => formatDisplayName(displayNameOf(urnOfKey(`${type}::${name}`), hosts)));
  if (names.length === 0) return [];
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "";
  return [`not done: ${names.slice(0, SHOWN).join(", ")}${more}`];
}

/** The last lines of what the CLI said; its output before them is progress. */
function reasonOf(error: unknown): string {
  if (error instanceof PulumiFailure) return error.message.split("\n").slice(-20).join("\n");
  return error instanceof Error ? error.message : String(error);
}
