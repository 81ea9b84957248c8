import { setTimeout as sleep } from "node:timers/promises";
import type { Notice } from "../../plan/notices/notice.ts";
import type { NoticesSettings } from "../../plan/notices/settings.ts";

/** Seconds that all attempts have together: whoever waits for a run does not wait long for this. */
const seconds = 10;
/** Milliseconds between the attempts. One that is refused for good is not repeated. */
const pauses = [500, 2000] as const;

export interface PostOptions {
  /** Milliseconds for all attempts. Default: 10 s. Tests have less. */
  patience?: number;
}

/** What came of one attempt: undefined when the notice was taken. */
type Failure = { reason: string; again: boolean } | undefined;

/** In words that do not tell the address, which may be a secret: an error of fetch quotes it. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  return typeof code === "string" && /^[A-Z0-9_]+$/.test(code)
    ? `it cannot be reached (${code})`
    : "it cannot be reached";
}

async function attempt({ url, headers }: NoticesSettings, body: string, signal: AbortSignal): Promise<Failure> {
  let status: number;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body,
      // Another address would get the document and the headers.
      redirect: "manual",
      signal,
    });
    status = response.status;
    // What it has to say is of no use, and may be endless.
    await response.body?.cancel();
  } catch (error) {
    if (signal.aborted) throw error;
    return { reason: reasonOf(error), again: true };
  }
  if (status >= 200 && status < 300) return undefined;
  return { reason: `it answered ${status}`, again: status === 429 || status >= 500 };
}

/**
 * Sends a notice to its webhook: at most three times within ten seconds.
 *
 * @returns why it could not be sent, in words that do not tell the address; undefined when it was taken.
 */
export async function postNotice(
  settings: NoticesSettings,
  notice: Notice,
  { patience = seconds * 1000 }: PostOptions = {},
): Promise<string | undefined> {
  const body = JSON.stringify(settings.format === "text" ? { text: notice.text } : notice);
  const signal = AbortSignal.timeout(patience);
  let failure: Failure;
  try {
    for (const pause of [0, ...pauses]) {
      await sleep(pause, undefined, { signal });
      failure = await attempt(settings, body, signal);
      if (failure?.again !== true) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return failure?.reason ?? `it did not answer within ${patience / 1000} s`;
  }
  return failure?.reason;
}
