import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { pack, sealHalf, unpack } from "../../../../cli/backup/pack.ts";
import { openState } from "../../../../cli/backup/openstate.ts";
import { buildStateHalf } from "../../../../plan/backup/statehalf.ts";

describe("a half as it is sealed", () => {
  const halfOf = () => {
    const half = buildStateHalf({
      project: "plinth",
      stack: "lab",
      reason: "now",
      at: 0,
      open: JSON.stringify({
        version: 3,
        deployment: {
          resources: [
            {
              urn: "urn:pulumi:lab::plinth::pulumi:pulumi:Stack::plinth-lab",
              type: "pulumi:pulumi:Stack",
              outputs: { clusterId: "0123456789abcdef", clusterName: "lab", hosts: {}, text: "x".repeat(10_000) },
            },
            {
              urn: "urn:pulumi:lab::plinth::tls:index/privateKey:PrivateKey::service-account",
              type: "tls:index/privateKey:PrivateKey",
              outputs: { publicKeyPem: "PEM" },
            },
            {
              urn: "urn:pulumi:lab::plinth::random:index/randomPassword:RandomPassword::encryption-key",
              type: "random:index/randomPassword:RandomPassword",
              outputs: { result: "key" },
            },
          ],
        },
      }),
      closed: "",
      files: {},
      imports: [],
      operatorFiles: {},
      config: {},
      release: "0.1.0",
    });
    assert.ok(half);
    return half;
  };

  it("is smaller than its text, and comes back", async () => {
    const half = halfOf();
    const packed = await pack(half);
    assert.ok(packed.length < 2000, String(packed.length));
    assert.deepEqual(await unpack(packed), half);
  });

  it("is refused where it is larger than what is opened again", async () => {
    const half = halfOf();
    const identity = await generateX25519Identity();
    const recipients = [await identityToRecipient(identity)];
    const sealed = await sealHalf(half, recipients);
    assert.deepEqual(await openState(Readable.from([sealed]), [identity], half.set), half);
    const most = { sealed: sealed.length, unpacked: JSON.stringify(half).length };
    assert.equal((await sealHalf(half, recipients, most)).length, sealed.length);
    await assert.rejects(
      sealHalf(half, recipients, { ...most, sealed: most.sealed - 1 }),
      /^CliError: The state of stack "lab" is not kept: its sealed set would have more than \d+ MiB, and nobody/,
    );
    await assert.rejects(
      sealHalf(half, recipients, { ...most, unpacked: most.unpacked - 1 }),
      /is not kept: its text would have more than/,
    );
    await assert.rejects(unpack(await pack(half), most.unpacked - 1), /^Error: it has more than \d+ MiB$/);
    assert.deepEqual(await unpack(await pack(half), most.unpacked), half);
  });

  it("is told apart from what is none", async () => {
    await assert.rejects(unpack(Buffer.from("nothing")), /^Error: it is not compressed by gzip$/);
    await assert.rejects(unpack(gzipSync("nothing")), /^Error: it is not JSON$/);
  });
});
