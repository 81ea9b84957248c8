export { agentKeys, environmentAgent } from "./agent.ts";
export { lendKey, lendKeysOf, serveAgent } from "./agentserver.ts";
export { errorText, hostLabel, SshError, type SshErrorKind } from "./errors.ts";
export { fingerprint, parseHostKey, type PublicKey, receivedKey } from "./hostkey.ts";
export { type LoginKey, readLoginKey } from "./keyfile.ts";
export { sharedPool, SshPool, type SshPoolOptions } from "./pool.ts";
export { inOrderOfUse } from "./offers.ts";
export { FileMemory } from "./taken.ts";
export type { AttendedCommand, ExecOptions, ExecResult, SshStats, SshTarget } from "./types.ts";
