import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type DrillRecord,
  drillLine,
  drillOf,
  drillReaders,
  drillRecord,
  isMost,
  judgeDrill,
  renderDrillRecord,
} from "../../../../plan/backup/drill.ts";
import { readLook } from "../../../../plan/look.ts";
import { backupOf } from "../../../support/backup.ts";

const day = 86_400;
const now = 1_800_000_000;
const set = "20261129T210000Z-cp1";
const good = (at = now - 3600): DrillRecord => ({ at, seconds: 41, result: "ok", set, reason: "" });
const failed: DrillRecord = { ...good(), result: "failed", reason: "Target vault: no answer within 60 s" };
const command = "./plinth drill restore";

const records = fc.record({
  endedAt: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  seconds: fc.double({ min: 0, max: 100_000, noNaN: true }),
  set: fc.option(fc.constant(set), { nil: undefined }),
  problems: fc.array(fc.string({ unit: "binary", maxLength: 700 }), { maxLength: 2 }),
});

/** What a host tells of a record, as scripts/look/backups.sh does. */
function told(record: DrillRecord): DrillRecord[] {
  const fields = new Map(
    renderDrillRecord(record)
      .split("\n")
      .map((line): [string, string] => [line.split(" ", 1)[0] ?? "", line.slice(line.indexOf(" ") + 1)]),
  );
  const line = ["at", "seconds", "result", "set", "reason"].map((name) => fields.get(name) ?? "").join(" ");
  const found: DrillRecord[] = [];
  readLook(
    `plinth-facts 1\ndrill ${line}\nend\n`,
    drillReaders((one) => found.push(one)),
  );
  return found;
}

describe("the record of a restore drill", () => {
  it("is one line for each thing, and tells the first problem", () => {
    const outcome = { set, endedAt: 1_764_450_000_900, seconds: 41.6, problems: [] };
    assert.equal(renderDrillRecord(drillRecord(outcome)), `at 1764450000\nseconds 42\nresult ok\nset ${set}\n`);
    const problems = ["a restore\nwould refuse it", "another"];
    assert.equal(
      renderDrillRecord(drillRecord({ ...outcome, set: undefined, problems })),
      "at 1764450000\nseconds 42\nresult failed\nset -\nreason a restore would refuse it\n",
    );
  });

  it("comes back from a host as it went there, whatever the problem is", () => {
    fc.assert(
      fc.property(records, (outcome) => {
        const record = drillRecord(outcome);
        assert.deepEqual(told(record), [record]);
        assert.ok(record.reason.length <= 300);
        assert.ok(renderDrillRecord(record).split("\n").length <= 6);
      }),
    );
  });

  it("is refused where it makes no sense", () => {
    for (const line of ["", "x 1 ok -", "1 1 fine -", "1 1 ok ../set", "1"])
      assert.throws(() => {
        readLook(
          `plinth-facts 1\ndrill ${line}\nend\n`,
          drillReaders(() => undefined),
        );
      }, /about its last restore drill makes no sense/);
  });
});

describe("the restore drill that counts", () => {
  it("is told by more than half of all", () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), (count, all) => {
        assert.equal(isMost(count, all), count * 2 > all);
      }),
    );
  });

  it("is what more than half of the members that answer tell alike", () => {
    assert.equal(drillOf([], now), "none");
    assert.equal(drillOf([undefined, undefined, good()], now), "none");
    assert.deepEqual(drillOf([good(), undefined, good()], now), good());
    assert.deepEqual(drillOf([good(), failed, failed], now), failed);
    assert.equal(drillOf([good(), failed], now), "divided");
    assert.equal(drillOf([good(), failed, undefined], now), "divided");
    assert.equal(drillOf([good(now + day), good(now + day)], now), "none");
  });

  it("is never made up by half of the members or fewer", () => {
    const record = records.map(drillRecord);
    fc.assert(
      fc.property(
        fc.nat({ max: 3 }),
        fc.array(record, { maxLength: 3 }),
        fc.integer({ min: 0 }),
        (more, lies, seed) => {
          const honest = Array.from({ length: lies.length + more + 1 }, () => good());
          const all = [...honest, ...lies];
          // In any order.
          const turned = all.map((_, index) => all[(index + seed) % all.length]);
          assert.deepEqual(drillOf(turned, now), good());
        },
      ),
    );
  });
});

describe("what is to be done about restore drills", () => {
  const judged = (known: Parameters<typeof judgeDrill>[0], maxAgeDays?: number): string[] =>
    judgeDrill(known, backupOf(maxAgeDays === undefined ? {} : { drill: { maxAgeDays } }), now, command);

  it("is nothing without a wish, unless one failed", () => {
    for (const known of ["none", "divided", good(), good(now - 400 * day)] as const)
      assert.deepEqual(judged(known), []);
    assert.deepEqual(judged(failed), [
      `the last restore drill failed 1 h ago (Target vault: no answer within 60 s): see to it, then run ${command}`,
    ]);
  });

  it("is to make one where there is none that is young enough", () => {
    assert.deepEqual(judged(good(now - 8 * day + 1), 8), []);
    assert.deepEqual(judged(good(now - 9 * day), 8), [
      `the last restore drill was 9 days ago, and plinth:backup.drill.maxAgeDays is 8: run ${command}`,
    ]);
    assert.deepEqual(judged("none", 8), [`members know of no restore drill: run ${command}`]);
    assert.match(judged("divided", 8).join(), /members do not tell the same of the last restore drill/);
  });

  it("is red from some age on for ever, and never before", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3650 }), fc.integer({ min: 0, max: 4000 * day }), (most, age) => {
        assert.equal(judged(good(now - age), most).length === 0, age <= most * day);
      }),
    );
  });

  it("is told in a line", () => {
    assert.equal(drillLine(good(), now), `last restore drill 1 h ago of the set ${set}: good, in 41 s`);
    assert.match(drillLine(failed, now), /: failed, in 41 s$/);
    assert.equal(drillLine("none", now), "no restore drill is known");
  });
});
