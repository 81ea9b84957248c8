import * as der from "./der.ts";

/** One DER element. */
export interface Element {
  tag: number;
  content: Buffer;
  /** The element with its tag and length. */
  whole: Buffer;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const OCTET_STRING = 0x04;

/** The elements that follow each other in `content`. Throws when one runs past the end or has no definite length. */
export function elements(content: Buffer): Element[] {
  const result: Element[] = [];
  for (let start = 0; start < content.length;) {
    const { header, length } = lengthAt(content, start + 1);
    const from = start + 1 + header;
    const end = from + length;
    if (end > content.length) {
      throw new Error("it is cut off");
    }
    result.push({
      tag: content[start] ?? 0,
      content: content.subarray(from, end),
      whole: content.subarray(start, end),
    });
    start = end;
  }
  return result;
}

function lengthAt(content: Buffer, offset: number): { header: number; length: number } {
  const first = content[offset];
  if (first === undefined) {
    throw new Error("it is cut off");
  }
  if (first < 0x80) {
    return { header: 1, length: first };
  }
  const size = first & 0x7f;
  if (size === 0 || size > 4 || offset + 1 + size > content.length) {
    throw new Error("it is not DER");
  }
  return { header: 1 + size, length: content.readUIntBE(offset + 1, size) };
}

/** The members of a SEQUENCE. Throws for anything else. */
export function members(element: Element | undefined): Element[] {
  if (element?.tag !== SEQUENCE && element?.tag !== SET) {
    throw new Error("it does not have the expected structure");
  }
  return elements(element.content);
}

/** The one element that `encoded` holds. */
export function single(encoded: Buffer): Element {
  const [element, ...rest] = elements(encoded);
  if (element === undefined || rest.length > 0) {
    throw new Error("it does not have the expected structure");
  }
  return element;
}

/** The value of an extension in a SEQUENCE of extensions; undefined without it. */
export function extensionValue(extensions: Element | undefined, oid: string): Buffer | undefined {
  const id = der.oid(oid);
  for (const extension of members(extensions)) {
    const fields = members(extension);
    const value = fields.at(-1);
    if (fields[0]?.whole.equals(id) === true && value?.tag === OCTET_STRING) {
      return value.content;
    }
  }
  return undefined;
}

/** The bytes of a PEM block of one kind. Throws a sentence that names `input`. */
export function pemContent(text: string, label: string, input: string): Buffer {
  const block = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(text)?.[1];
  if (block === undefined) {
    throw new Error(`${input} is not PEM of the kind "${label}".`);
  }
  return Buffer.from(block, "base64");
}
