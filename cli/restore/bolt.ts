import type { FileHandle } from "node:fs/promises";

/**
 * Reads single keys of a bbolt database, as far as a snapshot of etcd is looked at before any host is: the format is that of
 * https://github.com/etcd-io/bbolt (page.go, meta.go, node.go), all numbers little endian. Nothing is trusted: whatever does not fit ends
 * in a sentence.
 */
const magic = 0xed0cdaed;
const pageHeader = 16;
const elementSize = 16;
const branchPage = 0x01;
const leafPage = 0x02;
const bucketElement = 0x01;
/** etcd's trees have 3 or 4 levels; more is a loop. */
const deepest = 40;
/** Bytes of one page with what follows it; a value of etcd's has 1.5 MiB at most. */
const largestPage = 64 * 2 ** 20;

interface Element {
  key: Buffer;
  /** Of a leaf. */
  value: Buffer;
  isBucket: boolean;
  /** Of a branch: the page below. */
  page: number;
}

export class Damaged extends Error {
  override readonly name = "Damaged";
}

export class Bolt {
  readonly #file: FileHandle;
  readonly #pageSize: number;
  readonly #root: number;
  /** Bytes. */
  readonly size: number;

  private constructor(file: FileHandle, size: number, pageSize: number, root: number) {
    this.#file = file;
    this.size = size;
    this.#pageSize = pageSize;
    this.#root = root;
  }

  /** @throws Damaged when it is no such database. */
  static async open(file: FileHandle): Promise<Bolt> {
    const { size } = await file.stat();
    // There are two descriptions, of which one may be half written. The second begins where the first page ends.
    const metas = await Promise.all([0, 4096, 8192, 16384, 32768, 65536].map((offset) => readMeta(file, offset)));
    const newest = metas
      .filter((meta) => meta !== undefined)
      .toSorted((a, b) => Number(a.txid - b.txid))
      .at(-1);
    if (newest === undefined) throw new Damaged("it is no database of etcd");
    if (newest.pages * newest.pageSize > size) {
      const expected = newest.pages * newest.pageSize;
      throw new Damaged(`it is cut off: it has ${size} bytes, and its database alone has ${expected}`);
    }
    return new Bolt(file, size, newest.pageSize, newest.root);
  }

  /** The value of a key in a bucket of the first level, or undefined. */
  async get(bucket: string, key: string): Promise<Buffer | undefined> {
    const { found } = await this.#bucket(bucket, async (page) => this.#seek(page, Buffer.from(key)));
    return found?.value;
  }

  /** The last key of a bucket of the first level. */
  async lastKey(bucket: string): Promise<Buffer | undefined> {
    const { found } = await this.#bucket(bucket, async (page) => this.#last(page));
    return found?.key;
  }

  async #bucket(
    name: string,
    look: (page: Buffer) => Promise<Element | undefined>,
  ): Promise<{ found: Element | undefined }> {
    const element = await this.#seek(await this.#page(this.#root), Buffer.from(name));
    if (element === undefined || !element.isBucket || element.value.length < 16) return { found: undefined };
    const root = toNumber(element.value.readBigUInt64LE(0));
    // A small bucket lies in its own element.
    const page = root === 0 ? element.value.subarray(16) : await this.#page(root);
    return { found: await look(page) };
  }

  async #seek(from: Buffer, key: Buffer): Promise<Element | undefined> {
    let page = from;
    for (let depth = 0; depth < deepest; depth++) {
      const elements = elementsOf(page);
      if (isLeaf(page)) return elements.find((element) => element.key.equals(key));
      const below = elements.findLast((element) => element.key.compare(key) <= 0) ?? elements[0];
      if (below === undefined) return undefined;
      page = await this.#page(below.page);
    }
    throw new Damaged("its pages lead in a circle");
  }

  async #last(from: Buffer): Promise<Element | undefined> {
    let page = from;
    for (let depth = 0; depth < deepest; depth++) {
      const last = elementsOf(page).at(-1);
      if (last === undefined || isLeaf(page)) return last;
      page = await this.#page(last.page);
    }
    throw new Damaged("its pages lead in a circle");
  }

  async #page(id: number): Promise<Buffer> {
    const head = await read(this.#file, id * this.#pageSize, pageHeader);
    const length = (head.readUInt32LE(12) + 1) * this.#pageSize;
    if (length > largestPage) throw new Damaged(`its page ${id} is too long`);
    return read(this.#file, id * this.#pageSize, length);
  }
}

interface Meta {
  pageSize: number;
  root: number;
  pages: number;
  txid: bigint;
}

async function readMeta(file: FileHandle, offset: number): Promise<Meta | undefined> {
  const bytes = Buffer.alloc(pageHeader + 64);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
  const meta = bytes.subarray(pageHeader);
  if (bytesRead < bytes.length || meta.readUInt32LE(0) !== magic || meta.readUInt32LE(4) !== 2) return undefined;
  if (fnv64a(meta.subarray(0, 56)) !== meta.readBigUInt64LE(56)) return undefined;
  const pageSize = meta.readUInt32LE(8);
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) return undefined;
  const root = toNumber(meta.readBigUInt64LE(16));
  const pages = toNumber(meta.readBigUInt64LE(40));
  return { pageSize, root, pages, txid: meta.readBigUInt64LE(48) };
}

function fnv64a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

function toNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Damaged("a number in it makes no sense");
  return Number(value);
}

async function read(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  if (bytesRead < length) throw new Damaged("it is cut off");
  return bytes;
}

function isLeaf(page: Buffer): boolean {
  return (page.readUInt16LE(8) & leafPage) !== 0;
}

function elementsOf(page: Buffer): Element[] {
  if (page.length < pageHeader) throw new Damaged("it is cut off");
  const flags = page.readUInt16LE(8);
  if ((flags & (leafPage | branchPage)) === 0)
    throw new Damaged("a page in it is of a kind that is not expected there");
  const leaf = isLeaf(page);
  return Array.from({ length: page.readUInt16LE(10) }, (_none, index) => {
    const at = pageHeader + index * elementSize;
    if (at + elementSize > page.length) throw new Damaged("a page in it is cut off");
    const [position, keySize, valueSize] = leaf
      ? [page.readUInt32LE(at + 4), page.readUInt32LE(at + 8), page.readUInt32LE(at + 12)]
      : [page.readUInt32LE(at), page.readUInt32LE(at + 4), 0];
    const begin = at + position;
    if (begin + keySize + valueSize > page.length) throw new Damaged("a page in it is cut off");
    return {
      key: page.subarray(begin, begin + keySize),
      value: page.subarray(begin + keySize, begin + keySize + valueSize),
      isBucket: leaf && (page.readUInt32LE(at) & bucketElement) !== 0,
      page: leaf ? 0 : toNumber(page.readBigUInt64LE(at + 8)),
    };
  });
}
