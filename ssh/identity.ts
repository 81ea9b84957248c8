import { createHash } from "node:crypto";
import type { SshTarget } from "./types.ts";

/**
 * A digest of what makes two targets share one connection: host, port, user, credentials, host key and the way there.
 * Dial limits are not part of it. A digest, so that the map of connections holds no keys in clear text.
 */
export function targetIdentity(target: SshTarget): string {
  const parts = [
    target.host,
    target.port ?? 22,
    target.user ?? "root",
    target.privateKey ?? null,
    target.privateKeyPassword ?? null,
    target.password ?? null,
    target.agentSocketPath ?? null,
    target.identities === undefined
      ? null
      : [target.identities.only, ...target.identities.keys.map(({ key }) => key.blob.toString("base64"))],
    target.hostKey?.trim() ?? null,
    target.proxy === undefined ? null : targetIdentity(target.proxy),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
