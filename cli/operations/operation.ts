import { isRecordFirst } from "../../plan/record.ts";
import { CliError, isProgramFindings, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { failureLines, notDoneLines } from "../render/failures.ts";
import { Progress } from "../progress/progress.ts";
import { stepLine } from "../render/steps.ts";
import { warnOnce, type Terminal } from "../render/terminal.ts";
import { RunEvents } from "../pulumi/events.ts";
import type { Engine } from "../pulumi/engine.ts";
import { PulumiFailure } from "../pulumi/cli.ts";

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

/** What is done besides running the engine aloud. */
export interface Aloud {
  /** Default: each warning is shown once. */
  onWarning?: (message: string) => void;
  /** Tells what is under way. Default: one of its own, which knows of no phase and no past. */
  progress?: Progress;
  /** Is given what the run will have done, before it begins: it may fail. */
  onBegin?: (events: RunEvents) => void;
}

/**
 * The same for operations that change something: a line for each step that is done, and meanwhile what is under way, see
 * {@link Progress}.
 */
export async function operateAloud<T>(
  engine: Pick<Engine, "declared"> & Partial<Pick<Engine, "order">>,
  terminal: Terminal,
  hosts: readonly string[],
  run: (events: RunEvents) => Promise<T>,
  { onWarning = warnOnce(terminal), progress, onBegin }: Aloud = {},
): Promise<{ events: RunEvents; result: T }> {
  const events = new RunEvents({
    onStep: (step) => {
      const line = stepLine(step, hosts, terminal);
      if (line !== undefined) terminal.note(line);
    },
    onWarning,
  });
  onBegin?.(events);
  using own = progress === undefined ? new Progress(terminal, { command: "" }) : undefined;
  const unfollow = (progress ?? own)?.follow({ events, hosts, order: () => engine.order?.() ?? [] });
  try {
    return { events, result: await operate(engine, events, hosts, () => run(events)) };
  } finally {
    unfollow?.();
  }
}
