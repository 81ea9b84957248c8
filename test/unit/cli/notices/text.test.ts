import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { forChat, noticeText } from "../../../../cli/notices/text.ts";
import { longest, noticeSchema } from "../../../../plan/notices/notice.ts";
import { driftNotice, noticeOf } from "./support.ts";

const finding = {
  rule: "quorum",
  hosts: ["cp1"],
  message: "two members would be gone",
  remedy: "remove one at a time",
};

describe("the text of a notice", () => {
  it("says how a run ended, and why", () => {
    assert.equal(noticeText(noticeOf()), 'Plinth: up of stack "prod" is done in 3 min 05 s: 12 resources changed.');
    assert.equal(
      noticeText(noticeOf({ changes: {} })),
      'Plinth: up of stack "prod" is done in 3 min 05 s: nothing to change.',
    );
    assert.equal(
      noticeText(noticeOf({ result: "refused", findings: { total: 1, first: [finding] } })),
      'Plinth: up of stack "prod" was refused, no host was changed:\n- cp1: two members would be gone; remove one at a time [quorum]',
    );
    assert.equal(
      noticeText(
        noticeOf({ result: "failed", problems: ["etcd on cp2: not healthy\n  last lines of the unit\n  and more"] }),
      ),
      'Plinth: up of stack "prod" failed after 3 min 05 s:\n- etcd on cp2: not healthy',
    );
    assert.equal(
      noticeText(driftNotice()),
      'Plinth: Stack "prod" is not as the last up has left it: 1 difference:\n- cp1: etcd, file /etc/etcd/etcd.yaml: its content is another',
    );
    const blind = { total: 1, first: [{ host: "w1", message: "cannot be reached" }] };
    assert.match(
      noticeText(driftNotice({ unseen: blind })),
      /1 difference, and 1 thing could not be looked at:\n.*\n- not looked at: w1: cannot be reached$/,
    );
    assert.equal(
      noticeText(driftNotice({ result: "done", differences: { total: 0, first: [] } })),
      'Plinth: Stack "prod" is as the last up has left it.',
    );
  });

  it("mentions nobody and links nowhere, whatever a host says, and is never too long", () => {
    assert.equal(
      forChat("<!channel> @here a@b & <https://x|y>\u0007"),
      "&lt;!channel&gt; @\u200bhere a@\u200bb &amp; &lt;https://x|y&gt;\\x07",
    );
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 5000 }), { maxLength: 30 }), (problems) => {
        const text = noticeText(noticeOf({ result: "failed", problems }));
        assert.ok(text.length <= longest.text + 30);
        assert.doesNotMatch(text, /[<>]|@\w/);
        // Lines are ours: a problem makes none.
        assert.ok(
          text
            .split("\n")
            .slice(1)
            .every((line) => line.startsWith("- ")),
        );
      }),
    );
  });

  it("says how much more there is", () => {
    const first = Array.from({ length: 100 }, (_, n) => ({ ...finding, hosts: [`w${n}`] }));
    const lines = noticeText(noticeOf({ result: "refused", findings: { total: 250, first } })).split("\n");
    assert.equal(lines.length, 12);
    assert.equal(lines.at(-1), "- and 240 more");
  });
});

describe("docs/notices.md", () => {
  it("shows a document as it is sent", () => {
    const text = readFileSync(path.join(import.meta.dirname, "../../../../docs/notices.md"), "utf8");
    const [, example = ""] = /```json\n(.*?)```/s.exec(text) ?? [];
    const notice = noticeSchema.strict().parse(JSON.parse(example));
    assert.equal(notice.text, noticeText(notice));
    assert.deepEqual({ ...driftNotice(), text: notice.text }, notice);
  });
});
