import assert from "node:assert/strict";
import fc from "fast-check";
import { figuresOf, tell } from "../../../bench/metrics/figures.ts";

const first = `# HELP requests_total What was asked.
# TYPE requests_total counter
requests_total{code="200",path="/a b"} 100
requests_total{code="500",path="/"} 3
# TYPE size gauge
size 1.5e+06
`;

describe("figures that go on", () => {
  it("are at first what was told, and grow as they did", () => {
    const figures = figuresOf(first, first.replace("} 100", "} 160"), 30);
    assert.equal(tell(figures, 0), first);
    assert.equal(tell(figures, 60), first.replace("} 100", "} 220"));
  });

  it("stay where nothing is known of how they go on", () => {
    assert.equal(tell(figuresOf(first, "", 30), 60), first);
    const odd = 'ratio NaN\nbound{le="+Inf"} +Inf\n';
    assert.equal(tell(figuresOf(odd, odd, 30), 60), odd);
  });

  it("have no times of their own", () => {
    const timed = 'cpu_total{id="/a}b c"} 5 1796095000123\nload 1.5 1796095000123\n';
    const later = timed.replaceAll("1796095000123", "1796095010123").replace("} 5", "} 7");
    assert.equal(tell(figuresOf(timed, later, 10), 20), 'cpu_total{id="/a}b c"} 9\nload 1.5\n');
  });

  it("are as many as they were, whatever they are", () => {
    const values = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,9}$/), fc.integer(), fc.integer()), {
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(values, fc.nat({ max: 10_000 }), (all, seconds) => {
        const text = (which: 1 | 2): string => all.map((one) => `${one[0]} ${one[which]}\n`).join("");
        const told = tell(figuresOf(text(1), text(2), 10), seconds).split("\n");
        assert.equal(told.length, all.length + 1);
        for (const [index, [name]] of all.entries()) assert.ok(told[index]?.startsWith(`${name} `));
      }),
    );
  });
});
