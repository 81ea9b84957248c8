import { createHash } from "node:crypto";
import type { Attribute, BridgedResource } from "../bridged/schema.ts";
import { type PropertyMap, text as textOf, UNKNOWN } from "../provider/values.ts";
import { certificateAttributes, output, pemInput, subjectInputs } from "./attributes.ts";
import { readAuthority } from "./authority.ts";
import { adopt, issue, type Issuer, type Subject } from "./certificate.ts";
import { CURVES, curveOf, generateKey, KEY_ALGORITHMS, parseKey, publicKeyInfo, type PrivateKey } from "./keys.ts";
import { openSshKey } from "./openssh.ts";
import { adjustRenewal, refreshRenewal, replaceWhenDue } from "./renewal.ts";
import { makeRequest, readRequest } from "./request.ts";
import { encodeAlternativeNames } from "./sans.ts";
import { encodeSubject } from "./subject.ts";

const fresh: Attribute = { type: "string", role: "computed", volatile: true };
const freshSecret: Attribute = { ...fresh, secret: true };

function oneOf(name: string, values: string[]): NonNullable<Attribute["check"]> {
  return (value) => (values.includes(textOf(value)) ? undefined : `${name} must be one of ${values.join(", ")}.`);
}

function text(inputs: PropertyMap, name: string): string {
  const value = inputs[name];
  if (typeof value !== "string" || value === UNKNOWN) {
    throw new Error(`${name} is not known at the time of creation.`);
  }
  return value;
}

export const privateKey: BridgedResource = {
  schemaVersion: 1,
  attributes: {
    algorithm: { type: "string", role: "required", replace: true, check: oneOf("algorithm", KEY_ALGORITHMS) },
    rsaBits: { type: "int", role: "optional", default: 2048, replace: true },
    ecdsaCurve: {
      type: "string",
      role: "optional",
      default: "P224",
      replace: true,
      check: oneOf("ecdsaCurve", Object.keys(CURVES)),
    },
    id: fresh,
    privateKeyPem: freshSecret,
    privateKeyPemPkcs8: freshSecret,
    privateKeyOpenssh: freshSecret,
    publicKeyPem: fresh,
    publicKeyOpenssh: fresh,
    publicKeyFingerprintMd5: fresh,
    publicKeyFingerprintSha256: fresh,
  },
  create: (inputs) => {
    const wanted = text(inputs, "algorithm");
    const algorithm = KEY_ALGORITHMS.find((name) => name === wanted);
    if (algorithm === undefined) {
      throw new Error(`algorithm must be one of ${KEY_ALGORITHMS.join(", ")}.`);
    }
    const key = generateKey(algorithm, { rsaBits: Number(inputs["rsaBits"]), curve: text(inputs, "ecdsaCurve") });
    return Promise.resolve(keyOutputs(key));
  },
  adopt: (pem, inputs) => {
    const key = parseKey(pem, "the key that exists");
    const curve = key.algorithm === "ECDSA" ? curveOf(key.key) : undefined;
    const fits =
      key.algorithm === inputs["algorithm"] &&
      (curve === undefined || curve === CURVES[text(inputs, "ecdsaCurve")]) &&
      (key.algorithm !== "RSA" || key.key.asymmetricKeyDetails?.modulusLength === Number(inputs["rsaBits"]));
    // What it has signed or encrypted would be worth nothing.
    if (!fits) throw new Error("The key that exists is of another kind than the program asks for.");
    return keyOutputs(key);
  },
};

