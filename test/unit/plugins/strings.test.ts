import assert from "node:assert/strict";
import fc from "fast-check";
import structMessages from "google-protobuf/google/protobuf/struct_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { useNativeStrings } from "../../../plugins/provider/strings.ts";

/** A length-delimited field as protobuf writes it. */
function field(number: number, text: string): Buffer {
  const content = Buffer.from(text);
  const length: number[] = [];
  for (let rest = content.length; ; rest >>>= 7) {
    length.push(rest < 128 ? rest : (rest & 127) | 128);
    if (rest < 128) break;
  }
  return Buffer.concat([Buffer.of((number << 3) | 2, ...length), content]);
}

describe("texts in protobuf messages", () => {
  before(useNativeStrings);

  it("have the form of the protocol, and come back as they were", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 500 }), (text) => {
        const value = new structMessages.Value();
        value.setStringValue(text);
        const bytes = value.serializeBinary();
        assert.deepEqual(Buffer.from(bytes), field(3, text));
        assert.equal(structMessages.Value.deserializeBinary(bytes).getStringValue(), text);
      }),
    );
  });

  it("may be empty, long, and begin with a byte order mark", () => {
    const map = { empty: "", long: "ä".repeat(70_000), mark: "\ufeffx", nested: { list: ["a", "", null, 1, true] } };
    const request = new messages.CheckRequest();
    request.setUrn("urn:ü");
    request.setNews(structMessages.Struct.fromJavaScript(map));
    const back = messages.CheckRequest.deserializeBinary(request.serializeBinary());
    assert.equal(back.getUrn(), "urn:ü");
    assert.deepEqual(back.getNews()?.toJavaScript(), map);
  });

  it("are keys and values of maps, and items of lists", () => {
    const request = new messages.ConfigureRequest();
    request.getVariablesMap().set("kubernetes:config:namespace", "größe");
    const configured = messages.ConfigureRequest.deserializeBinary(request.serializeBinary());
    assert.equal(configured.getVariablesMap().get("kubernetes:config:namespace"), "größe");
    const diff = new messages.DiffRequest();
    diff.setIgnorechangesList(["a", "ö"]);
    assert.deepEqual(messages.DiffRequest.deserializeBinary(diff.serializeBinary()).getIgnorechangesList(), ["a", "ö"]);
  });
});
