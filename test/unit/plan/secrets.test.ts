import assert from "node:assert/strict";
import { PlinthError, type Finding } from "../../../plan/findings.ts";
import { concealSecrets, unreadSecret } from "../../../plan/rawconfig.ts";
import { errorWithout, holdsSecret, revealedTexts, secretTexts, withoutSecrets } from "../../../plan/secrets.ts";

describe("plan/secrets", () => {
  it("knows which texts stood where secrets stood", () => {
    const hidden = concealSecrets({
      a: { user: "puller", password: { secure: "v1:x" } },
      b: ["x", { secure: "v1:y" }],
    });
    const clear = { a: { user: "puller", password: "correct horse" }, b: ["x", "battery"] };
    assert.deepEqual(revealedTexts(hidden, clear), ["correct horse", "battery"]);
    assert.deepEqual(revealedTexts(unreadSecret, clear).length, 3, "of a secret structure every text");
    assert.deepEqual(revealedTexts(hidden, undefined), []);
  });

  it("takes every text of a key that the engine calls secret, but for those that stand anywhere by chance", () => {
    assert.deepEqual(secretTexts([{ v: "4", token: "correct horse" }, "2222", "battery"]), [
      "correct horse",
      "battery",
    ]);
  });

  it("puts a mark in the place of each, longer ones first", () => {
    const secrets = secretTexts(["battery", "battery staple"]);
    assert.ok(holdsSecret("a battery", secrets));
    assert.equal(withoutSecrets("battery staple, battery, bat", secrets), "[secret], [secret], bat");
  });

  it("takes them out of errors, findings keep their class", () => {
    const finding: Finding = { rule: "r", kind: "input", hosts: ["cp1"], message: "has battery", remedy: "no battery" };
    const error = errorWithout(new PlinthError([finding]), ["battery"]);
    assert.ok(error instanceof PlinthError);
    assert.deepEqual(error.findings, [{ ...finding, message: "has [secret]", remedy: "no [secret]" }]);
    assert.match(String(errorWithout(new Error("a battery"), ["battery"])), /a \[secret\]/);
    const other = new Error("a horse");
    assert.equal(errorWithout(other, ["battery"]), other);
  });
});
