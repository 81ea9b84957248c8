/**
 * Passes Ctrl-C, termination and hang-up on while `work` runs: the first signal asks it to stop, the second one ends it.
 * The returned flag says whether a signal came.
 */
export async function interruptible<T>(
  work: () => Promise<T>,
  handlers: { stop: () => void; kill: () => void },
): Promise<{ interrupted: boolean; outcome: PromiseSettledResult<T> }> {
  let count = 0;
  const onSignal = (): void => {
    count += 1;
    if (count === 1) handlers.stop();
    else handlers.kill();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const [outcome] = await Promise.allSettled([work()]);
    return { interrupted: count > 0, outcome };
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}
