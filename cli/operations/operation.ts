import { isRecordFirst } from "../../plan/record.ts";
import { CliError, isProgramFindings, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { failureLines, notDoneLines } from "../render/failures.ts";
import { stepLine, waitingLine } from "../render/steps.ts";
import { warnOnce, type Terminal } from "../render/terminal.ts";
import { RunEvents } from "../pulumi/events.ts";
import type { Engine } from "../pulumi/engine.ts";
import { PulumiFailure } from "../pulumi/cli.ts";

/** After this time without a line, one tells what is under way. Milliseconds. */
const SILENCE = 20_000;

/**
 * Runs one operation of the engine. When it fails, findings of the program pass through as they are; anything else
 * becomes one error that names the failing resources, their reasons, and what was not done.
 */
export async function operate<T>(
  engine: Pick<Engine, "declared">,
  events: RunEvents,
  hosts: readonly string[],
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (isProgramFindings(error) || isRecordFirst(error) || error instanceof CliError || error instanceof QuietExit)
      throw error;
    if (!(error instanceof PulumiFailure)) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CliError(`The program failed: ${reason} (PLINTH_DEBUG=1 shows where).`, Exit.failed, { cause: error });
    }
    const lines = [...failureLines(events, hosts, error), ...notDoneLines(events, engine.declared(), hosts)];
    throw new CliError(lines.join("\n"), Exit.failed, { cause: error });
  }
}

/**
 * The same for operations that change something: a line for each step that is done, and after a silence one that tells
 * what is under way.
 */
export async function operateAloud<T>(
  engine: Pick<Engine, "declared">,
  terminal: Terminal,
  hosts: readonly string[],
  run: (events: RunEvents) => Promise<T>,
  onWarning: (message: string) => void = warnOnce(terminal),
): Promise<{ events: RunEvents; result: T }> {
  let last = Date.now();
  const say = (line: string | undefined): void => {
    if (line === undefined) return;
    terminal.note(line);
    last = Date.now();
  };
  const events = new RunEvents({
    onStep: (step) => {
      say(stepLine(step, hosts, terminal));
    },
    onWarning,
  });
  const timer = setInterval(() => {
    if (Date.now() - last < SILENCE) return;
    const line = waitingLine(events.unfinished(), hosts, Date.now());
    if (line !== undefined) say(terminal.paint("dim", line));
  }, 1000);
  try {
    return { events, result: await operate(engine, events, hosts, () => run(events)) };
  } finally {
    clearInterval(timer);
  }
}
