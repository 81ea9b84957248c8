import assert from "node:assert/strict";
import fc from "fast-check";
import {
  defragmentationObstacles,
  furthestBehind,
  planDefragmentation,
  type MemberLook,
} from "../../../../plan/etcdcare/defragment.ts";

type Self = NonNullable<MemberLook["self"]>;

function member(n: number, more: Partial<Self> = {}): MemberLook {
  return {
    ...{ host: `cp${n}`, id: String(n) },
    self: { leader: "1", learner: false, index: 5000, applied: 5000, alarms: [], ...more },
  };
}
const three = [member(1), member(2), member(3)];
const names = three.map(({ host }) => host);

describe("a defragmentation", () => {
  it("is of followers by name, then of the leader", () => {
    assert.deepEqual(planDefragmentation(three, names), { order: ["cp2", "cp3", "cp1"] });
    assert.deepEqual(planDefragmentation(three, ["cp3", "cp1"]), { order: ["cp3", "cp1"] });
  });

  it("is of nobody who has no member", () => {
    assert.deepEqual(planDefragmentation(three, ["cp2", "w1"]), { obstacles: ["w1 has no member of etcd"] });
    assert.deepEqual(planDefragmentation([], []), { obstacles: ["no member of etcd was found"] });
  });

  it("is not begun while a member is not fit for it, and all that is in its way is told", () => {
    const cases: [MemberLook, RegExp][] = [
      [member(2, { learner: true }), /cp2 is a learner/],
      [{ host: "cp2", id: "2", self: undefined }, /cp2 does not answer/],
      [member(2, { leader: undefined }), /cp2 knows no leader/],
      [member(2, { leader: "3" }), /do not agree on a leader/],
      [member(2, { applied: 5000 - furthestBehind - 1 }), /cp2 is 1001 entries behind/],
      [member(2, { alarms: ["CORRUPT"] }), /CORRUPT: run \.\/plinth etcd repair/],
    ];
    for (const [odd, sentence] of cases) {
      const [only, ...more] = defragmentationObstacles([member(1), odd, member(3)]);
      assert.match(only ?? "", sentence);
      assert.deepEqual(more, []);
    }
    const all = [member(1), member(2, { learner: true }), member(3, { alarms: ["CORRUPT"] })];
    assert.equal(defragmentationObstacles(all).length, 2);
  });

  it("is what helps where there is no space", () => {
    const full = [member(1, { alarms: ["NOSPACE"] }), member(2), member(3)];
    assert.deepEqual(planDefragmentation(full, names), { order: ["cp2", "cp3", "cp1"] });
  });

  it("takes each wanted member once, the leader last, and never while one is not fit", () => {
    const look = fc.record({
      leader: fc.constantFrom("1", "2", undefined),
      learner: fc.boolean(),
      index: fc.nat(4000),
      applied: fc.nat(4000),
      alarms: fc.subarray(["NOSPACE", "CORRUPT"] as const),
    });
    const members = fc.array(fc.option(look, { nil: undefined, freq: 8 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(members, fc.nat(31), (selves, chosen) => {
        const looks = selves.map((self, n): MemberLook => ({ host: `cp${n + 1}`, id: String(n + 1), self }));
        const wanted = looks.map(({ host }) => host).filter((_, n) => (chosen >> n) % 2 === 1);
        const planned = planDefragmentation(looks, wanted);
        if ("obstacles" in planned) {
          assert.ok(planned.obstacles.length > 0);
          return;
        }
        assert.deepEqual(planned.order.toSorted(), wanted.toSorted());
        const newest = Math.max(...looks.map(({ self }) => self?.index ?? 0));
        for (const { self } of looks) {
          assert.ok(self !== undefined && !self.learner && self.leader === looks[0]?.self?.leader);
          assert.ok(newest - self.applied <= furthestBehind && !self.alarms.includes("CORRUPT"));
        }
        const leader = looks.find(({ id, self }) => self?.leader === id)?.host;
        if (leader !== undefined && wanted.includes(leader)) assert.equal(planned.order.at(-1), leader);
      }),
    );
  });
});
