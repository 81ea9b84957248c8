import { createHash } from "node:crypto";

/** A public key as SSH sends it, of a host or of a user: algorithm name and wire format. */
export interface PublicKey {
  type: string;
  blob: Buffer;
}

/** Key types of ssh2, best first; a server that has none of the pinned type still shows us one to name in the error. */
const ALL_ALGORITHMS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa",
] as const;

export type HostKeyAlgorithm = (typeof ALL_ALGORITHMS)[number];

/** Signature algorithms to ask a server for, those of the pinned key's type first. */
export function hostKeyAlgorithms(pinned: PublicKey): HostKeyAlgorithm[] {
  const matches = (name: HostKeyAlgorithm): boolean =>
    pinned.type === "ssh-rsa" ? name.includes("rsa-sha2") || name === "ssh-rsa" : name === pinned.type;
  return [...ALL_ALGORITHMS.filter(matches), ...ALL_ALGORITHMS.filter((name) => !matches(name))];
}

/** The algorithm name inside a key's wire format. Throws on a blob that is not a key. */
function keyType(blob: Buffer): string {
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0;
  if (length === 0 || length > 64 || blob.length < 4 + length) {
    throw new Error("it is no SSH public key");
  }
  return blob.toString("latin1", 4, 4 + length);
}

/** Wraps a key as it came over the wire. */
export function receivedKey(blob: Buffer): PublicKey {
  return { type: keyType(blob), blob };
}

/** Reads one authorized_keys line (`type base64 [comment]`, options before it allowed). Throws with the reason. */
export function parseHostKey(line: string): PublicKey {
  const words = line.trim().split(/\s+/);
  for (const [index, word] of words.entries()) {
    const encoded = words[index + 1];
    if (encoded === undefined || !/^[A-Za-z0-9+/]+=*$/.test(encoded)) {
      continue;
    }
    const blob = Buffer.from(encoded, "base64");
    if (
      blob.length > 4 &&
      blob.readUInt32BE(0) === word.length &&
      blob.toString("latin1", 4, 4 + word.length) === word
    ) {
      return { type: word, blob };
    }
  }
  throw new Error('expected one line such as "ssh-ed25519 AAAA…" (the content of /etc/ssh/ssh_host_ed25519_key.pub)');
}

/** `ssh-ed25519 SHA256:…` as `ssh-keygen -lf` prints the fingerprint. */
export function fingerprint(key: PublicKey): string {
  return `${key.type} SHA256:${createHash("sha256").update(key.blob).digest("base64").replace(/=+$/, "")}`;
}
