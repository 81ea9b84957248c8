import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeAnswer, encodeQuery } from "../../../../plan/networkcheck/dnsmessage.ts";

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("messages of DNS", () => {
  it("ask for a name, or for the root", () => {
    const query = (name: string, type: "A" | "NS") => Buffer.from(encodeQuery(name, type), "base64url").toString("hex");
    assert.equal(query(".", "NS"), "000001000001000000000000" + "00" + "0002" + "0001");
    assert.equal(query("a.bc", "A"), "000001000001000000000000" + "0161" + "026263" + "00" + "0001" + "0001");
  });

  it("tell addresses behind names that stand elsewhere", () => {
    const question = "0161 00 0001 0001";
    const alias = "c00c 0005 0001 0000001e 0004 0162 c00c";
    const address = "c00c 0001 0001 0000001e 0004 0a1d0001";
    const message = hex(`0000 8180 0001 0002 0000 0000 ${question} ${alias} ${address}`);
    assert.deepEqual(decodeAnswer(message), { code: "NOERROR", records: 2, addresses: ["10.29.0.1"] });
  });

  it("tell why there is no address", () => {
    assert.deepEqual(decodeAnswer(hex("0000 8102 0001 0000 0000 0000 00 0002 0001")), {
      ...{ code: "SERVFAIL", records: 0, addresses: [] },
    });
    assert.equal(decodeAnswer(hex("0000 8187 0000 0000 0000 0000"))?.code, "RCODE7");
  });

  it("are none without a header, or where they are questions", () => {
    assert.equal(decodeAnswer(hex("0000 81")), undefined);
    assert.equal(decodeAnswer(hex("0000 0100 0001 0000 0000 0000 00 0002 0001")), undefined);
  });

  it("end the reader, whatever bytes a host makes up", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const answer = decodeAnswer(Uint8Array.from([0, 0, 0x81, 0x80, ...bytes]));
        assert.ok(answer === undefined || answer.addresses.length <= 60);
      }),
    );
  });
});
