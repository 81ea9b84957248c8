import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import * as der from "./der.ts";

export type KeyAlgorithm = "RSA" | "ECDSA" | "ED25519";
export const KEY_ALGORITHMS: KeyAlgorithm[] = ["RSA", "ECDSA", "ED25519"];

/** Curve names as inputs have them, and as OpenSSL has them. */
export const CURVES: Record<string, string> = {
  P224: "secp224r1",
  P256: "prime256v1",
  P384: "secp384r1",
  P521: "secp521r1",
};

export interface PrivateKey {
  algorithm: KeyAlgorithm;
  key: KeyObject;
  publicKey: KeyObject;
}

export function generateKey(algorithm: KeyAlgorithm, options: { rsaBits: number; curve: string }): PrivateKey {
  switch (algorithm) {
    case "RSA":
      return asPrivateKey(generateKeyPairSync("rsa", { modulusLength: options.rsaBits }).privateKey);
    case "ECDSA":
      return asPrivateKey(generateKeyPairSync("ec", { namedCurve: CURVES[options.curve] ?? "" }).privateKey);
    case "ED25519":
      return asPrivateKey(generateKeyPairSync("ed25519").privateKey);
  }
}

/** Reads a private key in PKCS#1, SEC 1 or PKCS#8 PEM. Throws a sentence that names `input` and never quotes the key. */
export function parseKey(text: string, input: string): PrivateKey {
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1];
  if (label === undefined) {
    throw new Error(`${input} is not PEM: it has no "-----BEGIN … PRIVATE KEY-----" line.`);
  }
  if (!["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"].includes(label)) {
    throw new Error(`${input} is PEM of the kind "${label}"; it must be an unencrypted private key.`);
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch (error) {
    throw new Error(`${input} is a damaged private key.`, { cause: error });
  }
  return asPrivateKey(key);
}

function asPrivateKey(key: KeyObject): PrivateKey {
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) {
    throw new Error(`Private keys of the kind ${key.asymmetricKeyType ?? "unknown"} are not supported.`);
  }
  return { algorithm, key, publicKey: createPublicKey(key) };
}

function algorithmOf(key: KeyObject): KeyAlgorithm | undefined {
  switch (key.asymmetricKeyType) {
    case "rsa":
      return "RSA";
    case "ec":
      return "ECDSA";
    case "ed25519":
      return "ED25519";
    default:
      return undefined;
  }
}

/** The OpenSSL name of an EC key's curve. */
export function curveOf(key: KeyObject): string {
  return key.asymmetricKeyDetails?.namedCurve ?? "";
}

/** SubjectPublicKeyInfo. */
export function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

/** The bare public key out of its SubjectPublicKeyInfo: point, modulus and exponent, or the 32 bytes of Ed25519. */
export function publicKeyBytes(key: KeyObject): Buffer {
  if (key.asymmetricKeyType === "rsa") {
    return key.export({ type: "pkcs1", format: "der" });
  }
  const info = publicKeyInfo(key);
  const sizes: Record<string, number> = { secp224r1: 57, prime256v1: 65, secp384r1: 97, secp521r1: 133 };
  return info.subarray(info.length - (key.asymmetricKeyType === "ed25519" ? 32 : (sizes[curveOf(key)] ?? 0)));
}

/** Last part of the algorithm's OID, and the hash: as strong as the curve. P-224 takes SHA-256, too. */
const ECDSA_HASHES: Record<string, [number, string]> = { secp384r1: [3, "sha384"], secp521r1: [4, "sha512"] };

/** How a key signs certificates: AlgorithmIdentifier, and the hash to sign with. */
export function signatureAlgorithm(key: KeyObject): { identifier: Buffer; hash: string | null } {
  switch (key.asymmetricKeyType) {
    case "rsa":
      return { identifier: der.sequence(der.oid("1.2.840.113549.1.1.11"), der.nothing()), hash: "sha256" };
    case "ed25519":
      return { identifier: der.sequence(der.oid("1.3.101.112")), hash: null };
    default: {
      const curve = curveOf(key);
      const [variant, hash] = ECDSA_HASHES[curve] ?? [2, "sha256"];
      return { identifier: der.sequence(der.oid(`1.2.840.10045.4.3.${variant}`)), hash };
    }
  }
}

/** Wraps what is signed, the algorithm and the signature: the outer form of certificates and requests. */
export function signed(content: Buffer, key: KeyObject): Buffer {
  const { identifier, hash } = signatureAlgorithm(key);
  return der.sequence(content, identifier, der.bits(sign(hash, content, key)));
}
