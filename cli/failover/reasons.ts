import { printable } from "../../plan/printable.ts";

/** Why an answer is no good one, in words that are the same for each such answer; undefined: it is good. */
export function statusReason(status: number, text: string): string | undefined {
  if (status >= 200 && status < 300) return undefined;
  const [, message] = /"message":\s*"((?:[^"\\]|\\.)*)"/.exec(text) ?? [];
  return `HTTP ${status}${message === undefined ? "" : `: ${printable(message, 100)}`}`;
}

/**
 * Milliseconds after which a server wants to be asked again, for it has not begun with the request; undefined: it does not ask for that.
 *
 * An API server that stops says so to what comes in on open connections (k8s.io/apiserver, pkg/server/filters/waitgroup.go), and clients of
 * Kubernetes ask again by themselves (k8s.io/client-go, rest/with_retry.go).
 *
 * @param retryAfter the header of that name.
 */
export function askedAgain(status: number, retryAfter: string | undefined): number | undefined {
  return status === 503 && /^\d+$/.test(retryAfter ?? "") ? Number(retryAfter) * 1000 : undefined;
}

/** Why there was no answer, without what differs from one request to the next, such as ports. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return code?.startsWith("E") === true && !code.startsWith("ERR_") ? code : printable(error.message, 100);
}
