import ssh2, { type ParsedKey } from "ssh2";
import { type PublicKey, parseHostKey, receivedKey } from "./hostkey.ts";

/** The one key that a user wants to log in with. */
export interface LoginKey {
  key: PublicKey;
  /** The private part; absent where only an SSH agent can sign with it. */
  own?: ParsedKey;
  /** Whether the private part is there and needs a passphrase. */
  encrypted?: true;
}

/** Keys for one host alone. */
export interface Identities {
  /** In the order in which they are offered. */
  keys: readonly LoginKey[];
  /** Whether no other key of the agent is offered after them. */
  only: boolean;
}

const magic = "openssh-key-v1\0";

/**
 * Reads the text of a key file: a private key (OpenSSH or PEM), or a public one, whose private part an agent has. So it is
 * with a private key that is encrypted.
 *
 * @param publicText the text of the file beside it that ends in `.pub`, where there is one.
 * @throws Error with the reason why the text is of no use.
 */
export function readLoginKey(text: string, publicText?: string): LoginKey {
  const parsed = ssh2.utils.parseKey(text);
  if (!(parsed instanceof Error)) {
    const key = receivedKey(parsed.getPublicSSH());
    return parsed.isPrivateKey() ? { key, own: parsed } : { key };
  }
  if (!/encrypted/i.test(parsed.message)) {
    throw new Error("it is neither a key that OpenSSH writes nor PEM (RSA, ECDSA and Ed25519 can be used)");
  }
  const key = publicPart(text) ?? (publicText === undefined ? undefined : parseHostKey(publicText));
  if (key === undefined) {
    throw new Error(
      "it is encrypted, and does not tell its public key: put that beside it, in a file with .pub at the end (ssh-keygen -y)",
    );
  }
  return { key, encrypted: true };
}

/** Whether the text is a private key that needs a passphrase. */
export function needsPassphrase(text: string): boolean {
  const parsed = ssh2.utils.parseKey(text);
  return parsed instanceof Error && /encrypted/i.test(parsed.message);
}

/** Reads a private key that is encrypted; undefined when that is not its passphrase. */
export function openLoginKey(text: string, passphrase: string): LoginKey | undefined {
  const parsed = ssh2.utils.parseKey(text, passphrase);
  return parsed instanceof Error ? undefined : { key: receivedKey(parsed.getPublicSSH()), own: parsed };
}

/** The public key of an encrypted key in OpenSSH's own format, where it stands in clear. */
function publicPart(text: string): PublicKey | undefined {
  const [, body = ""] = /-----BEGIN OPENSSH PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END/.exec(text) ?? [];
  const bytes = Buffer.from(body, "base64");
  if (bytes.toString("latin1", 0, magic.length) !== magic) return undefined;
  let at = magic.length;
  const field = (): Buffer => {
    const start = at + 4;
    at = start + bytes.readUInt32BE(at);
    return bytes.subarray(start, at);
  };
  field(); // Cipher,
  field(); // key derivation,
  field(); // and its options.
  at += 4; // The number of keys, which is 1.
  return receivedKey(field());
}
