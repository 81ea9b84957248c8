/** More hosts in one line are a slip. */
export const mostHosts = 10_000;

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** A range of names does not make sense: a sentence without a full stop. */
export class RangeProblem extends Error {}

/**
 * The names that a pattern of an inventory stands for, as Ansible expands it: `w[01:03].example.com`, `db-[a:f]`, `n[0:10:2]`, several
 * ranges in one name. Both ends belong to it, and leading zeros stay.
 *
 * @throws RangeProblem when a range has no end, ends before it begins, or is too long.
 */
export function expandRange(pattern: string): string[] {
  const [, head = "", range, tail = ""] = /^([^[]*)\[([^\]]*)\](.*)$/.exec(pattern) ?? [];
  if (range === undefined) return [pattern];
  const tails = expandRange(tail);
  const items = itemsOf(pattern, range);
  if (items.length * tails.length > mostHosts)
    throw new RangeProblem(`${pattern} stands for more than ${mostHosts} hosts`);
  return items.flatMap((item) => tails.map((rest) => `${head}${item}${rest}`));
}

function itemsOf(pattern: string, range: string): string[] {
  const [from = "", to = "", by = "1", ...more] = range.split(":");
  const begin = from === "" ? "0" : from;
  const step = Number(by);
  if (to === "" || more.length > 0 || !/^[1-9]\d*$/.test(by))
    throw new RangeProblem(`${pattern} has a range other than [FROM:TO] or [FROM:TO:STEP]`);
  const [first, last] = [letters.indexOf(begin), letters.indexOf(to)];
  if (begin.length === 1 && to.length === 1 && first >= 0 && last >= 0)
    return countTo(pattern, first, last, step).map((index) => letters.charAt(index));
  if (!/^\d+$/.test(begin) || !/^\d+$/.test(to))
    throw new RangeProblem(`${pattern} has a range of neither numbers nor single letters`);
  const padded = /^0./.test(begin);
  if (padded && begin.length !== to.length)
    throw new RangeProblem(`${pattern} has a range whose ends are not equally long, and the first begins with a 0`);
  return countTo(pattern, Number(begin), Number(to), step).map((number) =>
    String(number).padStart(padded ? begin.length : 0, "0"),
  );
}

function countTo(pattern: string, first: number, last: number, step: number): number[] {
  if (first > last) throw new RangeProblem(`${pattern} has a range that ends before it begins`);
  const count = Math.floor((last - first) / step) + 1;
  if (count > mostHosts) throw new RangeProblem(`${pattern} stands for more than ${mostHosts} hosts`);
  return Array.from({ length: count }, (_, index) => first + index * step);
}
