import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { bytesOf, open, seal } from "../../../../cli/backup/seal.ts";

async function pair(): Promise<{ identity: string; recipient: string }> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

const streamOf = (...chunks: (string | Buffer)[]): Readable => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));

const textOf = async (stream: Readable): Promise<string> => (await bytesOf(stream)).toString();

/** Bytes; more than any set here has. */
const most = 2 ** 22;

describe("sealing", () => {
  it("gives back what was sealed, in any number of pieces, to each of its recipients and nobody else", async () => {
    const [one, two, other] = await Promise.all([pair(), pair(), pair()]);
    const text = "a secret ".repeat(20_000);
    const pieces = text.match(/.{1,70000}/gs) ?? [];
    const sealed = await bytesOf(await seal(streamOf(...pieces), [one.recipient, two.recipient]));
    assert.match(sealed.subarray(0, 22).toString(), /^age-encryption\.org\/v1/);
    assert.ok(!sealed.includes("a secret"));
    for (const { identity } of [one, two])
      assert.equal(await textOf(await open(streamOf(sealed), [other.identity, identity], most)), text);
    await assert.rejects(
      open(streamOf(sealed), [other.identity], most),
      /^CliError: None of the keys at hand opens the set/,
    );
  });

  it("tells of what is damaged, cut off, or no such thing, in one sentence", async () => {
    const { identity, recipient } = await pair();
    const sealed = await bytesOf(await seal(streamOf("x".repeat(200_000)), [recipient]));
    const flipped = Buffer.from(sealed);
    flipped[sealed.length - 5] = (flipped[sealed.length - 5] ?? 0) ^ 1;
    const all = async (bytes: Buffer): Promise<string> => textOf(await open(streamOf(bytes), [identity], most));
    for (const bytes of [
      flipped,
      sealed.subarray(0, sealed.length - 1),
      sealed.subarray(0, 150_000),
      sealed.subarray(0, 100),
      Buffer.from("nothing of the kind"),
      Buffer.alloc(0),
    ])
      await assert.rejects(all(bytes), /^CliError: The set is damaged, or was not sealed by age: take another one\.$/);
  });

  it("reads no more than a set may have, and no header that does not end", async () => {
    const { identity, recipient } = await pair();
    const sealed = await bytesOf(await seal(streamOf("x".repeat(200_000)), [recipient]));
    assert.equal((await textOf(await open(streamOf(sealed), [identity], sealed.length))).length, 200_000);
    await assert.rejects(
      async () => textOf(await open(streamOf(sealed), [identity], sealed.length - 1)),
      /^CliError: The set is longer than the \d+ bytes that it may have: take another one\.$/,
    );
    let given = 0;
    const endless = Readable.from(
      (function* () {
        yield Buffer.from("age-encryption.org/v1\n");
        for (;;) {
          given += 1000;
          yield Buffer.from(`-> X25519 ${"A".repeat(988)}\n`);
        }
      })(),
    );
    await assert.rejects(open(endless, [identity], Number.POSITIVE_INFINITY), /^CliError: The set is damaged/);
    assert.ok(given < 2 ** 20, String(given));
  });

  it("passes on what goes wrong while it reads", async () => {
    const { recipient } = await pair();
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from("one");
        await Promise.resolve();
        throw new Error("the disk is gone");
      })(),
    );
    await assert.rejects(bytesOf(await seal(broken, [recipient])), /the disk is gone/);
  });

  it("takes public keys of age, and at least one", async () => {
    await assert.rejects(seal(streamOf("x"), []), /to one key at least/);
    await assert.rejects(seal(streamOf("x"), ["age1nothing"]), /age1nothing is not a public key of age/);
  });
});
