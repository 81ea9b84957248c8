import { isMap, type PropertyMap, type PropertyValue } from "../provider/values.ts";
import * as der from "./der.ts";

/** Fields of a distinguished name in the order in which they are written. `emailAddress` comes last, as IA5String. */
const FIELDS: [name: string, oid: string][] = [
  ["country", "2.5.4.6"],
  ["province", "2.5.4.8"],
  ["locality", "2.5.4.7"],
  ["streetAddresses", "2.5.4.9"],
  ["postalCode", "2.5.4.17"],
  ["organization", "2.5.4.10"],
  ["organizationalUnit", "2.5.4.11"],
  ["commonName", "2.5.4.3"],
  ["serialNumber", "2.5.4.5"],
  ["emailAddress", "1.2.840.113549.1.9.1"],
];
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

/** The inputs' `subject` as a DER Name; empty without one. */
export function encodeSubject(subject: PropertyValue | undefined): Buffer {
  const fields: PropertyMap = isMap(subject) ? subject : {};
  const relative = FIELDS.flatMap(([name, oid]) => {
    const values = texts(fields[name]);
    if (values.length === 0) {
      return [];
    }
    const encode = name === "emailAddress" ? der.ia5 : directoryString;
    return [der.set(...values.map((value) => der.sequence(der.oid(oid), encode(value))))];
  });
  return der.sequence(...relative);
}

function texts(value: PropertyValue | undefined): string[] {
  const all = Array.isArray(value) ? value : [value];
  return all.filter((item) => typeof item === "string" && item !== "") as string[];
}

function directoryString(text: string): Buffer {
  return PRINTABLE.test(text) ? der.printable(text) : der.utf8(text);
}
