import assert from "node:assert/strict";
import fc from "fast-check";
import { barsOf } from "../../../../plan/dashboard/bars.ts";
import { planPicture } from "../../../../plan/dashboard/planpicture.ts";
import { positionOf, timelineOf } from "../../../../plan/dashboard/timeline.ts";
import type { PlannedItem } from "../../../../plan/runs/event.ts";
import { stateOf, type RunStep } from "../../../../plan/runs/progress.ts";
import { fleet, lookedAt, observationOf, rollEvents, rollPlan, seenStatus } from "../../../support/dashboard.ts";

const DAY = 86_400_000;

describe("certificates on a time line", () => {
  it("stand on a line for each kind, each authority once", () => {
    const { lanes } = timelineOf(seenStatus(fleet(5)));
    assert.deepEqual(
      lanes.map(({ title, marks }) => [title, marks.reduce((sum, { count }) => sum + count, 0)]),
      [
        ["authorities", 1],
        ["services", 3],
        ["kubelets", 5],
        ["kubeconfigs", 1],
      ],
    );
    assert.ok(lanes.every(({ marks }) => marks.every(({ urgency }) => urgency === "ok")));
  });

  it("say which end soon or have ended, by the rules of status", () => {
    const hosts = fleet(5);
    const seen = observationOf(hosts);
    for (const [host, days] of [
      ["w1", 10],
      ["w2", -1],
    ] as const) {
      const reading = seen.readings.get(host);
      assert.ok(reading !== undefined && "probe" in reading);
      const path = "/etc/kubernetes/pki/a.crt";
      const notBefore = new Date(lookedAt - 300 * DAY).toISOString();
      const notAfter = new Date(lookedAt + days * DAY).toISOString();
      reading.probe.certificates.push({ path, subject: "CN=a", isAuthority: false, notBefore, notAfter });
    }
    const marks = timelineOf(seenStatus(hosts, seen)).lanes.find(({ title }) => title === "services")?.marks ?? [];
    assert.deepEqual(
      marks.map(({ urgency, names }) => [urgency, names[0]?.split(":")[0]]),
      [
        ["ended", "w2"],
        ["soon", "w1"],
        ["ok", "cp1"],
      ],
    );
  });

  it("are in order, inside of the line, and none is lost, whatever their dates", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -400, max: 9000 }), { maxLength: 60 }), (days) => {
        const document = seenStatus(fleet(3));
        const kubeconfigs = days.map((day, index) => ({
          ...{ owner: `o${index}`, notAfter: new Date(lookedAt + day * DAY).toISOString() },
        }));
        const { lanes, ticks } = timelineOf({ ...document, kubeconfigs });
        const marks = lanes.find(({ title }) => title === "kubeconfigs")?.marks ?? [];
        assert.equal(
          marks.reduce((sum, { count }) => sum + count, 0),
          days.length,
        );
        for (const { position } of [...lanes.flatMap((lane) => lane.marks), ...ticks])
          assert.ok(position >= 0 && position <= 100, String(position));
        const positions = marks.map(({ position }) => position);
        assert.deepEqual(
          positions,
          positions.toSorted((a, b) => a - b),
        );
      }),
    );
  });

  it("have more room for what is near", () => {
    const at = (days: number): number => positionOf(lookedAt + days * DAY, lookedAt, 3650);
    assert.ok(at(30) - at(0) > at(3650) - at(3000));
    assert.deepEqual([at(-5), at(0), at(3650)], [0, 0, 100]);
  });
});

