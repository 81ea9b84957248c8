import type { Sample } from "./samples.ts";

/** A time in which requests failed, or nothing was answered. Seconds. */
export interface Gap {
  /** Since the load began. */
  begin: number;
  length: number;
  /** Requests that failed in it. */
  failed: number;
  /** Requests that were answered well in it all the same. */
  answered: number;
  /** The longest time in it without a good answer. */
  silence: number;
  /** Why requests failed: the most frequent reasons first. */
  errors: ErrorCount[];
}

export interface ErrorCount {
  error: string;
  count: number;
}

/** What one client saw. */
export interface ClientResult {
  sent: number;
  failed: number;
  /** The longest time without a good answer, seconds. */
  silence: number;
  errors: ErrorCount[];
  gaps: Gap[];
}

type Outcome = Pick<Sample, "began" | "ended" | "failure">;

/** Milliseconds: without a good answer for as long nothing is answered; gaps that are closer to each other are one. */
export interface GapRules {
  silent: number;
  apart: number;
}

export const gapRules: GapRules = { silent: 1000, apart: 1000 };

interface Span {
  begin: number;
  end: number;
}

/**
 * The gaps of one client, in their order. A failed request makes one from the last good answer before its end, or from its own beginning
 * where that was earlier, to the next good answer.
 *
 * @param from, to the time that is looked at: what ended outside of it does not count.
 */
export function gapsOf(all: readonly Outcome[], from: number, to: number, rules: GapRules = gapRules): Gap[] {
  const outcomes = all.filter(({ ended }) => ended >= from && ended <= to);
  const marks = [from, ...goodEnds(outcomes), to];
  const silent = marks.slice(1).flatMap((end, index): Span[] => {
    const begin = marks[index] ?? from;
    return end - begin > rules.silent ? [{ begin, end }] : [];
  });
  const failures = outcomes.filter(({ failure }) => failure !== undefined).toSorted((a, b) => a.ended - b.ended);
  let next = 0;
  const failing = failures.map(({ began, ended }): Span => {
    while ((marks[next] ?? to) <= ended && next < marks.length - 1) next += 1;
    return { begin: Math.max(from, Math.min(began, marks[next - 1] ?? from)), end: Math.max(ended, marks[next] ?? to) };
  });
  return merged([...silent, ...failing], rules.apart).map((span) => gapOf(span, outcomes, from));
}

/** When good answers came, in order. */
function goodEnds(outcomes: readonly Outcome[]): number[] {
  return outcomes
    .filter(({ failure }) => failure === undefined)
    .map(({ ended }) => ended)
    .toSorted((a, b) => a - b);
}

function merged(spans: readonly Span[], apart: number): Span[] {
  const found: Span[] = [];
  for (const { begin, end } of spans.toSorted((a, b) => a.begin - b.begin)) {
    const last = found.at(-1);
    if (last !== undefined && begin - last.end < apart) last.end = Math.max(last.end, end);
    else found.push({ begin, end });
  }
  return found;
}

function gapOf({ begin, end }: Span, outcomes: readonly Outcome[], from: number): Gap {
  const within = outcomes.filter(({ ended }) => ended >= begin && ended <= end);
  const failed = within.filter(({ failure }) => failure !== undefined);
  const answered = goodEnds(within).filter((at) => at > begin && at < end);
  return {
    begin: inSeconds(begin - from),
    length: inSeconds(end - begin),
    ...{ failed: failed.length, answered: answered.length },
    silence: inSeconds(longestBetween([begin, ...answered, end])),
    errors: errorsOf(failed),
  };
}

function longestBetween(marks: readonly number[]): number {
  return marks.slice(1).reduce((longest, mark, index) => Math.max(longest, mark - (marks[index] ?? mark)), 0);
}

/** Reasons of failures with their numbers, the most frequent first. */
export function errorsOf(outcomes: readonly Outcome[]): ErrorCount[] {
  const counts = new Map<string, number>();
  for (const { failure } of outcomes) if (failure !== undefined) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  return [...counts]
    .map(([error, count]) => ({ error, count }))
    .toSorted((a, b) => b.count - a.count || (a.error < b.error ? -1 : 1));
}

/**
 * How long a client may be without an answer that asks so often, before that is a gap.
 *
 * @param every milliseconds between two requests; Infinity: it asks as it comes.
 */
export function rulesFor(every: number): GapRules {
  return { ...gapRules, silent: Math.max(gapRules.silent, 3 * every) };
}

/** Everything that one client saw between two times. What failed later was under way, and counts. */
export function clientResult(
  outcomes: readonly Outcome[],
  from: number,
  stopped: number,
  rules: GapRules = gapRules,
): ClientResult {
  const late = outcomes.filter(({ failure, ended }) => failure !== undefined && ended > stopped);
  const to = late.reduce((latest, { ended }) => Math.max(latest, ended), stopped);
  const within = outcomes.filter(({ ended }) => ended >= from && ended <= to);
  return {
    sent: within.length,
    failed: within.filter(({ failure }) => failure !== undefined).length,
    silence: inSeconds(longestBetween([from, ...goodEnds(within), to])),
    errors: errorsOf(within),
    gaps: gapsOf(within, from, to, rules),
  };
}

/** To a hundredth. */
function inSeconds(milliseconds: number): number {
  return Math.round(milliseconds / 10) / 100;
}
