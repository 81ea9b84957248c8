import { runKinds, type Driver, type PlinthCost, type RunKind, type ToolRun } from "./driver.ts";
import { differences, expectedOn, nameOf, type Task, type Tool } from "./tasks.ts";

/** What was run: one of the three, or Plinth's run that looks for drift besides. */
export type MeasuredRun = RunKind | "look";

/** One run of one tool. */
export interface RoleRow {
  hosts: number;
  /** Milliseconds of round trip that were added. */
  delay: number;
  /** From 1 on. */
  round: number;
  run: MeasuredRun;
  tool: Tool;
  seconds: number;
  failure: string | undefined;
  cost?: PlinthCost;
}

/** What hosts have of the tasks under a name: host → what is looked at → what it is. */
export type Looks = ReadonlyMap<string, ReadonlyMap<string, string>>;

export interface RoundOptions {
  hosts: readonly string[];
  delay: number;
  round: number;
  drivers: readonly Driver[];
  lookAt: (name: string) => Promise<Looks>;
  /** Gets each run as soon as it is over. */
  add: (row: RoleRow) => void;
  say: (line: string) => void;
  stop: AbortSignal;
}

const texts: Record<RunKind, string> = { first: "one", nothing: "one", change: "two" };

/**
 * Has all tools do the tasks in turn: everybody's first run, then everybody's second one, then everybody's change. Another tool begins in each
 * round. What comes after a failure of a tool is left out for it in this round.
 */
export async function measureRound(options: RoundOptions): Promise<void> {
  const { hosts, delay, round, drivers, lookAt, say, stop } = options;
  const first = (round - 1) % drivers.length;
  const order = [...drivers.slice(first), ...drivers.slice(0, first)];
  const failed = new Set<Tool>();
  const before = new Map<Tool, Looks>();
  const add = (run: MeasuredRun, { tool }: Driver, made: ToolRun, failure: string | undefined): void => {
    options.add({
      ...{ hosts: hosts.length, delay, round, run, tool, seconds: made.seconds, failure },
      ...(made.cost === undefined ? {} : { cost: made.cost }),
    });
    if (failure !== undefined) failed.add(tool);
    say(`  ${made.seconds.toFixed(1)} s${failure === undefined ? "" : `, FAILED: ${failure}`}`);
  };
  const title = (what: string, tool: Tool): string =>
    `${hosts.length} hosts, ${delay} ms, round ${round}: ${what} by ${tool}`;
  for (const kind of runKinds) {
    for (const driver of order) {
      const { tool } = driver;
      if (stop.aborted || failed.has(tool)) continue;
      const task: Task = { name: nameOf(tool, delay, round), text: texts[kind] };
      say(title(kind, tool));
      const made = await driver.run(kind, task);
      const looks = made.failure === undefined ? await lookAt(task.name) : undefined;
      add(kind, driver, made, made.failure ?? judge(kind, made, { hosts, task, looks, before: before.get(tool) }));
      if (looks !== undefined) before.set(tool, looks);
      if (kind !== "nothing" || driver.look === undefined || failed.has(tool)) continue;
      say(title("nothing, and a look for drift,", tool));
      const looked = await driver.look();
      add("look", driver, looked, looked.failure ?? ownReport("nothing", looked));
    }
  }
  for (const driver of order) await driver.leave();
}

/** What a tool has told that is not as it should be. */
function ownReport(kind: RunKind, { changed }: Pick<ToolRun, "changed">): string | undefined {
  if (changed === undefined) return "it does not tell what it has changed";
  if (kind === "nothing" && changed > 0) return `it says that it has changed ${changed} things, expected none`;
  if (kind !== "nothing" && changed === 0) return "it says that it has changed nothing";
  return undefined;
}

/** Why a run that its tool calls a success counts as failed; undefined where all is well. */
export function judge(
  kind: RunKind,
  made: Pick<ToolRun, "changed">,
  {
    hosts,
    task,
    looks,
    before,
  }: { hosts: readonly string[]; task: Task; looks: Looks | undefined; before: Looks | undefined },
): string | undefined {
  const own = ownReport(kind, made);
  if (own !== undefined) return own;
  for (const host of hosts) {
    const found = looks?.get(host) ?? new Map<string, string>();
    const [wrong] = differences(found, expectedOn(host, task));
    if (wrong !== undefined) return `${host}: ${wrong}`;
    const restarted = found.get("start") !== before?.get(host)?.get("start");
    if (kind === "nothing" && restarted) return `${host}: the service was restarted, though nothing has changed`;
    if (kind === "change" && !restarted) return `${host}: the service was not restarted`;
  }
  return undefined;
}
