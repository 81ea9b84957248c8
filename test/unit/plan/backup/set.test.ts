import assert from "node:assert/strict";
import fc from "fast-check";
import {
  belongTogether,
  clockSlack,
  isAhead,
  largestSnapshot,
  longestDescription,
  newestUntil,
  parseSet,
  setId,
} from "../../../../plan/backup/set.ts";
import type { DataSet } from "../../../../plan/backup/set.ts";
import { timeOfId } from "../../../../plan/backup/listing.ts";
import { dataSet, stateSet } from "../../../support/backup.ts";

const seconds = fc.integer({ min: 0, max: Date.parse("2099-12-31T00:00:00Z") / 1000 });

describe("plan/backup/set", () => {
  it("reads what describes either half", () => {
    for (const set of [dataSet(), stateSet()]) assert.deepEqual(parseSet(JSON.stringify(set)), set);
  });

  it("says in one sentence what is no description", () => {
    const wrong: [text: string, sentence: RegExp][] = [
      ["{", /^the description of the set is not JSON$/],
      ["[]", /^the description of the set makes no sense: /],
      [JSON.stringify({ ...dataSet(), format: 2 }), /has the format 2, and this release knows 1: use a newer Plinth$/],
      [JSON.stringify({ ...dataSet(), kind: "other" }), /makes no sense: kind /],
      [JSON.stringify({ ...dataSet(), sha256: "0" }), /makes no sense: sha256 must be a SHA-256/],
      [JSON.stringify({ ...dataSet(), revision: -1 }), /makes no sense: revision /],
      [JSON.stringify({ ...dataSet(), id: "../../etc" }), /makes no sense: id /],
      [JSON.stringify({ ...dataSet(), clusterId: "demo" }), /makes no sense: clusterId /],
      [JSON.stringify({ ...stateSet(), incarnation: undefined }), /makes no sense: incarnation /],
    ];
    for (const [text, sentence] of wrong) {
      assert.throws(
        () => parseSet(text),
        (error: Error) => sentence.test(error.message) && !error.message.includes("\n"),
        text,
      );
    }
  });

  it("takes no texts that would be more than a line of a terminal", () => {
    for (const reason of ["a\nb", "\u001b[2J", "a\rb", "a\u2028b", ""])
      assert.throws(() => parseSet(JSON.stringify(dataSet(undefined, { reason }))), /makes no sense: reason must /);
  });

  it("names sets by time and maker, so that names sort by time and can be read back", () => {
    assert.equal(setId(Date.parse("2026-11-29T21:00:00.999Z"), "cp1"), "20261129T210000Z-cp1");
    fc.assert(
      fc.property(seconds, seconds, fc.string({ minLength: 1 }), (one, other, maker) => {
        const id = setId(one * 1000, maker);
        assert.equal(Date.parse(timeOfId(id) ?? ""), one * 1000);
        parseSet(JSON.stringify({ ...dataSet(), id }));
        assert.ok(one >= other || id.slice(0, 16) < setId(other * 1000, maker).slice(0, 16));
      }),
    );
  });

  it("joins halves of one cluster and the same keys, and no others", () => {
    const [data, state] = [dataSet(), stateSet()];
    assert.ok(belongTogether(data, state));
    const keys = { ...data.keys, encryption: "5".repeat(64) };
    for (const other of [
      { clusterId: "f".repeat(16) },
      { keys },
      { keys: { ...data.keys, serviceAccounts: "6".repeat(64) } },
    ])
      assert.ok(!belongTogether(data, { ...state, ...other }));
  });

  it("finds the newest set that is not later than a time", () => {
    fc.assert(
      fc.property(fc.array(seconds, { maxLength: 20 }), seconds, seconds, (times, now, until) => {
        const sets = times.map((at, index) => ({ id: String(index), time: new Date(at * 1000).toISOString() }));
        const found = newestUntil(sets, now * 1000, until * 1000);
        const allowed = times.filter((at) => at <= until && at <= now + clockSlack);
        assert.equal(
          found === undefined ? undefined : Date.parse(found.time) / 1000,
          allowed.length === 0 ? undefined : Math.max(...allowed),
        );
      }),
    );
    assert.equal(newestUntil<DataSet>([], 0), undefined);
  });

  it("never takes one from the future for the newest, as members do not", () => {
    const now = Date.parse("2026-11-29T21:00:00Z");
    const [old, late, ahead] = ["20:00:00", "21:10:00", "21:10:01"].map((at) => dataSet(`2026-11-29T${at}Z`));
    assert.ok(old !== undefined && late !== undefined && ahead !== undefined);
    assert.deepEqual(
      [old, late, ahead].map((set) => isAhead(set, now)),
      [false, false, true],
    );
    assert.equal(newestUntil([ahead, old], now), old);
    assert.equal(newestUntil([ahead, late, old], now, Date.parse("2027-01-01T00:00:00Z")), late);
  });

  it("reads no description that is longer than any, and no snapshot that is larger", () => {
    const long = `${JSON.stringify(dataSet())}${" ".repeat(longestDescription)}`;
    assert.throws(() => parseSet(long), /^Error: the description of the set is longer than 8192 characters$/);
    const large = JSON.stringify(dataSet(undefined, { bytes: largestSnapshot + 1 }));
    assert.throws(() => parseSet(large), /makes no sense: bytes /);
    const words = "\u{1f512}".repeat(126);
    const most = { ...dataSet(), reason: words, cluster: words, kubernetes: words, etcd: words, host: words };
    parseSet(JSON.stringify(most));
  });
});