function keyOutputs(key: PrivateKey): { id: string; computed: PropertyMap } {
  const own = { RSA: "pkcs1", ECDSA: "sec1", ED25519: "pkcs8" } as const;
  const ssh = openSshKey(key);
  const id = createHash("sha1").update(publicKeyInfo(key.publicKey)).digest("hex");
  return {
    id,
    computed: {
      id,
      privateKeyPem: key.key.export({ type: own[key.algorithm], format: "pem" }).toString(),
      privateKeyPemPkcs8: key.key.export({ type: "pkcs8", format: "pem" }).toString(),
      privateKeyOpenssh: ssh?.privateKey ?? "",
      publicKeyPem: key.publicKey.export({ type: "spki", format: "pem" }).toString(),
      publicKeyOpenssh: ssh?.publicKey ?? "",
      publicKeyFingerprintMd5: ssh?.fingerprintMd5 ?? "",
      publicKeyFingerprintSha256: ssh?.fingerprintSha256 ?? "",
    },
  };
}

export const certRequest: BridgedResource = {
  attributes: {
    privateKeyPem: pemInput(true),
    ...subjectInputs,
    id: output,
    keyAlgorithm: output,
    certRequestPem: output,
  },
  create: (inputs) => {
    const key = parseKey(text(inputs, "privateKeyPem"), "privateKeyPem");
    const { id, certRequestPem } = makeRequest(inputs, key);
    return Promise.resolve({ id, computed: { id, certRequestPem, keyAlgorithm: key.algorithm } });
  },
};

export const selfSignedCert: BridgedResource = {
  attributes: {
    privateKeyPem: pemInput(true),
    ...subjectInputs,
    ...certificateAttributes,
    setAuthorityKeyId: { type: "bool", role: "optional", default: false, replace: true },
    keyAlgorithm: output,
  },
  adjust: adjustRenewal,
  modify: replaceWhenDue,
  refresh: refreshRenewal,
  create: (inputs) => {
    const { subject, issuer } = selfSigner(inputs);
    const { id, computed } = issue(inputs, subject, issuer, true);
    return Promise.resolve({ id, computed: { ...computed, keyAlgorithm: issuer.key.algorithm } });
  },
  adopt: (pem, inputs) => {
    const { subject, issuer } = selfSigner(inputs);
    const adopted = adopt(pem, inputs, subject, issuer, true);
    // Another one would be a rotation.
    if (adopted === undefined)
      throw new Error("The certificate of the authority that exists is another one than the program asks for.");
    return { id: adopted.id, computed: { ...adopted.computed, keyAlgorithm: issuer.key.algorithm } };
  },
};

function selfSigner(inputs: PropertyMap): { subject: Subject; issuer: Issuer } {
  const key = parseKey(text(inputs, "privateKeyPem"), "privateKeyPem");
  const name = encodeSubject(inputs["subject"]);
  return {
    subject: { name, publicKey: key.publicKey, alternativeNames: encodeAlternativeNames(inputs) },
    issuer: { name, subjectKeyId: undefined, key },
  };
}

export const locallySignedCert: BridgedResource = {
  attributes: {
    certRequestPem: pemInput(false),
    caCertPem: pemInput(false),
    caPrivateKeyPem: pemInput(true),
    ...certificateAttributes,
    caKeyAlgorithm: output,
  },
  adjust: adjustRenewal,
  modify: replaceWhenDue,
  refresh: refreshRenewal,
  create: (inputs, warn) => {
    const subject = readRequest(text(inputs, "certRequestPem"));
    const key = parseKey(text(inputs, "caPrivateKeyPem"), "caPrivateKeyPem");
    const authority = readAuthority(text(inputs, "caCertPem"), key);
    if (!authority.isCa) {
      warn("caCertPem is not the certificate of an authority: what it signs will not verify.");
    }
    const { id, computed } = issue(inputs, subject, authority, false);
    return Promise.resolve({ id, computed: { ...computed, caKeyAlgorithm: key.algorithm } });
  },
  adopt: (pem, inputs) => {
    const subject = readRequest(text(inputs, "certRequestPem"));
    const key = parseKey(text(inputs, "caPrivateKeyPem"), "caPrivateKeyPem");
    const adopted = adopt(pem, inputs, subject, readAuthority(text(inputs, "caCertPem"), key), false);
    return adopted && { id: adopted.id, computed: { ...adopted.computed, caKeyAlgorithm: key.algorithm } };
  },
};
