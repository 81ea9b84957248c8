import { createHash } from "node:crypto";
import type { BackupSet } from "./set.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * Which keys the two halves of a backup go with, see plan/backup/set.ts.
 *
 * @param publicKey of service accounts, PEM.
 * @param encryptionKey 32 characters, as `renderEncryptionConfig` takes it.
 */
export function keyDigests(publicKey: string, encryptionKey: string): BackupSet["keys"] {
  return {
    serviceAccounts: sha256(`${publicKey.replace(/\n$/, "")}\n`),
    encryption: sha256(Buffer.from(encryptionKey).toString("base64")),
  };
}

/** The same as members of etcd have it: lines `NAME DIGEST`. */
export function renderKeyDigests(publicKey: string, encryptionKey: string): string {
  const { serviceAccounts, encryption } = keyDigests(publicKey, encryptionKey);
  return `serviceAccounts ${serviceAccounts}\nencryption ${encryption}\n`;
}
