import assert from "node:assert/strict";
import fc from "fast-check";
import { byTime } from "../../../../plan/backup/listing.ts";
import { setsToForget } from "../../../../plan/backup/retention.ts";

const now = Date.parse("2026-11-29T21:00:00Z");
const day = 86_400_000;

interface Made {
  id: string;
  kind: "data" | "state";
  time: string;
}

/** @param ages in days. */
const setsOf = (kind: Made["kind"], ...ages: number[]): Made[] =>
  ages.map((age, index) => ({ id: `${kind}${age}-${index}`, kind, time: new Date(now - age * day).toISOString() }));

const idsOf = (sets: readonly Made[]): string[] => sets.map(({ id }) => id);

const someSets = fc
  .array(
    fc.record({
      kind: fc.constantFrom("data" as const, "state" as const),
      hours: fc.integer({ min: -24, max: 24 * 100 }),
    }),
    { maxLength: 40 },
  )
  .map((made) =>
    made.map(({ kind, hours }, index): Made => ({
      kind,
      id: `${kind}-${index}`,
      time: new Date(now - hours * 3_600_000).toISOString(),
    })),
  );
const someKeep = fc.record({ last: fc.integer({ min: 1, max: 10 }), days: fc.integer({ min: 0, max: 60 }) });

const stayingOf = (sets: readonly Made[], keep: { last: number; days: number }): Made[] => {
  const going = new Set(setsToForget(sets, keep, now));
  return sets.filter((set) => !going.has(set));
};

describe("plan/backup/retention", () => {
  it("keeps the last ones, and those of the last days", () => {
    const data = setsOf("data", 40, 31, 29, 2, 1);
    assert.deepEqual(idsOf(setsToForget(data, { last: 1, days: 30 }, now)), ["data40-0", "data31-1"]);
    assert.deepEqual(idsOf(setsToForget(data, { last: 4, days: 0 }, now)), ["data40-0"]);
    assert.deepEqual(setsToForget([], { last: 1, days: 0 }, now), []);
  });

  it("does not let sets that are dated in the future drive the others out", () => {
    const sets = setsOf("data", 40, 35, -1, -2, -300);
    assert.deepEqual(idsOf(setsToForget(sets, { last: 2, days: 30 }, now)), []);
    assert.deepEqual(idsOf(setsToForget(sets, { last: 1, days: 30 }, now)), ["data40-0"]);
  });

  it("keeps the state that was in force when the oldest data that stays was made, and what came after it", () => {
    const sets = [...setsOf("data", 50, 20), ...setsOf("state", 90, 60, 10, 5)];
    assert.deepEqual(idsOf(setsToForget(sets, { last: 1, days: 25 }, now)), ["state90-0", "data50-0"]);
  });

  it("keeps the last state though there is no data", () => {
    assert.deepEqual(idsOf(setsToForget(setsOf("state", 400, 300), { last: 1, days: 30 }, now)), ["state400-0"]);
  });

  it("never forgets the newest of a half", () => {
    fc.assert(
      fc.property(someSets, someKeep, (sets, keep) => {
        const going = setsToForget(sets, keep, now);
        for (const kind of ["data", "state"] as const) {
          const newest = sets
            .filter((set) => set.kind === kind)
            .toSorted(byTime)
            .at(-1);
          if (newest !== undefined) assert.ok(!going.includes(newest));
        }
      }),
    );
  });

  it("keeps as many of each half as it should, and all that are young", () => {
    fc.assert(
      fc.property(someSets, someKeep, (sets, keep) => {
        const staying = stayingOf(sets, keep);
        for (const kind of ["data", "state"] as const) {
          const count = (of: readonly Made[]): number => of.filter((set) => set.kind === kind).length;
          assert.ok(count(staying) >= Math.min(keep.last, count(sets)));
        }
        for (const set of sets) if (now - Date.parse(set.time) <= keep.days * day) assert.ok(staying.includes(set));
      }),
    );
  });

  it("never keeps data without the state that was in force at its time", () => {
    fc.assert(
      fc.property(someSets, someKeep, (sets, keep) => {
        const inForce = (of: readonly Made[], { time }: Made): Made | undefined =>
          of
            .filter((set) => set.kind === "state" && Date.parse(set.time) <= Date.parse(time))
            .toSorted(byTime)
            .at(-1);
        const staying = stayingOf(sets, keep);
        for (const data of staying.filter(({ kind }) => kind === "data"))
          assert.equal(inForce(staying, data), inForce(sets, data));
      }),
    );
  });

  it("is done after once, whatever the order, and forgets no more where more is to be kept", () => {
    fc.assert(
      fc.property(someSets, someKeep, fc.nat(5), fc.nat(20), (sets, keep, more, longer) => {
        const going = setsToForget(sets, keep, now);
        assert.deepEqual(setsToForget(stayingOf(sets, keep), keep, now), []);
        assert.deepEqual(idsOf(setsToForget(sets.toReversed(), keep, now)), idsOf(going));
        const less = setsToForget(sets, { last: keep.last + more, days: keep.days + longer }, now);
        for (const set of less) assert.ok(going.includes(set));
      }),
    );
  });
});
