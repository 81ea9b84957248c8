import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { pack, unpack } from "../../../../cli/backup/pack.ts";
import { buildStateHalf } from "../../../../plan/backup/statehalf.ts";

describe("a half as it is sealed", () => {
  it("is smaller than its text, and comes back", async () => {
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
    const packed = await pack(half);
    assert.ok(packed.length < 2000, String(packed.length));
    assert.deepEqual(await unpack(packed), half);
  });

  it("is told apart from what is none", async () => {
    await assert.rejects(unpack(Buffer.from("nothing")), /^Error: it is not compressed by gzip$/);
    await assert.rejects(unpack(gzipSync("nothing")), /^Error: it is not JSON$/);
  });
});
