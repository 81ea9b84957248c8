import { randomBytes } from "node:crypto";
import type { Attribute, BridgedResource } from "../bridged/schema.ts";
import type { PropertyMap } from "../provider/values.ts";
import { keepers, someClass, syncDigits, textInputs } from "./attributes.ts";
import { bcrypt, randomTextHash } from "./bcrypt.ts";
import { randomBits, randomText } from "./string.ts";

const output: Attribute = { type: "string", role: "computed" };
const secretOutput: Attribute = { type: "string", role: "computed", secret: true };

/** State of an imported text: defaults, and the length that it has. */
function importedText(text: string): PropertyMap {
  return {
    length: Buffer.byteLength(text),
    special: true,
    upper: true,
    lower: true,
    number: true,
    numeric: true,
    minNumeric: 0,
    minUpper: 0,
    minLower: 0,
    minSpecial: 0,
    result: text,
  };
}

export const randomPassword: BridgedResource = {
  schemaVersion: 3,
  attributes: { ...textInputs, id: output, result: secretOutput, bcryptHash: secretOutput },
  checkAll: someClass,
  adjust: syncDigits,
  create: (inputs) => {
    const result = randomText(inputs);
    return Promise.resolve({
      id: "none",
      computed: { id: "none", result, bcryptHash: randomTextHash(result, randomBits(inputs)) },
    });
  },
  adopt: (text, inputs) => {
    if (Buffer.byteLength(text) !== inputs["length"]) return undefined;
    const bcryptHash = randomTextHash(text, randomBits(inputs));
    return { id: "none", computed: { id: "none", result: text, bcryptHash } };
  },
  import: (text) => ({ id: "none", state: { ...importedText(text), id: "none", bcryptHash: bcrypt(text) } }),
};

function idForms(bytes: Buffer, prefix: string): PropertyMap {
  return {
    id: bytes.toString("base64url"),
    b64Url: prefix + bytes.toString("base64url"),
    b64Std: prefix + bytes.toString("base64"),
    hex: prefix + bytes.toString("hex"),
    dec: prefix + BigInt(`0x0${bytes.toString("hex")}`).toString(),
  };
}

export const randomId: BridgedResource = {
  attributes: {
    keepers,
    byteLength: { type: "int", role: "required", replace: true },
    prefix: { type: "string", role: "optional", replace: true },
    id: output,
    b64Url: output,
    b64Std: output,
    hex: output,
    dec: output,
  },
  create: (inputs) => {
    const bytes = randomBytes(Number(inputs["byteLength"]));
    const prefix = typeof inputs["prefix"] === "string" ? inputs["prefix"] : "";
    return Promise.resolve({ id: bytes.toString("base64url"), computed: idForms(bytes, prefix) });
  },
  /** By its hexadecimal form. */
  adopt: (text, inputs) => {
    const bytes = Buffer.from(text, "hex");
    if (bytes.toString("hex") !== text || bytes.length !== inputs["byteLength"]) return undefined;
    const prefix = typeof inputs["prefix"] === "string" ? inputs["prefix"] : "";
    return { id: bytes.toString("base64url"), computed: idForms(bytes, prefix) };
  },
  import: (text) => {
    const comma = text.lastIndexOf(",");
    const id = text.slice(comma + 1);
    const bytes = Buffer.from(id, "base64url");
    if (bytes.toString("base64url") !== id) {
      throw new Error(
        "An import of RandomId needs the id in unpadded URL-safe base64, with `prefix,` before it if any.",
      );
    }
    const prefix = text.slice(0, Math.max(0, comma));
    const forms = { ...idForms(bytes, prefix), byteLength: bytes.length };
    return { id, state: prefix === "" ? forms : { ...forms, prefix } };
  },
};
