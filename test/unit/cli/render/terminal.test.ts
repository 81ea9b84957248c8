import assert from "node:assert/strict";
import { styleText } from "node:util";
import { shown } from "../../../../cli/render/terminal.ts";
import { code, fenced, plain } from "../../../../cli/review/markdown.ts";

describe("text of hosts", () => {
  const hostile = "a\u001b[2Jb\rc\u0007d\u202ee\u009b31mf";
  const seen = "a\\x1b[2Jb\\x0dc\\x07d\\u{202e}e\\x9b31mf";

  it("is shown escaped on a terminal, beside our own colours", () => {
    assert.equal(shown(hostile), seen);
    const painted = styleText("red", "red", { validateStream: false });
    assert.equal(shown(`${painted}\t${hostile}\n`), `${painted}\t${seen}\n`);
    assert.equal(shown("\u001b[8mhidden\u001b]0;title\u0007"), "\\x1b[8mhidden\\x1b]0;title\\x07");
  });

  it("is shown escaped in a review", () => {
    assert.doesNotMatch(plain(hostile), /\p{Cc}|\p{Cf}/u);
    assert.equal(code(hostile), `\`${seen}\``);
    assert.deepEqual(fenced(["one", hostile], "sh"), ["```sh", "one", seen, "```"]);
  });
});
