import { z } from "zod";
import { results } from "../runs/result.ts";
import type { NoticesSettings } from "./settings.ts";

const text = z.string();

const finding = z.object({
  /** Name of the rule. */
  rule: text,
  hosts: z.array(text),
  message: text,
  /** What to do next. */
  remedy: text,
});

const difference = z.object({
  /** Missing: it concerns the cluster. */
  host: text.optional(),
  bundle: text.optional(),
  kind: text,
  name: text,
  detail: text,
});

/** A list that may have been cut off: `total` is how long it was. */
const listOf = <Item extends z.ZodType>(item: Item) => z.object({ total: z.int().nonnegative(), first: z.array(item) });

/**
 * What is told of one run, as a webhook gets it. Texts of hosts and of the cluster are among it: data, escaped nowhere but in `text`.
 * Secrets and contents of files never are.
 */
export const noticeSchema = z.object({
  /** Of this form. A field may come; another meaning gets another number. */
  version: z.literal(1),
  /** The same where a notice had to be sent again. */
  id: z.uuid(),
  /** One or some lines for a chat, in which nobody and nothing is mentioned. */
  text,
  stack: text,
  /** For example `up`. */
  command: text,
  result: z.enum(results),
  exitCode: z.int(),
  /** ISO 8601, UTC. */
  began: z.iso.datetime(),
  seconds: z.number().nonnegative(),
  /** Hosts of the inventory; missing where that could not be read. */
  hosts: z.int().nonnegative().optional(),
  /** Operation of the engine → number of resources that were changed by it. */
  changes: z.record(text, z.int().nonnegative()),
  /** Where the time went, seconds. */
  phases: z.array(z.object({ name: text, seconds: z.number().nonnegative() })),
  /** Why something failed, or what is left to do. */
  problems: z.array(text),
  /** Why a guard refused, or what is not valid. */
  findings: listOf(finding),
  /** What differs from what the last `up` has left; only where somebody looked. */
  differences: listOf(difference).optional(),
  /** What could not be looked at. */
  unseen: listOf(z.object({ host: text.optional(), message: text })).optional(),
});

export type Notice = z.output<typeof noticeSchema>;
export type NoticeResult = Notice["result"];

/**
 * Items of a list that a notice has at most, and characters of its texts: of `text` and of a problem, for chat systems take some thousand, and
 * of what an item of a list says.
 */
export const longest = { list: 100, text: 2000, item: 500 } as const;

/** The first of a list, each as it is told. */
export function firstOf<Item, Told>(
  items: readonly Item[],
  tell: (item: Item) => Told,
): { total: number; first: Told[] } {
  return { total: items.length, first: items.slice(0, longest.list).map(tell) };
}

/** Which notice a result is; undefined where nobody is told, because somebody was there. */
export function kindOfNotice(result: NoticeResult): keyof NoticesSettings["on"] | undefined {
  if (result === "invalid") return "failed";
  return result === "changes" || result === "interrupted" || result === "declined" ? undefined : result;
}

/**
 * Whether a run is to be told of. A command that only looks is told of when there is something to tell.
 *
 * @param changing whether the command changes the stack.
 */
export function isWanted(result: NoticeResult, changing: boolean, { on }: Pick<NoticesSettings, "on">): boolean {
  const kind = kindOfNotice(result);
  if (kind === undefined || (kind === "done" && !changing)) return false;
  return on[kind];
}
