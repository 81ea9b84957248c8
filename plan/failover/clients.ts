/**
 * Seconds without a success that a drill lets pass. Behind a virtual IP take-over (0.7 s), checks of HAProxy (1.8 s), and a write that met
 * the leader's end (7 s) come to some 10 (docs/availability.md). A load balancer of one's own may look every 10 s and need three looks.
 */
export const defaultMaxGap = 30;

/** How clients ask: by a new connection each time, by one that is kept, and what they write. */
export const attemptKinds = ["read", "kept", "write"] as const;
export type AttemptKind = (typeof attemptKinds)[number];

/** One request of a client. Milliseconds of one clock. */
export interface Attempt {
  kind: AttemptKind;
  began: number;
  ended: number;
  /** Why there was no good answer. */
  failure?: string;
}

/** What clients of one kind saw. */
export interface ClientSummary {
  sent: number;
  failed: number;
  /** The longest time between two good answers, milliseconds. */
  longestGap: number;
  /** When that gap began, milliseconds since the beginning of the time that is looked at. */
  gapAt: number;
  /** Why requests failed: the most frequent reasons first. */
  reasons: { reason: string; count: number }[];
}

const fewReasons = 3;

/**
 * Sums up the requests of one kind.
 *
 * @param from, to the time that is looked at: without an answer it is a gap as a whole.
 */
export function summarize(attempts: readonly Attempt[], from: number, to: number): ClientSummary {
  const failures = attempts.flatMap(({ failure }) => failure ?? []);
  const good = attempts
    .filter(({ failure, ended }) => failure === undefined && ended > from && ended < to)
    .map(({ ended }) => ended)
    .toSorted((a, b) => a - b);
  const marks = [from, ...good, to];
  let longest = { length: 0, at: 0 };
  for (const [index, mark] of marks.slice(1).entries()) {
    const before = marks[index] ?? from;
    if (mark - before > longest.length) longest = { length: mark - before, at: before - from };
  }
  const counts = new Map<string, number>();
  for (const reason of failures) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .toSorted((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
  return {
    sent: attempts.length,
    failed: failures.length,
    longestGap: longest.length,
    gapAt: longest.at,
    reasons: reasons.slice(0, fewReasons),
  };
}

export type ClientSummaries = Readonly<Record<AttemptKind, ClientSummary>>;

/** The same for each kind. */
export function summarizeAll(attempts: readonly Attempt[], from: number, to: number): ClientSummaries {
  const of = (kind: AttemptKind): ClientSummary =>
    summarize(
      attempts.filter((attempt) => attempt.kind === kind),
      from,
      to,
    );
  return { read: of("read"), kept: of("kept"), write: of("write") };
}

const kindNames = {
  read: "reads, each by a new connection",
  kept: "reads by a connection that is kept",
  write: "writes",
} as const satisfies Record<AttemptKind, string>;

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** What clients saw, a line for each kind. */
export function summaryLines(summaries: ClientSummaries): string[] {
  return attemptKinds.map((kind) => {
    const { sent, failed, longestGap, gapAt, reasons } = summaries[kind];
    const why = reasons.map(({ reason, count }) => `${count} times ${reason}`).join("; ");
    return (
      `${kindNames[kind]}: ${failed} of ${sent} failed${why === "" ? "" : ` (${why})`}, ` +
      `the longest time without a good answer was ${seconds(longestGap)}, ${seconds(gapAt)} after the beginning`
    );
  });
}

/**
 * What makes a drill fail, as sentences; none: it was good.
 *
 * @param maxGap seconds.
 * @param away what is not well with the host once its services are started again, and time is up.
 */
export function drillProblems(summaries: ClientSummaries, maxGap: number, away: readonly string[]): string[] {
  const long = attemptKinds.filter((kind) => summaries[kind].longestGap > maxGap * 1000);
  return [
    ...long.map(
      (kind) =>
        `${kindNames[kind]} had no good answer for ${seconds(summaries[kind].longestGap)}, expected at most ${maxGap} s`,
    ),
    ...away.map((sentence) => `not back: ${sentence}`),
  ];
}
