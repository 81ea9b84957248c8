import type { Attribute } from "../bridged/schema.ts";
import { text } from "../provider/values.ts";
import { ALLOWED_USES } from "./usages.ts";

const PEM = /^-----BEGIN [A-Za-z ]+-----\n[\s\S]+\n-----END [A-Za-z ]+-----\n?$/;

/** A PEM input: a change replaces, unless the state holds something that is no PEM (a hash of very old versions). */
export function pemInput(secret: boolean): Attribute {
  return {
    type: "string",
    role: "required",
    replace: ({ prior }) => typeof prior === "string" && PEM.test(prior),
    ...(secret ? { secret: true } : {}),
  };
}

export const output: Attribute = { type: "string", role: "computed" };
const names: Attribute = { type: "strings", role: "optional", replace: true };
const nonEmptyNames: Attribute = {
  ...names,
  check: (value) => (Array.isArray(value) && value.includes("") ? "its items must not be empty." : undefined),
};
const flag: Attribute = { type: "bool", role: "optional", default: false, replace: true };

function atLeast(least: number): NonNullable<Attribute["check"]> {
  return (value) => (Number(value) >= least ? undefined : `it must be at least ${least}.`);
}

/** Inputs of CertRequest and SelfSignedCert that say whom the certificate is for. */
export const subjectInputs: Record<string, Attribute> = {
  subject: { type: "object", role: "optional", replace: true },
  dnsNames: names,
  ipAddresses: nonEmptyNames,
  uris: nonEmptyNames,
};

/** Inputs and outputs that SelfSignedCert and LocallySignedCert share. The official plugin takes whole hours only. */
export const certificateAttributes: Record<string, Attribute> = {
  validityPeriodHours: { type: "number", role: "required", replace: true, check: atLeast(0) },
  allowedUses: {
    type: "strings",
    role: "required",
    replace: true,
    check: (value) => {
      const wrong = Array.isArray(value) ? value.filter((use) => !ALLOWED_USES.includes(text(use))) : [];
      return wrong.length === 0
        ? undefined
        : `allowedUses: ${wrong.map(text).join(", ")} is not known. Accepted: ${ALLOWED_USES.join(", ")}.`;
    },
  },
  earlyRenewalHours: { type: "number", role: "optional", default: 0, check: atLeast(0) },
  isCaCertificate: flag,
  setSubjectKeyId: flag,
  maxPathLength: { type: "int", role: "optional", filledIn: true, replace: true, check: atLeast(-1) },
  id: output,
  certPem: output,
  readyForRenewal: { type: "bool", role: "computed", default: false },
  validityStartTime: output,
  validityEndTime: output,
};
