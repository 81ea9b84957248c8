export { SshError, type SshErrorKind } from "./errors.ts";
export { fingerprint, parseHostKey } from "./hostkey.ts";
export { sharedPool, SshPool, type SshPoolOptions } from "./pool.ts";
export type { AttendedCommand, ExecOptions, ExecResult, SshStats, SshTarget } from "./types.ts";
