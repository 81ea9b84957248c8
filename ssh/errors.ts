import type { SshTarget } from "./types.ts";

/**
 * Why SSH to a host failed:
 * - `unreachable`: no connection within the dial budget;
 * - `auth`: the host answered and refused the login;
 * - `host-key`: the host showed another key than the pinned one;
 * - `lost`: the connection broke while a command ran, so its effect is not known;
 * - `interrupted`: the caller aborted.
 */
export type SshErrorKind = "unreachable" | "auth" | "host-key" | "lost" | "interrupted";

/** A failure of the connection, never of the remote command itself. The message names the host and the next step. */
export class SshError extends Error {
  readonly kind: SshErrorKind;
  readonly host: string;

  constructor(kind: SshErrorKind, host: string, message: string, options?: ErrorOptions) {
    super(`Host ${host}: ${message}`, options);
    this.name = "SshError";
    this.kind = kind;
    this.host = host;
  }
}

/** `address`, or `address:port` where the port is not 22: how errors and statistics name a target. */
export function hostLabel(target: Pick<SshTarget, "host" | "port">): string {
  const port = target.port ?? 22;
  return port === 22 ? target.host : `${target.host}:${port}`;
}

/** The same with the bastions on the way: behind another bastion the same address is another host. */
export function placeLabel(target: SshTarget): string {
  return target.proxy === undefined ? hostLabel(target) : `${hostLabel(target)} by ${placeLabel(target.proxy)}`;
}

export function interrupted(target: SshTarget): SshError {
  return new SshError("interrupted", hostLabel(target), "interrupted before the remote command ended.");
}

/** The text of anything thrown. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(errorText).join("; ");
  }
  return error instanceof Error ? error.message : String(error);
}
