import { setTimeout as delay } from "node:timers/promises";

/** Asks until the answer is not undefined; undefined once the deadline has passed. */
export async function poll<T>(
  seconds: number,
  ask: () => Promise<T | undefined>,
  intervalMilliseconds = 100,
): Promise<T | undefined> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || Date.now() >= end) return answer;
    await delay(intervalMilliseconds);
  }
}

/** Runs `work` for every item, at most `limit` at a time; all are tried, the first error is thrown at the end. */
export async function eachLimited<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const errors: Error[] = [];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      await work(item).catch((error: unknown) => {
        errors.push(error instanceof Error ? error : new Error(String(error)));
      });
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  const [first] = errors;
  if (first === undefined) return;
  throw errors.length === 1 ? first : new Error(errors.map((error) => error.message).join("\n"));
}
