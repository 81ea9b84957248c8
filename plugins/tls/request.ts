import { createHash, createPublicKey } from "node:crypto";
import { errorText } from "../provider/errors.ts";
import type { PropertyMap } from "../provider/values.ts";
import type { Subject } from "./certificate.ts";
import * as der from "./der.ts";
import { type Element, extensionValue, members, pemContent, single } from "./derReader.ts";
import { type PrivateKey, publicKeyInfo, signed } from "./keys.ts";
import { encodeAlternativeNames } from "./sans.ts";
import { encodeSubject } from "./subject.ts";

const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const ALTERNATIVE_NAMES = "2.5.29.17";

/** Makes a PKCS#10 request for the inputs of CertRequest. */
export function makeRequest(inputs: PropertyMap, key: PrivateKey): { id: string; certRequestPem: string } {
  const names = encodeAlternativeNames(inputs);
  const attributes =
    names === undefined
      ? Buffer.alloc(0)
      : der.sequence(
          der.oid(EXTENSION_REQUEST),
          der.set(der.sequence(der.sequence(der.oid(ALTERNATIVE_NAMES), der.octets(names)))),
        );
  const content = der.sequence(
    der.integer(0n),
    encodeSubject(inputs["subject"]),
    publicKeyInfo(key.publicKey),
    der.context(0, attributes),
  );
  const request = signed(content, key.key);
  return {
    id: createHash("sha1").update(request).digest("hex"),
    certRequestPem: der.pem("CERTIFICATE REQUEST", request),
  };
}

/** Reads what a request asks for. Throws a sentence that names the input. */
export function readRequest(pem: string): Subject {
  const content = pemContent(pem, "CERTIFICATE REQUEST", "certRequestPem");
  try {
    const [, name, key, attributes] = members(members(single(content))[0]);
    if (name === undefined || key === undefined) {
      throw new Error("it does not have the expected structure");
    }
    return {
      name: name.whole,
      publicKey: createPublicKey({ key: key.whole, format: "der", type: "spki" }),
      alternativeNames: requestedNames(attributes),
    };
  } catch (error) {
    throw new Error(`certRequestPem cannot be read: ${errorText(error)}.`, { cause: error });
  }
}

function requestedNames(attributes: Element | undefined): Buffer | undefined {
  const id = der.oid(EXTENSION_REQUEST);
  for (const attribute of attributes === undefined ? [] : members({ ...attributes, tag: 0x31 })) {
    const [type, values] = members(attribute);
    if (type?.whole.equals(id) === true) {
      return extensionValue(members(values)[0], ALTERNATIVE_NAMES);
    }
  }
  return undefined;
}
