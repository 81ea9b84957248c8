import { createHash, type KeyObject, randomBytes, X509Certificate } from "node:crypto";
import type { PropertyMap } from "../provider/values.ts";
import * as der from "./der.ts";
import { members, single } from "./derReader.ts";
import { publicKeyBytes, publicKeyInfo, type PrivateKey, signatureAlgorithm, signed } from "./keys.ts";
import { EXTENDED_KEY_USAGES, KEY_USAGES } from "./usages.ts";

const HOUR_MS = 3_600_000;
/** Clocks of those who check a certificate may be behind by this much. What kube-controller-manager gives its own, too. */
const BACKDATE_MS = 300_000;
/** Certificates tell times in whole seconds. */
const ROUNDING_MS = 2000;
const EMPTY_NAME = der.sequence();

/** What the certificate is about. */
export interface Subject {
  /** DER Name. */
  name: Buffer;
  publicKey: KeyObject;
  /** DER GeneralNames. */
  alternativeNames: Buffer | undefined;
}

/** Who signs it; for a self-signed one, the subject itself. */
export interface Issuer {
  name: Buffer;
  /** Undefined where the issuer's certificate has none, or is the one being made. */
  subjectKeyId: Buffer | undefined;
  key: PrivateKey;
}

/** What differs between two certificates of the same inputs. */
interface Issued {
  serial: bigint;
  /** When it was signed; it is valid since a little before. */
  start: Date;
  end: Date;
}

/** Signs a certificate by the inputs that SelfSignedCert and LocallySignedCert share. Gives id and computed outputs. */
export function issue(
  inputs: PropertyMap,
  subject: Subject,
  issuer: Issuer,
  selfSigned: boolean,
): { id: string; computed: PropertyMap } {
  const start = new Date();
  const end = new Date(start.getTime() + hoursOf(inputs) * HOUR_MS);
  const serial = BigInt(`0x${randomBytes(16).toString("hex")}`);
  const content = contentOf(inputs, subject, issuer, selfSigned, { serial, start, end });
  return outputsOf(der.pem("CERTIFICATE", signed(content, issuer.key.key)), { serial, start, end });
}

/**
 * Takes over a certificate that exists: the one that the inputs ask for, signed at another time.
 *
 * @returns undefined when it is another one.
 */
export function adopt(
  pem: string,
  inputs: PropertyMap,
  subject: Subject,
  issuer: Issuer,
  selfSigned: boolean,
): { id: string; computed: PropertyMap } | undefined {
  const certificate = readCertificate(pem);
  if (certificate === undefined) return undefined;
  const start = new Date(certificate.validFromDate.getTime() + BACKDATE_MS);
  const end = certificate.validToDate;
  if (Math.abs(end.getTime() - start.getTime() - hoursOf(inputs) * HOUR_MS) > ROUNDING_MS) return undefined;
  const issued: Issued = { serial: BigInt(`0x${certificate.serialNumber}`), start, end };
  const [content] = members(single(certificate.raw));
  if (content?.whole.equals(contentOf(inputs, subject, issuer, selfSigned, issued)) !== true) return undefined;
  if (!certificate.verify(issuer.key.publicKey)) return undefined;
  return outputsOf(`${pem.trim()}\n`, issued);
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined; // Whatever it is, it is not the certificate that is asked for.
  }
}

function hoursOf(inputs: PropertyMap): number {
  return Number(inputs["validityPeriodHours"]);
}

/** What is signed. */
function contentOf(
  inputs: PropertyMap,
  subject: Subject,
  issuer: Issuer,
  selfSigned: boolean,
  { serial, start, end }: Issued,
): Buffer {
  return der.sequence(
    der.context(0, der.integer(2n)), // X.509 version 3
    der.integer(serial),
    signatureAlgorithm(issuer.key.key).identifier,
    issuer.name,
    der.sequence(der.time(new Date(start.getTime() - BACKDATE_MS)), der.time(end)),
    subject.name,
    publicKeyInfo(subject.publicKey),
    der.context(3, der.sequence(...extensions(inputs, subject, issuer, selfSigned))),
  );
}

