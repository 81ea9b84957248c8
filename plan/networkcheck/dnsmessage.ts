/** Messages of DNS (RFC 1035, section 4) as far as the network's test needs them. */

const types = { A: 1, NS: 2 } as const;
export type QueryType = keyof typeof types;

/** Response codes by number (RFC 1035, section 4.1.1). */
const codes = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

/** What a server has answered. */
export interface DnsAnswer {
  /** `NOERROR`, `SERVFAIL`, …, or `RCODE7`. */
  code: string;
  /** Number of records in the answer. */
  records: number;
  /** Those of the type A, as addresses. */
  addresses: string[];
}

/**
 * A question with the wish for recursion, as DNS over HTTPS has it in a URL (RFC 8484, section 4.1: base64url, id 0).
 *
 * @param name `.` for the root.
 */
export function encodeQuery(name: string, type: QueryType): string {
  const labels = name.split(".").filter((label) => label !== "");
  const header = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  const question = labels.flatMap((label) => [label.length, ...Buffer.from(label, "ascii")]);
  return Buffer.from([...header, ...question, 0, 0, types[type], 0, 1]).toString("base64url");
}

/** Reads an answer; undefined where it is none. */
export function decodeAnswer(bytes: Uint8Array): DnsAnswer | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < 12) return undefined;
  const flags = view.getUint16(2);
  if ((flags & 0x8000) === 0) return undefined;
  const code = codes[flags & 0xf] ?? `RCODE${flags & 0xf}`;
  const records = view.getUint16(6);
  return { code, records, addresses: addressesOf(view, view.getUint16(4), records) };
}

/** The addresses among the records, as far as the message goes. */
function addressesOf(view: DataView, questions: number, records: number): string[] {
  const addresses: string[] = [];
  let place: number | undefined = 12;
  for (let n = 0; n < questions && place !== undefined; n += 1) {
    const end = afterName(view, place);
    place = end === undefined ? undefined : end + 4;
  }
  for (let n = 0; n < records && place !== undefined; n += 1) {
    const head = afterName(view, place);
    if (head === undefined || head + 10 > view.byteLength) break;
    const length = view.getUint16(head + 8);
    const data = head + 10;
    if (data + length > view.byteLength) break;
    if (view.getUint16(head) === types.A && length === 4) {
      addresses.push([0, 1, 2, 3].map((byte) => view.getUint8(data + byte)).join("."));
    }
    place = data + length;
  }
  return addresses;
}

/** Where a name ends that begins at a place; undefined where the message ends before. */
function afterName(view: DataView, start: number): number | undefined {
  let place = start;
  while (place < view.byteLength) {
    const length = view.getUint8(place);
    if (length === 0) return place + 1;
    // The rest stands elsewhere.
    if ((length & 0xc0) !== 0) return place + 2;
    place += length + 1;
  }
  return undefined;
}
