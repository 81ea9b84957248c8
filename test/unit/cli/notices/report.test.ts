import assert from "node:assert/strict";
import fc from "fast-check";
import { renderReport } from "../../../../cli/notices/report.ts";
import { driftNotice, noticeOf } from "./support.ts";

describe("a report", () => {
  it("of a look for drift says what differs, what could not be looked at, and what to do", () => {
    const unseen = { total: 1, first: [{ host: "w1", message: "cannot be reached" }] };
    assert.deepEqual(renderReport(driftNotice({ unseen })).split("\n"), [
      "<!-- plinth-report prod drift -->",
      "## Plinth: drift of stack `prod`",
      "",
      '**Stack "prod" is not as the last up has left it: 1 difference, and 1 thing could not be looked at.**',
      "",
      "### Differences",
      "",
      "| host | bundle | kind | what | differs |",
      "| --- | --- | --- | --- | --- |",
      "| `cp1` | `etcd` | file | /etc/etcd/etcd.yaml | its content is another |",
      "",
      "### Could not be looked at",
      "",
      "- `w1`: cannot be reached",
      "",
      "`./plinth up --stack prod --heal` puts that right; docs/drift.md says what it does about each kind.",
      "",
      "|  |  |",
      "| --- | --- |",
      "| began | 2026-11-30T02:41:00.000Z |",
      "| time | 6.2 s, look 5.9 s |",
      "| hosts | 5 |",
      "",
    ]);
  });

  it("of an up says why it was refused or failed", () => {
    const finding = { rule: "quorum", hosts: ["cp1"], message: "two members would be gone", remedy: "one at a time" };
    const refused = renderReport(noticeOf({ result: "refused", findings: { total: 1, first: [finding] } }));
    assert.match(refused, /\*\*up of stack "prod" was refused, no host was changed\.\*\*/);
    assert.match(refused, /\| `quorum` \| cp1 \| two members would be gone \| one at a time \|/);
    const failed = renderReport(noticeOf({ result: "failed", problems: ["etcd on cp2: not healthy\n  line"] }));
    assert.match(failed, /### Why\n\n> etcd on cp2: not healthy\n> {3}line\n/);
    assert.match(failed, /`\.\/plinth up --stack prod` goes on from there/);
    assert.match(renderReport(noticeOf()), /\| resources \| 12 update \|/);
  });

  it("shows what others say as text, without secrets, and fits into an issue", () => {
    const hostile = "<script>|@team #1 ![x](http://y)\n# heading\u0007 password=abcdefgh";
    const text = renderReport(
      driftNotice({
        differences: { total: 1, first: [{ host: "`h`|", kind: hostile, name: hostile, detail: hostile }] },
        problems: [hostile],
      }),
    );
    assert.ok(!text.includes("\u0007"));
    assert.doesNotMatch(text, /<script>|@team|!\[x\]|^# heading|abcdefgh/m);
    const difference = fc.record({
      host: fc.string(),
      kind: fc.string(),
      name: fc.string({ maxLength: 2000 }),
      detail: fc.string(),
    });
    fc.assert(
      fc.property(fc.array(difference, { maxLength: 100 }), (first) => {
        const report = renderReport(driftNotice({ differences: { total: 500, first } }));
        assert.ok(report.length <= 64_000);
        assert.match(report, /^<!-- plinth-report prod drift -->\n/);
      }),
      { numRuns: 30 },
    );
    const long = Array.from({ length: 100 }, () => ({ host: "w1", kind: "file", name: "x".repeat(2000), detail: "y" }));
    assert.match(renderReport(driftNotice({ differences: { total: 100, first: long } })), /The rest is left out/);
  });
});
