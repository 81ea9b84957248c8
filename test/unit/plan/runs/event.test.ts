import assert from "node:assert/strict";
import { runResults } from "../../../../local/history.ts";
import { parseEvent, parseEvents } from "../../../../plan/runs/event.ts";
import { killedRun, stateOf } from "../../../../plan/runs/progress.ts";
import { results } from "../../../../plan/runs/result.ts";
import { fleet, rollEvents } from "../../../support/dashboard.ts";

const self = { pid: 7, startTicks: "1" };
const events = rollEvents(fleet(5), self);

describe("the stream of a run", () => {
  it("is read line by line, and half of a line when the rest has come", () => {
    const text = events.map((event) => `${JSON.stringify(event)}\n`).join("");
    assert.deepEqual(parseEvents(text), { events, rest: "" });
    const cut = text.length - 20;
    const before = parseEvents(text.slice(0, cut));
    assert.equal(before.events.length, events.length - 1);
    assert.deepEqual(parseEvents(before.rest + text.slice(cut)).events, events.slice(-1));
  });

  it("leaves out what a reader does not know", () => {
    assert.equal(parseEvent('{"type":"of-a-later-release","at":1}'), undefined);
    assert.equal(parseEvent('{"type":"warning"'), undefined);
    assert.deepEqual(parseEvent('{"type":"warning","at":1,"message":"x","more":2}'), {
      ...{ type: "warning", at: 1, message: "x" },
    });
  });

  it("tells where a run stands", () => {
    const state = stateOf(events);
    assert.ok(state);
    assert.deepEqual(
      state.steps.map(({ what, host, wave, ended }) => [what, host, wave, ended !== undefined]),
      [
        ["etcd", "cp1", 1, true],
        ["apiserver", "cp1", 2, true],
        ["etcd", "cp2", 3, false],
      ],
    );
    assert.equal(state.operation, "up");
    assert.equal(state.plan?.waves.length, 7);
    assert.equal(state.waiting?.done, 40);
    assert.equal(state.end, undefined);
  });

  it("is the same whether it is read at once or bit by bit", () => {
    const bits = events.reduce((state: ReturnType<typeof stateOf>, event) => stateOf([event], state), undefined);
    assert.deepEqual(bits, stateOf(events));
  });

  it("is all that is known of a run that was killed", () => {
    const state = stateOf(events);
    assert.ok(state);
    assert.deepEqual(killedRun(state), {
      ...{ command: "up", began: new Date(state.begun).toISOString(), result: "killed" },
      ...{ changes: { update: 2 }, phases: [] },
    });
  });

  it("ends as the history says that runs end", () => {
    assert.deepEqual([...results], [...runResults]);
  });

  it("says each warning once, and only the last of many", () => {
    const begin = events.slice(0, 1);
    const warnings = Array.from({ length: 200 }, (_none, index) => ({
      ...{ type: "warning" as const, at: index, message: `w${index % 100}` },
    }));
    const state = stateOf([...begin, ...warnings]);
    assert.equal(state?.warnings.length, 50);
    assert.equal(new Set(state.warnings).size, 50);
  });
});
