import assert from "node:assert/strict";
import { drillLines } from "../../../../cli/render/drill.ts";

const report = {
  ...{ set: "20261129T210000Z-cp1", state: "20261129T200000Z-state-lab", ageSeconds: 3700 },
  seconds: { fetch: 1.2, restore: 0.5, serve: 9, compare: 2, total: 13.1 },
  sample: { same: 40, changed: 3 },
  secrets: { served: 12, encrypted: true },
  result: "ok" as const,
};
const many = Object.fromEntries(
  Array.from({ length: 20 }, (_, index) => [`kind-${index}`, { stored: 100 - index, served: 100 - index }]),
);

describe("a restore drill on the screen", () => {
  it("is plain sentences, and a short table", () => {
    const lines = drillLines({ ...report, kinds: many });
    assert.deepEqual(lines.slice(0, 4), [
      "Set of data: 20261129T210000Z-cp1, which is 1 h old.",
      "Set of state: 20261129T200000Z-state-lab.",
      "  KIND          IN ETCD  SERVED",
      "  kind-0        100      100",
    ]);
    assert.deepEqual(lines.slice(-4), [
      "  8 more kinds  676      676",
      "12 Secrets were decrypted.",
      "40 objects are the same as in the cluster; 3 more were looked at, and have changed since.",
      "The drill was good: the set can be restored. It took 13.1 s (fetch 1.2 s, restore 0.5 s, serve 9 s, compare 2 s).",
    ]);
  });

  it("shows every kind that differs first", () => {
    const kinds = { ...many, "kind-19": { stored: 81, served: 80 }, "kind-18": { stored: 82, served: undefined } };
    const lines = drillLines({ ...report, kinds, result: "failed" });
    assert.match(lines[3] ?? "", /^ {2}kind-18 +82 +-$/);
    assert.match(lines[4] ?? "", /^ {2}kind-19 +81 +80$/);
    assert.match(lines.at(-1) ?? "", /^The drill failed after 13\.1 s/);
  });

  it("leaves out what it did not come to", () => {
    const nothing = { ...report, set: undefined, state: undefined, ageSeconds: undefined, kinds: {} };
    const lines = drillLines({
      ...nothing,
      ...{ sample: undefined, secrets: undefined, seconds: { total: 0.3 }, result: "failed" },
    });
    assert.deepEqual(lines, ["The drill failed after 0.3 s."]);
  });
});
