import assert from "node:assert/strict";
import fc from "fast-check";
import {
  nextRepair,
  outvoted,
  type HashOf,
  type RepairHost,
  type RepairLook,
} from "../../../../plan/etcdcare/repair.ts";

function host(n: number, more: Partial<RepairHost> = {}): RepairHost {
  return { host: `cp${n}`, data: true, listed: String(n), learner: false, well: true, damage: undefined, ...more };
}
function look(more: Partial<RepairLook> = {}): RepairLook {
  return { known: true, hosts: [host(1), host(2), host(3)], alarms: [], hashes: [], others: [], ...more };
}
const corrupt = (...members: string[]) => members.map((member) => ({ member, alarm: "CORRUPT" as const }));
const hash = (id: string, value: number, compacted = 5): HashOf => ({ id, hash: value, revision: 9, compacted });
const refusal = (of: RepairLook): string => {
  const next = nextRepair(of);
  return next.step === "refused" ? next.why : next.step;
};

describe("a repair of etcd", () => {
  it("changes nothing where nothing is wrong", () => {
    assert.deepEqual(nextRepair(look()), { step: "none" });
  });

  it("frees space", () => {
    assert.deepEqual(nextRepair(look({ alarms: [{ member: "2", alarm: "NOSPACE" }] })), { step: "free-space" });
  });

  it("replaces the member that an alarm is about, step by step", () => {
    const alarms = corrupt("2");
    const set = nextRepair(look({ alarms, hashes: ["1", "2", "3"].map((id) => hash(id, 1)) }));
    assert.deepEqual(set, { step: "set-aside", host: "cp2", why: "the alarm CORRUPT is about it" });
    const gone = host(2, { listed: undefined, well: false, data: false });
    assert.deepEqual(nextRepair(look({ hosts: [host(1), gone, host(3)], alarms })), { step: "disarm" });
    assert.deepEqual(nextRepair(look({ hosts: [host(1), gone, host(3)] })), { step: "rejoin", host: "cp2" });
    const learner = host(2, { listed: "9", learner: true });
    assert.deepEqual(nextRepair(look({ hosts: [host(1), learner, host(3)] })), { step: "rejoin", host: "cp2" });
  });

  it("goes on where one that was killed has stopped", () => {
    const left = host(2, { listed: undefined, well: false });
    assert.deepEqual(nextRepair(look({ hosts: [host(1), left, host(3)], alarms: corrupt("2") })), {
      ...{ step: "set-aside", host: "cp2", why: "it has left the cluster, and its data is still there" },
    });
  });

  it("replaces a member whose data is not that of most, and one that does not start with its own", () => {
    const hashes = [hash("1", 1), hash("2", 1), hash("3", 7)];
    assert.equal(nextRepair(look({ alarms: corrupt("99"), hashes })).step, "set-aside");
    const damaged = host(3, { well: false, damage: "found data inconsistency with peers" });
    assert.deepEqual(nextRepair(look({ hosts: [host(1), host(2), damaged] })), {
      ...{ step: "set-aside", host: "cp3", why: "found data inconsistency with peers" },
    });
  });

  it("refuses what would cost the quorum, or data", () => {
    const alarms = corrupt("2");
    assert.match(refusal(look({ hosts: [host(2)], alarms })), /cp2 has the only voter.*restore a backup/);
    const dead = host(3, { well: false, data: undefined });
    assert.match(
      refusal(look({ hosts: [host(1), host(2), dead], alarms })),
      /without cp2 1 of 3 voters are well, and 2 are needed/,
    );
    assert.match(refusal(look({ alarms: corrupt("1", "2") })), /without cp1 1 of 3 voters are well/);
    assert.match(
      refusal(look({ hosts: [host(1), host(2)], alarms })),
      /without cp2 1 of 2 voters are well, and 2 are needed/,
      "both decide on it",
    );
    const learner = host(3, { learner: true });
    assert.match(refusal(look({ hosts: [host(1), host(2), learner], alarms })), /cp3 is joining/);
    assert.match(refusal(look({ alarms, hashes: [hash("1", 1), hash("2", 2)] })), /none is that of most/);
    assert.match(refusal(look({ alarms: corrupt("7"), others: ["7"] })), /member 7 is corrupt, and no host/);
    assert.match(refusal(look({ hosts: [host(1), host(2), dead] })), /member of cp3 cannot be asked/);
  });

  it("takes nobody for gone while no member tells who the members are", () => {
    const silent = [1, 2, 3].map((n) => host(n, { listed: undefined, well: false }));
    for (const alarms of [[], corrupt("2")])
      assert.match(refusal(look({ known: false, hosts: silent, alarms })), /no member tells who the members are/);
  });

  it("compares only what members say of the same stretch of revisions", () => {
    assert.deepEqual(outvoted([hash("1", 1), hash("2", 2, 4), hash("3", 1)]), []);
    assert.deepEqual(outvoted([hash("1", 1), hash("2", 2), hash("3", 1)]), ["2"]);
    assert.equal(outvoted([hash("1", 1), hash("2", 2), hash("3", 3)]), undefined);
    assert.deepEqual(outvoted([]), []);
  });

  const hosts = fc.array(
    fc.record({
      data: fc.constantFrom(true, false, undefined),
      listed: fc.boolean(),
      well: fc.boolean(),
      alarmed: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  );

  it("never takes a member from a quorum, and takes one at a time", () => {
    fc.assert(
      fc.property(hosts, (drawn) => {
        const made = drawn.map(({ data, listed, well }, n) =>
          host(n + 1, { data, listed: listed ? String(n + 1) : undefined, well: well && listed }),
        );
        const alarms = corrupt(...drawn.flatMap(({ alarmed }, n) => (alarmed ? [String(n + 1)] : [])));
        const next = nextRepair(look({ hosts: made, alarms }));
        if (next.step !== "set-aside") return;
        const leaving = made.find((one) => one.host === next.host);
        if (leaving?.listed === undefined) return;
        const rest = made.filter((one) => one !== leaving && one.listed !== undefined);
        const sound = rest.filter(({ well, listed }) => well && !alarms.some(({ member }) => member === listed));
        assert.ok(sound.length > (rest.length + 1) / 2);
      }),
    );
  });

  it("comes to an end", () => {
    fc.assert(
      fc.property(hosts, fc.boolean(), (drawn, space) => {
        let state = look({
          hosts: drawn.map(({ data, listed, well }, n) =>
            host(n + 1, { data, listed: listed ? String(n + 1) : undefined, well: well && listed }),
          ),
          alarms: [
            ...corrupt(...drawn.flatMap(({ alarmed }, n) => (alarmed ? [String(n + 1)] : []))),
            ...(space ? [{ member: "1", alarm: "NOSPACE" as const }] : []),
          ],
        });
        const change = (name: string, more: Partial<RepairHost>): RepairLook => ({
          ...state,
          hosts: state.hosts.map((one) => (one.host === name ? { ...one, ...more } : one)),
        });
        for (let steps = 0; ; steps++) {
          assert.ok(steps < 20, "too many steps");
          const next = nextRepair(state);
          if (next.step === "none" || next.step === "refused") return;
          if (next.step === "set-aside") state = change(next.host, { listed: undefined, data: false, well: false });
          if (next.step === "rejoin") state = change(next.host, { listed: `new-${next.host}`, data: true, well: true });
          if (next.step === "disarm" || next.step === "free-space") state = { ...state, alarms: [] };
        }
      }),
    );
  });
});
