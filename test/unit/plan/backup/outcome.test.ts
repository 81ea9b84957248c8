import assert from "node:assert/strict";
import fc from "fast-check";
import { outcomeOf } from "../../../../plan/backup/outcome.ts";
import { parseResults } from "../../../../plan/backup/result.ts";
import { backupOf } from "../../../support/backup.ts";

const { targets } = backupOf();
const names = targets.map(({ name }) => name);
const id = "20261129T210000Z-cp1";

describe("plan/backup/result", () => {
  it("reads a line for each target, and passes over what others said", () => {
    const text = [
      "a remark",
      `stored disk ${id}`,
      `there vault ${id}`,
      "failed store no answer within 60 s",
      "",
      "stored other x",
    ].join("\n");
    assert.deepEqual(parseResults(text, names), [
      { target: "disk", outcome: "stored", id },
      { target: "vault", outcome: "there", id },
      { target: "store", outcome: "failed", reason: "no answer within 60 s" },
    ]);
  });

  it("takes nothing for an id that is none, and nothing for a reason that a terminal would obey", () => {
    assert.deepEqual(parseResults("stored disk ../../x\nthere vault", names), []);
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 50 }), (said) => {
        for (const result of parseResults(`failed disk ${said}`, names)) {
          assert.ok(result.outcome === "failed");
          assert.doesNotMatch(result.reason, /\p{Cc}/u);
        }
      }),
    );
  });
});

describe("plan/backup/outcome", () => {
  const stored = (target: string) => ({ target, outcome: "stored" as const, id });
  const failed = (target: string) => ({ target, outcome: "failed" as const, reason: "the disk is full" });

  it("is whole where each target has the set", () => {
    const answers = [{ host: "cp1", results: names.map(stored) }];
    assert.deepEqual(outcomeOf(answers, targets), { id, stored: names, problems: [] });
  });

  it("one answer is enough for a target that members share, and none makes up for a directory", () => {
    const answers = [
      { host: "cp1", results: [failed("disk"), failed("vault"), stored("store")] },
      { host: "cp2", results: [stored("disk"), stored("vault"), stored("store")] },
    ];
    assert.deepEqual(outcomeOf(answers, targets), {
      id,
      stored: names,
      problems: ["target disk, as cp1 sees it: the disk is full"],
    });
  });

  it("a member that does not answer matters where something is missing", () => {
    const silent = { host: "cp1", results: [], error: "connection refused" };
    assert.deepEqual(outcomeOf([silent, { host: "cp2", results: names.map(stored) }], targets).problems, []);
    assert.deepEqual(outcomeOf([silent], targets), {
      id: undefined,
      stored: [],
      problems: [...names.map((name) => `target ${name}: no member has given it a set`), "cp1: connection refused"],
    });
    assert.equal(outcomeOf([], targets).problems.length, names.length);
  });

  it("names each target as one that has the set, or says why not", () => {
    const result = fc.constantFrom(...names.flatMap((name) => [stored(name), failed(name)]));
    const answer = fc.record({
      host: fc.constantFrom("cp1", "cp2", "cp3"),
      results: fc.array(result, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 3 }), (answers) => {
        const { stored: having, problems, id: made } = outcomeOf(answers, targets);
        for (const name of names)
          assert.ok(having.includes(name) || problems.some((text) => text.startsWith(`target ${name}`)), name);
        assert.equal(made !== undefined, having.length > 0);
      }),
    );
  });
});
