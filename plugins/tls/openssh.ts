import { createHash, type KeyObject, randomBytes } from "node:crypto";
import * as der from "./der.ts";
import { curveOf, type PrivateKey, publicKeyBytes } from "./keys.ts";

const CURVE_NAMES: Record<string, string> = { prime256v1: "nistp256", secp384r1: "nistp384", secp521r1: "nistp521" };
/** Unencrypted private keys are padded to this many bytes. */
const BLOCK = 8;

/** Public and private key in OpenSSH's formats; undefined for P-224, which OpenSSH does not have. */
export interface OpenSshKey {
  /** One authorized_keys line without comment, with newline. */
  publicKey: string;
  privateKey: string;
  fingerprintMd5: string;
  fingerprintSha256: string;
}

export function openSshKey({ key, publicKey }: PrivateKey): OpenSshKey | undefined {
  const type = keyType(publicKey);
  if (type === undefined) {
    return undefined;
  }
  const blob = publicBlob(type, publicKey);
  return {
    publicKey: `${type} ${blob.toString("base64")}\n`,
    privateKey: der.pem("OPENSSH PRIVATE KEY", privateFile(type, blob, key, publicKey)),
    fingerprintMd5: (createHash("md5").update(blob).digest("hex").match(/../g) ?? []).join(":"),
    fingerprintSha256: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
  };
}

function keyType(key: KeyObject): string | undefined {
  switch (key.asymmetricKeyType) {
    case "rsa":
      return "ssh-rsa";
    case "ed25519":
      return "ssh-ed25519";
    default: {
      const curve = CURVE_NAMES[curveOf(key)];
      return curve === undefined ? undefined : `ecdsa-sha2-${curve}`;
    }
  }
}

function publicBlob(type: string, key: KeyObject): Buffer {
  if (type === "ssh-rsa") {
    const { e, n } = key.export({ format: "jwk" });
    return Buffer.concat([text(type), number(e), number(n)]);
  }
  const curve = type.startsWith("ecdsa-") ? [text(type.slice("ecdsa-sha2-".length))] : [];
  return Buffer.concat([text(type), ...curve, field(publicKeyBytes(key))]);
}

function privateFile(type: string, blob: Buffer, key: KeyObject, publicKey: KeyObject): Buffer {
  const check = randomBytes(4);
  const content = Buffer.concat([check, check, privateFields(type, key, publicKey), text("")]);
  const missing = (BLOCK - (content.length % BLOCK)) % BLOCK;
  const padding = Buffer.from(Array.from({ length: missing }, (_, index) => index + 1));
  return Buffer.concat([
    Buffer.from("openssh-key-v1\0", "latin1"),
    text("none"), // cipher
    text("none"), // key derivation
    text(""), // its options
    Buffer.of(0, 0, 0, 1), // one key
    field(blob),
    field(Buffer.concat([content, padding])),
  ]);
}

function privateFields(type: string, key: KeyObject, publicKey: KeyObject): Buffer {
  const jwk = key.export({ format: "jwk" });
  if (type === "ssh-rsa") {
    return Buffer.concat([text(type), ...[jwk.n, jwk.e, jwk.d, jwk.qi, jwk.p, jwk.q].map(number)]);
  }
  const point = publicKeyBytes(publicKey);
  if (type === "ssh-ed25519") {
    return Buffer.concat([text(type), field(point), field(Buffer.concat([bytes(jwk.d), point]))]);
  }
  return Buffer.concat([text(type), text(type.slice("ecdsa-sha2-".length)), field(point), number(jwk.d)]);
}

function bytes(base64url: string | undefined): Buffer {
  return Buffer.from(base64url ?? "", "base64url");
}

function field(content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

const text = (value: string): Buffer => field(Buffer.from(value, "latin1"));

/** A positive multi-precision integer: no leading zeros, but one where the top bit is set. */
function number(base64url: string | undefined): Buffer {
  let value = bytes(base64url);
  while (value.length > 1 && value[0] === 0) {
    value = value.subarray(1);
  }
  return field((value[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), value]) : value);
}
