/** A snapshot of etcd of a few keys: a bbolt database of three pages, and its SHA-256 behind it. */

import { createHash } from "node:crypto";

const pageSize = 4096;

type Pair = readonly [key: Buffer, value: Buffer, isBucket?: boolean];

/** A leaf page, of the length that its content needs. */
function leaf(id: number, pairs: readonly Pair[]): Buffer {
  const head = Buffer.alloc(16 + 16 * pairs.length);
  head.writeBigUInt64LE(BigInt(id), 0);
  head.writeUInt16LE(0x02, 8);
  head.writeUInt16LE(pairs.length, 10);
  const content: Buffer[] = [];
  let at = head.length;
  pairs.forEach(([key, value, isBucket = false], index) => {
    const element = 16 + 16 * index;
    head.writeUInt32LE(isBucket ? 1 : 0, element);
    head.writeUInt32LE(at - element, element + 4);
    head.writeUInt32LE(key.length, element + 8);
    head.writeUInt32LE(value.length, element + 12);
    content.push(key, value);
    at += key.length + value.length;
  });
  return Buffer.concat([head, ...content]);
}

/** Two leaves below a branch. */
function branch(id: number, below: readonly (readonly [key: Buffer, page: number])[]): Buffer {
  const head = Buffer.alloc(16 + 16 * below.length);
  head.writeBigUInt64LE(BigInt(id), 0);
  head.writeUInt16LE(0x01, 8);
  head.writeUInt16LE(below.length, 10);
  let at = head.length;
  below.forEach(([key, page], index) => {
    const element = 16 + 16 * index;
    head.writeUInt32LE(at - element, element);
    head.writeUInt32LE(key.length, element + 4);
    head.writeBigUInt64LE(BigInt(page), element + 8);
    at += key.length;
  });
  return Buffer.concat([head, ...below.map(([key]) => key)]);
}

function fnv64a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

function meta(id: number, txid: bigint, pages: number): Buffer {
  const page = Buffer.alloc(pageSize);
  page.writeBigUInt64LE(BigInt(id), 0);
  page.writeUInt16LE(0x04, 8);
  page.writeUInt32LE(0xed0cdaed, 16);
  page.writeUInt32LE(2, 20);
  page.writeUInt32LE(pageSize, 24);
  page.writeBigUInt64LE(2n, 32);
  page.writeBigUInt64LE(BigInt(pages), 56);
  page.writeBigUInt64LE(txid, 64);
  page.writeBigUInt64LE(fnv64a(page.subarray(16, 72)), 72);
  return page;
}

const padded = (page: Buffer): Buffer => Buffer.concat([page, Buffer.alloc(pageSize - page.length)]);
const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
/** Of a bucket: its root, 0 where that follows, and a sequence. */
const bucket = (root: number, inline: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([number(root), number(0), inline]);

export interface FakeSnapshot {
  /** Last revision. */
  revision: number;
  /** Of the storage, as etcd 3.6 and later write it. */
  storage?: string;
  /** Of the cluster. */
  cluster?: string;
  /** A value of the last key. */
  text?: string;
}

/** @returns the bytes of a file as `etcdctl snapshot save` makes it. */
export function snapshotBytes({ revision, storage, cluster, text = "" }: FakeSnapshot): Buffer {
  const text8 = (value: string): Buffer => Buffer.from(value);
  const revisionKey = (value: number): Buffer => {
    const key = Buffer.alloc(17, "_");
    key.writeBigInt64BE(BigInt(value), 0);
    key.writeBigInt64BE(0n, 9);
    return key;
  };
  const some = (name: string, value: string | undefined): Pair[] =>
    value === undefined ? [] : [[text8(name), text8(value)]];
  const names: Pair[] = [
    [text8("cluster"), bucket(0, leaf(0, some("clusterVersion", cluster))), true],
    [text8("key"), bucket(3), true],
    [
      text8("meta"),
      bucket(0, leaf(0, [[text8("consistent_index"), number(7)], ...some("storageVersion", storage)])),
      true,
    ],
  ];
  const pages = [
    meta(0, 6n, 6),
    meta(1, 7n, 6),
    padded(leaf(2, names)),
    padded(
      branch(3, [
        [revisionKey(1), 4],
        [revisionKey(revision), 5],
      ]),
    ),
    padded(leaf(4, [[revisionKey(1), text8("first")]])),
    padded(leaf(5, [[revisionKey(revision), text8(text)]])),
  ];
  const database = Buffer.concat(pages);
  return Buffer.concat([database, createHash("sha256").update(database).digest()]);
}