function outputsOf(certPem: string, { serial, start, end }: Issued): { id: string; computed: PropertyMap } {
  return {
    id: serial.toString(),
    computed: {
      id: serial.toString(),
      certPem,
      validityStartTime: start.toISOString(),
      validityEndTime: end.toISOString(),
    },
  };
}

function extensions(inputs: PropertyMap, subject: Subject, issuer: Issuer, selfSigned: boolean): Buffer[] {
  const isCa = inputs["isCaCertificate"] === true;
  if (isCa && subject.name.equals(EMPTY_NAME)) {
    throw new Error("A certificate authority needs a subject: set subject with at least a commonName.");
  }
  const uses = Array.isArray(inputs["allowedUses"]) ? inputs["allowedUses"].map(String) : [];
  const usageBits = uses.flatMap((use) => KEY_USAGES[use] ?? []);
  const purposes = uses.flatMap((use) => EXTENDED_KEY_USAGES[use] ?? []);
  const ownKeyId = isCa || inputs["setSubjectKeyId"] === true ? subjectKeyId(subject.publicKey) : undefined;
  const authorityKeyId = chooseAuthorityKeyId(inputs, subject, issuer, selfSigned ? ownKeyId : undefined);

  const result: Buffer[] = [];
  if (usageBits.length > 0) {
    result.push(extension("2.5.29.15", true, der.namedBits(usageBits)));
  }
  if (purposes.length > 0) {
    result.push(extension("2.5.29.37", false, der.sequence(...purposes.map(der.oid))));
  }
  result.push(extension("2.5.29.19", true, basicConstraints(isCa, inputs["maxPathLength"])));
  if (ownKeyId !== undefined) {
    result.push(extension("2.5.29.14", false, der.octets(ownKeyId)));
  }
  if (authorityKeyId !== undefined) {
    result.push(extension("2.5.29.35", false, der.sequence(der.contextPrimitive(0, authorityKeyId))));
  }
  if (subject.alternativeNames !== undefined) {
    result.push(extension("2.5.29.17", subject.name.equals(EMPTY_NAME), subject.alternativeNames));
  }
  return result;
}

/** A certificate signed by another one names its issuer's key whenever that has an id. */
function chooseAuthorityKeyId(
  inputs: PropertyMap,
  subject: Subject,
  issuer: Issuer,
  ownKeyId: Buffer | undefined,
): Buffer | undefined {
  if (inputs["setAuthorityKeyId"] === true) {
    if (ownKeyId === undefined) {
      throw new Error("setAuthorityKeyId needs a subject key id: set setSubjectKeyId or isCaCertificate as well.");
    }
    return ownKeyId;
  }
  return issuer.name.equals(subject.name) ? undefined : issuer.subjectKeyId;
}

function basicConstraints(isCa: boolean, maxPathLength: unknown): Buffer {
  const limited = typeof maxPathLength === "number" && maxPathLength > 0;
  if (!isCa) {
    if (limited) {
      throw new Error("maxPathLength is for certificate authorities: set isCaCertificate, or drop it.");
    }
    return der.sequence();
  }
  // The official plugin writes no limit for 0 (to its library zero means unset); ours must make the same certificate.
  const limit = limited ? [der.integer(BigInt(maxPathLength))] : [];
  return der.sequence(der.boolean(true), ...limit);
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octets(value));
}

/** SHA-1 of the public key; of its DER octet string for Ed25519, as the official plugin has it. */
function subjectKeyId(key: KeyObject): Buffer {
  const bytes = publicKeyBytes(key);
  return createHash("sha1")
    .update(key.asymmetricKeyType === "ed25519" ? der.octets(bytes) : bytes)
    .digest();
}
