import assert from "node:assert/strict";
import fc from "fast-check";
import { chooseStacks, exitCodeOfAll, joinedStack, nextTurns, type SiteStack, type Turn } from "../../../plan/site.ts";

describe("plan/site", () => {
  const known = ["dev", "prod", "prod-pool-1", "prod-pool-2"];

  it("chooses stacks by name and pattern, each once, and tells patterns that no stack fits", () => {
    assert.deepEqual(chooseStacks("prod,prod-pool-*", known), { chosen: known.slice(1), unmatched: [] });
    assert.deepEqual(chooseStacks("prod-pool-2, prod*", known).chosen, ["prod-pool-2", "prod", "prod-pool-1"]);
    assert.deepEqual(chooseStacks("prod-pool-?", known).chosen, ["prod-pool-1", "prod-pool-2"]);
    assert.deepEqual(chooseStacks("prod,stage,", known), { chosen: ["prod"], unmatched: ["stage", ""] });
  });

  it("knows the stack that a pool joins by its name where it is of the same project", () => {
    assert.equal(joinedStack({ clusterStack: "organization/plinth/prod" }, "plinth"), "prod");
    assert.equal(joinedStack({ clusterStack: "organization/other/prod" }, "plinth"), "organization/other/prod");
    assert.equal(joinedStack({}, "plinth"), undefined);
    assert.equal(joinedStack({ clusterStack: "" }, "plinth"), undefined);
  });

  const site: SiteStack[] = [{ name: "p1", joins: "prod" }, { name: "prod" }, { name: "q1", joins: "other" }];

  it("begins with clusters, and with pools of others; a pool follows its cluster", () => {
    assert.deepEqual(nextTurns(site, new Set(), [], true).ready, ["prod", "q1"]);
    assert.deepEqual(nextTurns(site, new Set(["prod", "q1"]), [], true), { ready: [], leftOut: [] });
    const over: Turn[] = [{ name: "prod", code: 0 }];
    assert.deepEqual(nextTurns(site, new Set(["prod", "q1"]), over, true), { ready: ["p1"], leftOut: [] });
    assert.deepEqual(nextTurns(site, new Set(), [], false).ready, ["p1", "prod", "q1"]);
  });

  it("leaves a pool out whose cluster has failed", () => {
    const { ready, leftOut } = nextTurns(site, new Set(["prod", "q1"]), [{ name: "prod", code: 3 }], true);
    assert.deepEqual([ready, leftOut], [[], [{ name: "p1", leftOut: "prod" }]]);
  });

  it("ends: every stack has one turn, and no pool comes before its cluster is done", () => {
    const stacks = fc.array(fc.record({ pool: fc.boolean(), joins: fc.nat(7), code: fc.constantFrom(0, 0, 0, 1, 3) }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(stacks, (drawn) => {
        const members = drawn.map(({ pool, joins }, n): SiteStack => ({
          name: `s${n}`,
          ...(pool && drawn[joins]?.pool === false ? { joins: `s${joins}` } : {}),
        }));
        const begun = new Set<string>();
        const over: Turn[] = [];
        for (;;) {
          const { ready, leftOut } = nextTurns(members, begun, over, true);
          if (ready.length + leftOut.length === 0) break;
          for (const turn of leftOut) over.push(turn);
          for (const name of ready) {
            const { joins } = members.find((member) => member.name === name) ?? {};
            if (joins !== undefined)
              assert.ok(over.some((turn) => turn.name === joins && "code" in turn && turn.code === 0));
            over.push({ name, code: drawn[Number(name.slice(1))]?.code ?? 0 });
          }
          for (const { name } of over) begun.add(name);
        }
        assert.deepEqual(over.map(({ name }) => name).sort(), members.map(({ name }) => name).sort());
      }),
    );
  });

  it("ends with the worst exit code", () => {
    const code = (...codes: number[]): number => exitCodeOfAll(codes.map((each, n) => ({ name: `s${n}`, code: each })));
    assert.equal(code(0, 0), 0);
    assert.equal(code(0, 4), 4);
    assert.equal(code(4, 2, 0), 2);
    assert.equal(code(3, 2), 3);
    assert.equal(code(3, 1), 1);
    assert.equal(code(1, 130), 130);
    assert.equal(code(0, 137), 1);
    assert.equal(
      exitCodeOfAll([
        { name: "prod", code: 3 },
        { name: "p1", leftOut: "prod" },
      ]),
      3,
    );
  });
});
