import assert from "node:assert/strict";
import fc from "fast-check";
import { commandWords, exitCodeOfAnswers, groupAnswers, type AdhocAnswer } from "../../../../plan/adhoc/answers.ts";

const nothing = { stdout: "", stderr: "", stdoutCut: 0, stderrCut: 0 };
const ended = (host: string, code: number, stdout = ""): AdhocAnswer => ({
  ...{ ...nothing, host, outcome: "ended", code, stdout },
});
const failed = (host: string, outcome: AdhocAnswer["outcome"], reason = ""): AdhocAnswer => ({
  ...{ ...nothing, host, outcome, reason },
});

describe("plan/adhoc/answers", () => {
  it("tells equal answers once, those of most hosts first", () => {
    const groups = groupAnswers([
      ended("cp1", 0, "5.10"),
      ended("w1", 0, "6.1"),
      failed("w2", "unreachable", "off"),
      ended("w3", 0, "6.1"),
      ended("w4", 1, "6.1"),
    ]);
    assert.deepEqual(
      groups.map(({ hosts, outcome, code, stdout }) => [hosts.join(), outcome, code, stdout]),
      [
        ["w1,w3", "ended", 0, "6.1"],
        ["cp1", "ended", 0, "5.10"],
        ["w2", "unreachable", undefined, ""],
        ["w4", "ended", 1, "6.1"],
      ],
    );
  });

  it("ends with the worst", () => {
    for (const [code, ...answers] of [
      [0, ended("a", 0), ended("b", 0)],
      [3, ended("a", 3), ended("b", 3)],
      [1, ended("a", 0), ended("b", 3)],
      [1, ended("a", 2), ended("b", 3)],
      [124, ended("a", 0), failed("b", "timed-out")],
      [255, ended("a", 3), failed("b", "timed-out"), failed("c", "unreachable")],
      [255, failed("a", "lost")],
      [130, failed("a", "interrupted"), failed("b", "unreachable")],
    ] as [number, ...AdhocAnswer[]][])
      assert.equal(exitCodeOfAnswers(answers), code);
  });

  it("loses no host, whatever they answer", () => {
    const answer = fc.record({
      outcome: fc.constantFrom("ended" as const, "lost" as const),
      code: fc.constantFrom(0, 1),
      stdout: fc.constantFrom("", "a", "b"),
    });
    fc.assert(
      fc.property(fc.array(answer), (all) => {
        const answers = all.map((one, index): AdhocAnswer => ({ ...nothing, ...one, host: `h${index}` }));
        const groups = groupAnswers(answers);
        assert.deepEqual(groups.flatMap(({ hosts }) => hosts).sort(), answers.map(({ host }) => host).sort());
        const sizes = groups.map(({ hosts }) => hosts.length);
        assert.deepEqual(
          sizes,
          sizes.toSorted((one, other) => other - one),
        );
      }),
    );
  });

  it("takes one word for a line of a shell, and several for a command", () => {
    assert.deepEqual(commandWords(["df -h | sort"]), ["/bin/sh", "-c", "df -h | sort"]);
    assert.deepEqual(commandWords(["ls", "a b"]), ["ls", "a b"]);
  });
});
