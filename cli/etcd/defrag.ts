import { setTimeout as sleep } from "node:timers/promises";
import { formatBytes } from "../../plan/etcdcare/judge.ts";
import { planDefragmentation, type Defragmentation, type MemberLook } from "../../plan/etcdcare/defragment.ts";
import type { Host } from "../../plan/inventory.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { Terminal } from "../render/terminal.ts";
import type { EtcdDo } from "./verbs.ts";

export interface DefragRun {
  /** Hosts with the role etcd. */
  hosts: readonly Host[];
  /** Names of those whose members are defragmented. */
  wanted: readonly string[];
  look: () => Promise<MemberLook[]>;
  run: EtcdDo;
  terminal: Pick<Terminal, "note" | "print">;
  /** Aborted once no further member is to be begun with. */
  signal: AbortSignal;
  /** Tests pass their own. */
  patience?: Patience;
}

/** Seconds for which members may become fit. */
export interface Patience {
  /** Before the first member: one look may meet a moment of bad luck. */
  first: number;
  /** Before each other: whoever was away catches up. */
  between: number;
}

/** What came of one. */
export interface Defragmented {
  host: string;
  /** Bytes of the database. */
  before: number;
  after: number;
  /** For which the member answered nobody. */
  seconds: number;
}

function parseDefragmented(host: string, text: string): Defragmented {
  const line = text.trim().split("\n").at(-1) ?? "";
  try {
    const { before, after, seconds } = JSON.parse(line) as Partial<Defragmented>;
    return { host, before: Number(before), after: Number(after), seconds: Number(seconds) };
  } catch {
    throw new CliError(`${host}: its answer is not what was expected: ${line || "nothing"}`);
  }
}

/** Looks until somebody may be defragmented, or for as long as that may take. */
async function fitPlan(
  look: DefragRun["look"],
  wanted: readonly string[],
  seconds: number,
  signal: AbortSignal,
): Promise<Defragmentation> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const planned = planDefragmentation(await look(), wanted);
    if (!("obstacles" in planned) || performance.now() >= deadline) return planned;
    await sleep(1000, undefined, { signal });
  }
}

/**
 * Defragments members one after the other. What may be done next is decided by a new look before each of them, and once more on the
 * host itself.
 *
 * @throws CliError (refused) when nothing was done because the members are not fit for it; CliError (failed) when it ended half way.
 */
export async function defragment({
  hosts,
  wanted,
  look,
  run,
  terminal,
  signal,
  patience = { first: 10, between: 180 },
}: DefragRun): Promise<Defragmented[]> {
  const done: Defragmented[] = [];
  for (;;) {
    signal.throwIfAborted();
    const left = wanted.filter((name) => !done.some(({ host }) => host === name));
    if (left.length === 0) return done;
    const planned = await fitPlan(look, left, done.length === 0 ? patience.first : patience.between, signal);
    if ("obstacles" in planned) {
      const what = done.length === 0 ? "Nothing was defragmented" : `Not defragmented yet: ${left.join(", ")}`;
      throw new CliError(
        [`${what}:`, ...planned.obstacles.map((obstacle) => `  - ${obstacle}`), "./plinth status tells more."].join(
          "\n",
        ),
        done.length === 0 ? Exit.refused : Exit.failed,
      );
    }
    const [next] = planned.order;
    const host = hosts.find(({ name }) => name === next);
    if (host === undefined) return done;
    if (done.length === 0 && left.length > 1) terminal.note(`Defragmenting ${planned.order.join(", then ")}.`);
    terminal.note(`${host.name}: defragmenting; its API server, where it has one, is out of service meanwhile`);
    const one = parseDefragmented(host.name, await run("defrag", host));
    done.push(one);
    terminal.print(
      `${host.name}: ${formatBytes(one.before)} before, ${formatBytes(one.after)} now (it took ${one.seconds} s)`,
    );
  }
}
