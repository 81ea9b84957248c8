import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { pipeline, Readable } from "node:stream";
import { createGzip, gzipSync } from "node:zlib";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { openData } from "../../../../cli/backup/opendata.ts";
import { bytesOf, seal } from "../../../../cli/backup/seal.ts";
import { CliError } from "../../../../cli/errors.ts";
import type { DataSet } from "../../../../plan/backup/set.ts";
import { dataSet } from "../../../support/backup.ts";

describe("opening a set of data", () => {
  const snapshot = Buffer.from("a snapshot of etcd ".repeat(20_000));
  const digestOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  const set = dataSet(undefined, { bytes: snapshot.length, sha256: digestOf(snapshot) });
  let identity: string;
  let recipient: string;
  before(async () => {
    identity = await generateX25519Identity();
    recipient = await identityToRecipient(identity);
  });

  const sealedOf = async (...parts: (string | Buffer)[]): Promise<Buffer> =>
    bytesOf(await seal(Readable.from([gzipSync(Buffer.concat(parts.map((part) => Buffer.from(part))))]), [recipient]));
  const openedOf = async (sealed: Buffer, listed: DataSet = set): Promise<Buffer> => {
    const pieces = Array.from({ length: Math.ceil(sealed.length / 700) }, (_, n) =>
      sealed.subarray(n * 700, (n + 1) * 700),
    );
    return bytesOf(await openData(Readable.from(pieces), [identity], listed));
  };

  it("gives the snapshot, in whatever pieces it comes", async () => {
    const sealed = await sealedOf(`${JSON.stringify(set)}\n`, snapshot);
    assert.ok(snapshot.equals(await openedOf(sealed)));
  });

  it("refuses what was cut off or changed anywhere, in one sentence", async () => {
    const sealed = await sealedOf(`${JSON.stringify(set)}\n`, snapshot);
    for (const length of [0, 10, 200, sealed.length - 20, sealed.length - 1])
      await assert.rejects(
        openedOf(sealed.subarray(0, length)),
        /^CliError: The set .*: take another one\.$/,
        String(length),
      );
    for (const at of [30, 150, sealed.length >> 1, sealed.length - 3]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await assert.rejects(openedOf(changed), CliError, String(at));
    }
  });

  it("refuses another snapshot than it describes, also where it is longer or shorter", async () => {
    const head = `${JSON.stringify(set)}\n`;
    const other = Buffer.from(snapshot);
    other[5] = 0;
    for (const content of [other, snapshot.subarray(1), Buffer.concat([snapshot, Buffer.from("x")]), Buffer.alloc(0)])
      await assert.rejects(
        openedOf(await sealedOf(head, content)),
        /holds another snapshot than it says: take another one\.$/,
      );
  });

  it("ends one whose content does not, at the byte after those that it says", async () => {
    let given = 0;
    const endless = createGzip();
    const head = Buffer.from(`${JSON.stringify(set)}\n`);
    const content = (function* () {
      yield head;
      // Not all the same: it would be compressed to nothing.
      for (;;) {
        given += 2 ** 16;
        yield randomBytes(2 ** 16);
      }
    })();
    pipeline(Readable.from(content), endless, () => undefined);
    const sealed = await seal(endless, [recipient]);
    let taken = 0;
    await assert.rejects(async () => {
      for await (const chunk of await openData(sealed, [identity], set)) taken += (chunk as Buffer).length;
    }, /holds another snapshot than it says/);
    assert.ok(taken <= set.bytes && given < set.bytes + 2 ** 22, `${taken} of ${given}`);
  });

  it("refuses one that says inside that it is another", async () => {
    const inside = { ...set, reason: "now" };
    await assert.rejects(
      openedOf(await sealedOf(`${JSON.stringify(inside)}\n`, snapshot)),
      /says inside that it is another one/,
    );
  });

  it("refuses what has no description, or one without an end", async () => {
    for (const head of ["", "no JSON\n", "{}\n", JSON.stringify(set)]) {
      await assert.rejects(
        openedOf(await sealedOf(head, snapshot)),
        /cannot be used, for the description of the set/,
        head,
      );
      await assert.rejects(openedOf(await sealedOf(head)), CliError, head);
    }
  });

  it("refuses what is sealed, but not compressed", async () => {
    const sealed = await bytesOf(await seal(Readable.from([Buffer.from(`${JSON.stringify(set)}\n`)]), [recipient]));
    await assert.rejects(openedOf(sealed), /is damaged, or was cut off/);
  });

  it("passes on why there are no more bytes, from before the first one to the last", async () => {
    const sealed = await sealedOf(`${JSON.stringify(set)}\n`, snapshot);
    for (const length of [0, 100, 500, sealed.length - 1]) {
      const broken = Readable.from(
        (function* () {
          yield sealed.subarray(0, length);
          throw new CliError("Target vault: no answer within 60 s");
        })(),
      );
      const all = async (): Promise<Buffer> => bytesOf(await openData(broken, [identity], set));
      await assert.rejects(all(), /^CliError: Target vault: no answer within 60 s$/, String(length));
    }
  });
});
