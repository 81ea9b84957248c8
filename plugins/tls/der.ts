/**
 * The part of ASN.1 DER that certificates need. WebCrypto, and with it the certificate writers built on it, has no P-224,
 * which the official plugin offers and even defaults to; so the envelope is written here and signed by node:crypto.
 */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) {
    return Buffer.concat([Buffer.of(tag, length), content]);
  }
  const bytes = unsigned(BigInt(length));
  return Buffer.concat([Buffer.of(tag, 0x80 | bytes.length), bytes, content]);
}

function unsigned(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

export const sequence = (...items: Buffer[]): Buffer => tagged(TAG.sequence, Buffer.concat(items));
export const octets = (content: Buffer): Buffer => tagged(TAG.octetString, content);
export const boolean = (value: boolean): Buffer => tagged(TAG.boolean, Buffer.of(value ? 0xff : 0));
export const nothing = (): Buffer => tagged(TAG.null, Buffer.alloc(0));
export const utf8 = (text: string): Buffer => tagged(TAG.utf8String, Buffer.from(text, "utf8"));
export const printable = (text: string): Buffer => tagged(TAG.printableString, Buffer.from(text, "latin1"));
export const ia5 = (text: string): Buffer => tagged(TAG.ia5String, Buffer.from(text, "latin1"));

/** SET OF: members sorted by their encoding, as DER wants. */
export const set = (...items: Buffer[]): Buffer =>
  tagged(TAG.set, Buffer.concat([...items].sort((left, right) => Buffer.compare(left, right))));

/** `[number]` around a constructed value. */
export const context = (number: number, content: Buffer): Buffer => tagged(0xa0 | number, content);

/** `[number]` in place of a primitive type's own tag. */
export const contextPrimitive = (number: number, content: Buffer): Buffer => tagged(0x80 | number, content);

/** A non-negative integer. */
export function integer(value: bigint): Buffer {
  const bytes = unsigned(value);
  const padded = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return tagged(TAG.integer, padded);
}

/** Whole bytes as a bit string. */
export const bits = (content: Buffer): Buffer => tagged(TAG.bitString, Buffer.concat([Buffer.of(0), content]));

/** Named bits, first is bit 0; trailing zero bits are left out. */
export function namedBits(positions: number[]): Buffer {
  const last = Math.max(...positions);
  const bytes = Buffer.alloc(Math.floor(last / 8) + 1);
  for (const position of positions) {
    const index = Math.floor(position / 8);
    bytes[index] = (bytes[index] ?? 0) | (0x80 >> (position % 8));
  }
  return tagged(TAG.bitString, Buffer.concat([Buffer.of(7 - (last % 8)), bytes]));
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((part) => {
    const groups = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) {
      groups.unshift((left & 0x7f) | 0x80);
    }
    return groups;
  });
  return tagged(TAG.oid, Buffer.from(bytes));
}

/** UTCTime up to 2049, GeneralizedTime after; whole seconds. */
export function time(date: Date): Buffer {
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-:T]/g, "");
  return date.getUTCFullYear() < 2050
    ? tagged(TAG.utcTime, Buffer.from(digits.slice(2), "latin1"))
    : tagged(TAG.generalizedTime, Buffer.from(digits, "latin1"));
}

/** PEM with lines of 64 characters and a final newline. */
export function pem(label: string, content: Buffer): string {
  const lines = content.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
