import assert from "node:assert/strict";
import fc from "fast-check";
import { claimAnnotations, staleSeconds, testsIn, type Claim } from "../../../../plan/loadtest/claim.ts";

const now = Date.parse("2026-06-01T12:00:00Z");
const process = { machine: "0123456789abcdef", pid: 4711, started: "987654" };
const claim = (more: Partial<Claim> = {}): Claim => ({
  ...{ owner: "ada on laptop", process, renewed: now - 5000, deadline: now + 60_000 },
  ...more,
});
const namespace = (annotations: object, more: object = {}) => ({
  metadata: { name: "plinth-loadtest-0a", creationTimestamp: "2026-06-01T11:59:00Z", annotations, ...more },
});
const leftOf = (one: Claim, alive: boolean | undefined): string | undefined =>
  testsIn({ items: [namespace(claimAnnotations(one))] }, now, () => alive)[0]?.left;

describe("a load test in the cluster", () => {
  it("runs as long as its process is seen to live, or says so in time", () => {
    assert.equal(leftOf(claim(), true), undefined);
    assert.equal(leftOf(claim({ renewed: now - 600_000 }), true), undefined);
    assert.equal(leftOf(claim(), undefined), undefined);
  });

  it("is left once its process has died, its time is over, or nobody says that it runs", () => {
    assert.equal(leftOf(claim(), false), "its process has died");
    assert.equal(leftOf(claim({ deadline: now - 1 }), true), "its time is over");
    assert.match(leftOf(claim({ renewed: now - 61_000 }), undefined) ?? "", /^nobody has said for 61 s/);
  });

  it("is told with who runs it, shown escaped, and whether it is going", () => {
    const items = [
      namespace(claimAnnotations(claim({ owner: "a\u001b[2J" })), { deletionTimestamp: "2026-06-01T12:00:00Z" }),
    ];
    assert.deepEqual(
      testsIn({ items }, now, () => true),
      [{ namespace: "plinth-loadtest-0a", owner: "a\\x1b[2J", going: true }],
    );
  });

  it("that says nothing of itself is let be for an hour", () => {
    const young = namespace({});
    const old = namespace({}, { creationTimestamp: "2026-06-01T10:00:00Z" });
    const lefts = testsIn({ items: [young, old] }, now, () => undefined).map(({ left }) => left);
    assert.deepEqual(lefts, [undefined, "it does not say who runs it"]);
  });

  it("is nothing of another name or form, which does not hide the others", () => {
    const items = [{ metadata: { name: "kube-system" } }, 1, namespace(claimAnnotations(claim()))];
    assert.equal(testsIn({ items }, now, () => true).length, 1);
    for (const answer of [undefined, {}, { items: 1 }])
      assert.deepEqual(
        testsIn(answer, now, () => true),
        [],
      );
  });

  it("of another machine is never taken away while it renews its claim in time", () => {
    const age = fc.integer({ min: 0, max: staleSeconds * 1000 });
    fc.assert(
      fc.property(age, fc.integer({ min: 1, max: 3_600_000 }), (since, until) => {
        assert.equal(leftOf(claim({ renewed: now - since, deadline: now + until }), undefined), undefined);
      }),
    );
  });
});
