import { formatClock } from "../render/duration.ts";

/** Something that is going on. Durations are milliseconds. */
export interface Ongoing {
  name: string;
  elapsed: number;
  /** From the history of the stack; undefined where that says nothing. */
  expected: number | undefined;
}

/** What there is to tell of a command at one moment. */
export interface ProgressView {
  /** Of the command, such as `converge`. */
  phase: Ongoing | undefined;
  /** Steps that are over; undefined outside of a run of the engine. */
  done: number | undefined;
  /** Steps that are going on. */
  running: readonly Ongoing[];
  /** How many have not begun. */
  waiting: number;
  /** Some of those, and what they wait for. */
  next: readonly {
    name: string;
    awaits: readonly string[];
    /** For how much more it waits. */
    more: number;
  }[];
}

/** Steps that are told one by one: of more their number. */
const shown = 6;
/** Things that one step waits for, likewise. */
const shownAwaited = 2;

/** `12 s of about 20 s`. */
function clockOf({ elapsed, expected }: Ongoing): string {
  const usually = expected === undefined ? "" : ` of about ${formatClock(expected)}`;
  return `${formatClock(elapsed)}${usually}`;
}

/** @param hidden how many there are besides. */
function some(names: readonly string[], most: number, hidden = 0): string {
  const more = Math.max(0, names.length - most) + hidden;
  return `${names.slice(0, most).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function reasonOf({ name, awaits, more }: ProgressView["next"][number]): string {
  return `${name} waits for ${some(awaits, shownAwaited, more)}`;
}

function counts({ done, running, waiting }: ProgressView): string {
  if (done === undefined) return "";
  const parts = [`${done} done`, `${running.length} under way`, ...(waiting > 0 ? [`${waiting} waiting`] : [])];
  return parts.join(", ");
}

/** Whether there is anything to tell. */
export function isQuiet({ phase, running }: ProgressView): boolean {
  return phase === undefined && running.length === 0;
}

/** A line that is no longer than `columns` characters. */
function cut(line: string, columns: number): string {
  const characters = Array.from(line);
  return characters.length <= columns ? line : `${characters.slice(0, Math.max(0, columns - 1)).join("")}…`;
}

/**
 * What goes on as lines that are drawn anew, for a terminal.
 *
 * @param columns characters that fit in a line.
 * @param rows lines that fit.
 */
export function progressLines(view: ProgressView, columns: number, rows: number): string[] {
  if (isQuiet(view)) return [];
  const { phase, running, next } = view;
  const head = [phase === undefined ? "" : `${phase.name} ${clockOf(phase)}`, counts(view)].filter(
    (part) => part !== "",
  );
  // What has run for longest is what one wants to know about.
  const oldest = running.toSorted((a, b) => b.elapsed - a.elapsed);
  const more = oldest.length > shown ? [`    and ${oldest.length - shown} more`] : [];
  const lines = [
    `  … ${head.join(": ")}`,
    ...oldest.slice(0, shown).map((step) => `    ${step.name} (${clockOf(step)})`),
    ...more,
    ...next.map((step) => `    ${reasonOf(step)}`),
  ];
  return lines.slice(0, Math.max(1, rows)).map((line) => cut(line, columns));
}

/** The same in one line, for where lines are not drawn anew. Undefined for nothing. */
export function progressLine(view: ProgressView): string | undefined {
  if (isQuiet(view)) return undefined;
  const { phase, running, next } = view;
  const oldest = running.toSorted((a, b) => b.elapsed - a.elapsed).map((step) => `${step.name} (${clockOf(step)})`);
  const parts = [
    ...(phase === undefined ? [] : [`${phase.name} ${clockOf(phase)}`]),
    ...(oldest.length === 0 ? [] : [some(oldest, shown)]),
    ...next.slice(0, 1).map(reasonOf),
  ];
  return `  … ${parts.join("; ")}`;
}
