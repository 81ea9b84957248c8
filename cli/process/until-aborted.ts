/**
 * Waits for something, or until a signal is aborted, whichever comes first: what cannot be ended by itself is left alone then.
 *
 * @throws what the signal was aborted with, or what became of the work.
 */
export async function untilAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    aborted.reject(signal.reason as Error);
  };
  signal.addEventListener("abort", onAbort);
  try {
    // Both are watched by the race, also the one that is not waited for any more.
    if (signal.aborted) onAbort();
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
