import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describeEstimate, estimate } from "../../../../cli/review/estimate.ts";
import { appendHistory, parseHistory, pastSteps, rememberRun } from "../../../../cli/review/history.ts";
import type { Ordered } from "../../../../cli/pulumi/program.ts";
import { wavesOf } from "../../../../cli/review/waves.ts";
import { projectAt } from "../../../../cli/project/project.ts";
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
  const past = [10, 20, 90].map((seconds) => ({ kind: "update etcd", duration: seconds * 1000 }));

  it("is the sum over the waves of their slowest median", () => {
    const all = [...past, { kind: "update node", duration: 5000 }];
    assert.deepEqual(estimate([["update etcd", "update node"], ["update etcd"], ["update node"]], all), {
      known: 45_000,
      unknown: [],
    });
    const even = [...past, { kind: "update etcd", duration: 40_000 }];
    assert.equal(estimate([["update etcd"]], even).known, 30_000);
    assert.equal(estimate([["update etcd"]], even, 1).known, 40_000);
  });

  it("says what it does not know", () => {
    assert.equal(describeEstimate(estimate([], past), 0), "nothing to do on hosts");
    assert.equal(describeEstimate(estimate([["create node"]], past), 1), "unknown");
    assert.equal(describeEstimate(estimate([["create node"], ["update etcd"]], past), 2), "at least 20.0 s");
    assert.equal(describeEstimate(estimate([["update etcd"]], past), 1), "about 20.0 s");
  });

  it("learns from the commands on hosts that succeeded, hosts that leave included", () => {
    const step = { op: "update", urn: urnOf("cp1-etcd"), custom: true, started: 0, ended: 1200.4, failed: false };
    const steps = [
      step,
      { ...step, failed: true },
      { ...step, op: "same" },
      { ...step, urn: urnOf("x", "tls:index/privateKey:PrivateKey") },
      { ...step, op: "delete", urn: urnOf("gone-claim") },
    ];
    assert.deepEqual(pastSteps(steps, ["cp1"]), [
      { kind: "update etcd", duration: 1200 },
      { kind: "delete claim", duration: 1200 },
    ]);
  });

  it("keeps a file for this user only, and reads it whatever has become of it", () => {
    const folder = mkdtempSync(join(tmpdir(), "plinth-history-"));
    try {
      const file = join(folder, "history", "lab.jsonl");
      appendHistory(file, past.slice(0, 1));
      assert.equal(statSync(file).mode & 0o777, 0o600);
      writeFileSync(file, `${readFileSync(file, "utf8")}{"kind":"upd`);
      appendHistory(file, past.slice(1));
      writeFileSync(file, `\u0000\n[]\nnull\n{"kind":1}\n{"kind":"x","duration":-1}\n${readFileSync(file, "utf8")}`);
      assert.deepEqual(parseHistory(readFileSync(file, "utf8")), past);
      writeFileSync(file, `${"garbage ".repeat(2000)}\n`.repeat(100));
      appendHistory(file, past);
      assert.ok(statSync(file).size < 1024 * 1024);
      assert.deepEqual(parseHistory(readFileSync(file, "utf8")), past);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("does not fail a run that is done", () => {
    const said: string[] = [];
    const folder = mkdtempSync(join(tmpdir(), "plinth-history-"));
    try {
      const project = projectAt(folder);
      writeFileSync(project.workDir, "a file where the folder should be");
      const step = { op: "update", urn: urnOf("cp1-etcd"), custom: true, started: 0, ended: 1, failed: false };
      rememberRun(project, "lab", [step], ["cp1"], (message) => said.push(message));
      assert.match(said[0] ?? "", /^how long this run took could not be written down: /);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
