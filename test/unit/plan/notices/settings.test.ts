import assert from "node:assert/strict";
import { isWanted, kindOfNotice, noticeSchema, type NoticeResult } from "../../../../plan/notices/notice.ts";
import { noticesSchema } from "../../../../plan/notices/settings.ts";
import { parseConfig } from "../../../../plan/config.ts";
import { secretTexts } from "../../../../plan/secrets.ts";
import { unreadSecret } from "../../../../plan/rawconfig.ts";
import { rawConfig } from "../../../support/cluster.ts";

const url = "https://hooks.example.com/services/T0/B0/XXXX?a=b";
const refused = (value: object): string => {
  const { error } = noticesSchema.safeParse(value);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
};

describe("plinth:notices", () => {
  it("needs an address alone, tells of everything by then, and has flags that are written as text", () => {
    const all = { done: true, drift: true, refused: true, failed: true };
    assert.deepEqual(noticesSchema.parse({ url }), { url, format: "json", headers: {}, on: all });
    assert.deepEqual(noticesSchema.parse({ url, on: { done: "false" } }).on, { ...all, done: false });
    assert.equal(parseConfig({ ...rawConfig, notices: { url } }).config?.notices?.url, url);
    assert.equal(parseConfig({ ...rawConfig, notices: "" }).config?.notices, undefined);
    // One that is a secret is read by whoever sends.
    assert.deepEqual(parseConfig({ ...rawConfig, notices: { url: unreadSecret } }).findings, []);
  });

  it("takes addresses over TLS, or of this machine", () => {
    for (const good of ["http://127.0.0.1:9/x", "http://[::1]:9/x", "http://localhost/x", "https://192.0.2.1:8443/a"])
      assert.equal(refused({ url: good }), "", good);
    for (const bad of [
      "http://hooks.example.com/x",
      "http://127.0.0.1.example.com/x",
      "https://user:secret@hooks.example.com/x",
      "https://hooks.example.com/x#y",
      "https://hooks.example.com/a b",
      "https://hooks.example.com/\n",
      "ftp://hooks.example.com/x",
      "hooks.example.com",
      "",
    ])
      assert.match(refused({ url: bad }), /^url: must be an address with https/, bad);
    // What is wrong with it is said without it.
    assert.doesNotMatch(refused({ url: "http://hooks.example.com/secret" }), /secret/);
  });

  it("refuses headers of the request itself, lines in values, and keys that it does not know", () => {
    assert.equal(refused({ url, headers: { Authorization: "Bearer abc" } }), "");
    assert.match(refused({ url, headers: { Host: "x" } }), /headers\.Host/);
    assert.match(refused({ url, headers: { "a b": "x" } }), /headers\.a b/);
    assert.match(refused({ url, headers: { a: "x\r\nb: c" } }), /headers\.a: must be one line/);
    assert.match(refused({ url, channel: "#ops" }), /channel/);
    assert.match(refused({ url, on: { drfit: true } }), /drfit/);
  });

  it("hides no word of what Plinth says where the address is a secret", () => {
    const parsed = noticesSchema.parse({ url, on: { failed: false } });
    assert.deepEqual(secretTexts([parsed]), [url]);
  });
});

describe("which runs are told of", () => {
  const on = { done: true, drift: true, refused: true, failed: true };

  it("those that ended without anybody there, by what they came to", () => {
    const told = (noticeSchema.shape.result.options as readonly NoticeResult[]).filter((result) =>
      isWanted(result, true, { on }),
    );
    assert.deepEqual(told, ["done", "drift", "refused", "invalid", "failed"]);
    assert.equal(kindOfNotice("invalid"), "failed");
    assert.equal(isWanted("invalid", true, { on: { ...on, failed: false } }), false);
    for (const result of ["done", "drift", "refused", "failed"] as const)
      assert.equal(isWanted(result, true, { on: { ...on, [result]: false } }), false, result);
  });

  it("and of commands that only look those that found something", () => {
    assert.equal(isWanted("done", false, { on }), false);
    assert.equal(isWanted("drift", false, { on }), true);
    assert.equal(isWanted("failed", false, { on }), true);
  });
});
