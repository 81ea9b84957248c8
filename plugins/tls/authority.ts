import { X509Certificate } from "node:crypto";
import { errorText } from "../provider/errors.ts";
import type { Issuer } from "./certificate.ts";
import { extensionValue, members, pemContent, single } from "./derReader.ts";
import type { PrivateKey } from "./keys.ts";

const SUBJECT_KEY_ID = "2.5.29.14";
const VERSION_TAG = 0xa0;
const EXTENSIONS_TAG = 0xa3;

/** Reads a CA's certificate and pairs it with its key. Throws a sentence when they do not belong together. */
export function readAuthority(pem: string, key: PrivateKey): Issuer & { isCa: boolean } {
  const content = pemContent(pem, "CERTIFICATE", "caCertPem");
  let certificate: X509Certificate;
  let fields: { name: Buffer; subjectKeyId: Buffer | undefined };
  try {
    certificate = new X509Certificate(content);
    fields = readFields(content);
  } catch (error) {
    throw new Error(`caCertPem cannot be read: ${errorText(error)}.`, { cause: error });
  }
  if (!certificate.checkPrivateKey(key.key)) {
    throw new Error("caPrivateKeyPem is not the key of caCertPem: take both from the same authority.");
  }
  return { ...fields, key, isCa: certificate.ca };
}

function readFields(certificate: Buffer): { name: Buffer; subjectKeyId: Buffer | undefined } {
  const all = members(members(single(certificate))[0]);
  const fields = all[0]?.tag === VERSION_TAG ? all.slice(1) : all;
  const subject = fields[4]; // After serial, algorithm, issuer and validity.
  if (subject === undefined) {
    throw new Error("it has no subject");
  }
  const extensions = fields.find(({ tag }) => tag === EXTENSIONS_TAG);
  const keyId = extensions && extensionValue(single(extensions.content), SUBJECT_KEY_ID);
  return { name: subject.whole, subjectKeyId: keyId && single(keyId).content };
}