describe("the picture of a plan", () => {
  it("is a staircase for a roll, and workers that change alike are one row", () => {
    const { rows, columns, changes } = planPicture(rollPlan(fleet(50)));
    assert.deepEqual(columns, [1, 1, 1, 1, 1, 1, 47]);
    assert.equal(changes, 53);
    assert.deepEqual(
      rows.map(({ hosts, cells }) => [hosts.length, hosts[0], ...cells.map(({ column }) => column)]),
      [
        [1, "cp1", 0, 1],
        [1, "cp2", 2, 3],
        [1, "cp3", 4, 5],
        [47, "w1", 6],
      ],
    );
  });

  it("shows how far the run is that does it", () => {
    const state = stateOf(rollEvents(fleet(5), { pid: 1, startTicks: "1" }));
    const { rows } = planPicture(state?.plan?.waves ?? [], state?.steps);
    const states = rows.map(({ cells }) => cells.flatMap(({ items }) => items.map((item) => item.state)));
    assert.deepEqual(states, [["done", "done"], ["running", "planned"], ["planned", "planned"], ["planned"]]);
  });

  it("has a row for what is of no host", () => {
    const object: PlannedItem = { op: "create", what: "Namespace a", effects: ["created"] };
    const { rows } = planPicture([[object, { ...object, host: "cp1" }]]);
    assert.deepEqual(
      rows.map(({ hosts }) => hosts),
      [[], ["cp1"]],
    );
  });

  const names = fc.constantFrom(...Array.from({ length: 200 }, (_none, index) => `h${index}`));
  const item = fc.record({ what: fc.constantFrom("a", "b", "c"), host: names, op: fc.constant("update") });

  it("loses no change, and no picture is larger than can be looked at", () => {
    fc.assert(
      fc.property(fc.array(fc.array(item, { minLength: 1, maxLength: 40 }), { maxLength: 150 }), (waves) => {
        const plan = waves.map((wave) => wave.map((each): PlannedItem => ({ ...each, effects: [] })));
        const { rows, columns, hiddenColumns, hiddenHosts, changes } = planPicture(plan);
        assert.equal(columns.length + hiddenColumns, waves.length);
        assert.ok(columns.length <= 120 && rows.length <= 80);
        assert.equal(changes, waves.flat().length);
        const shown = new Set(waves.slice(0, columns.length).flatMap((wave) => wave.map(({ host }) => host)));
        assert.equal(rows.flatMap(({ hosts }) => hosts).length + hiddenHosts, shown.size);
        if (hiddenHosts + hiddenColumns > 0) return;
        const drawn = rows.reduce(
          (sum, { hosts, cells }) =>
            sum + hosts.length * cells.reduce((all, { items, more }) => all + items.length + more, 0),
          0,
        );
        assert.equal(drawn, changes);
      }),
      { numRuns: 50 },
    );
  });
});

describe("the changes of a run by time", () => {
  it("are bars on the lines of their hosts, those under way until now", () => {
    const state = stateOf(rollEvents(fleet(5), { pid: 1, startTicks: "1" }));
    assert.ok(state);
    const { lines, from, to } = barsOf(state, state.begun + 100_000);
    assert.deepEqual([from - state.begun, to - state.begun], [10_000, 100_000]);
    assert.deepEqual(
      lines.map(({ host, bars }) => [
        host,
        ...bars.map((bar) => [Math.round(bar.start), Math.round(bar.width), bar.state]),
      ]),
      [
        ["cp1", [0, 20, "done"], [20, 30, "done"]],
        ["cp2", [50, 50, "running"]],
      ],
    );
  });

  it("are inside of their lines, whatever happens", () => {
    const step = fc.record({ begun: fc.nat(1e6), took: fc.option(fc.nat(1e6)), host: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (rows) => {
        const steps = rows.map(({ begun, took, host }, id): RunStep => ({
          ...{ id, op: "update", what: "x", host: `h${host}`, wave: 1, begun, failed: false },
          ...(took === null ? {} : { ended: begun + took }),
        }));
        const { lines, hidden } = barsOf({ steps }, 2e6);
        assert.equal(lines.length + hidden, new Set(rows.map(({ host }) => host)).size);
        for (const { start, width } of lines.flatMap(({ bars }) => bars))
          assert.ok(start >= 0 && width > 0 && start + width <= 100.001, `${start} ${width}`);
      }),
    );
  });
});
