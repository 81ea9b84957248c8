import assert from "node:assert/strict";
import fc from "fast-check";
import { describeExpectation } from "../../../../cli/render/expectation.ts";
import { pastSteps } from "../../../../cli/review/past-steps.ts";
import type { Ordered } from "../../../../plan/runs/order.ts";
import { wavesOf } from "../../../../cli/review/waves.ts";
import { urnOf } from "./support.ts";

describe("waves of a diff", () => {
  const leaf = (key: string, dependsOn: string[] = [], parent?: string): Ordered => ({
    key,
    custom: true,
    dependsOn,
    ...(parent === undefined ? {} : { parent }),
  });

  it("follow the longest path over what changes; what does not change takes no time", () => {
    const chain = [leaf("a"), leaf("b", ["a"]), leaf("c", ["b"]), leaf("d", ["a"])];
    assert.deepEqual(wavesOf(chain, ["a", "b", "c", "d"]), [["a"], ["b", "d"], ["c"]]);
    assert.deepEqual(wavesOf(chain, ["c", "a"]), [["a"], ["c"]]);
    assert.deepEqual(wavesOf(chain, ["c", "d"]), [["c", "d"]]);
    assert.deepEqual(wavesOf(chain, []), []);
    assert.deepEqual(wavesOf(chain, ["unheard-of"]), []);
  });

  it("let what waits for a component wait for its parts, and its parts for what it waits for", () => {
    const component = { key: "C", custom: false, dependsOn: ["a"] };
    const inner = { key: "I", custom: false, dependsOn: [], parent: "C" };
    const resources = [leaf("a"), component, inner, leaf("part", [], "I"), leaf("after", ["C"])];
    assert.deepEqual(wavesOf(resources, ["after", "part", "a"]), [["a"], ["part"], ["after"]]);
    assert.deepEqual(wavesOf(resources, ["after", "a"]), [["a"], ["after"]]);
  });

  it("never put a resource before one that it depends on, and lose none", () => {
    const graph = fc
      .integer({ min: 1, max: 12 })
      .chain((size) =>
        fc.tuple(
          fc.tuple(
            ...Array.from({ length: size }, (_, n) => fc.subarray(Array.from({ length: n }, (__, m) => String(m)))),
          ),
          fc.subarray(Array.from({ length: size }, (_, n) => String(n))),
        ),
      );
    fc.assert(
      fc.property(graph, ([dependencies, changed]) => {
        const waves = wavesOf(
          dependencies.map((dependsOn, n) => leaf(String(n), dependsOn)),
          changed,
        );
        assert.deepEqual(waves.flat().sort(), [...changed].sort());
        const waveOf = (key: string) => waves.findIndex((wave) => wave.includes(key));
        for (const key of changed) {
          for (const before of dependencies[Number(key)] ?? []) {
            if (changed.includes(before)) assert.ok(waveOf(before) < waveOf(key));
          }
        }
      }),
    );
  });

  it("survive a cycle", () => {
    assert.deepEqual(
      wavesOf([leaf("a", ["b"]), leaf("b", ["a"])], ["a", "b"])
        .flat()
        .sort(),
      ["a", "b"],
    );
  });
});

describe("expected duration", () => {
  it("is said in words, with what it does not know", () => {
    assert.equal(describeExpectation({ known: 0, unknown: [] }, 0), "nothing to do on hosts");
    assert.equal(describeExpectation({ known: 0, unknown: ["create node"] }, 1), "unknown");
    assert.equal(describeExpectation({ known: 20_000, unknown: ["create node"] }, 2), "at least 20.0 s");
    assert.equal(describeExpectation({ known: 20_000, unknown: [] }, 1), "about 20.0 s");
  });

  it("learns from the commands on hosts that succeeded, hosts that leave included", () => {
    const step = { op: "update", urn: urnOf("cp1-etcd"), custom: true, started: 0, ended: 1200.4, failed: false };
    const steps = [
      step,
      { ...step, urn: urnOf("cp2-etcd"), ended: 900 },
      { ...step, failed: true },
      { ...step, op: "same" },
      { ...step, urn: urnOf("x", "tls:index/privateKey:PrivateKey") },
      { ...step, op: "delete", urn: urnOf("gone-claim") },
    ];
    assert.deepEqual(pastSteps(steps, ["cp1", "cp2"]), [
      { kind: "update etcd", count: 2, durations: [900, 1200] },
      { kind: "delete claim", count: 1, durations: [1200] },
    ]);
  });
});
