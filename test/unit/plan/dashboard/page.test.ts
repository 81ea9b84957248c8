import assert from "node:assert/strict";
import { parseStatus } from "../../../../plan/dashboard/document.ts";
import { countStates, hostViews, sitesOf } from "../../../../plan/dashboard/hosts.ts";
import { pageOf } from "../../../../plan/dashboard/page.ts";
import { stateOf, type PastRun } from "../../../../plan/runs/progress.ts";
import { fleet, lookedAt, rollEvents, seenStatus, withoutPower } from "../../../support/dashboard.ts";

const running = stateOf(rollEvents(fleet(5), { pid: 1, startTicks: "1" }));
assert.ok(running);

describe("hosts on the page", () => {
  it("are healthy, and marked with what one alone has", () => {
    const document = seenStatus(fleet(5));
    assert.deepEqual(document.problems, []);
    const hosts = hostViews(document);
    assert.deepEqual(
      hosts.map(({ name, state, marks }) => [name, state, ...marks]),
      [
        ["cp1", "ok", "VIP 10.0.0.10", "leader of etcd"],
        ["cp2", "ok", "leader of kube-controller-manager", "leader of kube-scheduler"],
        ["cp3", "ok"],
        ["w1", "ok"],
        ["w2", "ok"],
      ],
    );
  });

  it("that are dead are down, with the reasons", () => {
    const hosts = fleet(5);
    const [dead, ...others] = hostViews(seenStatus(hosts, withoutPower(hosts, "cp3")))
      .filter(({ name }) => name === "cp3")
      .concat(hostViews(seenStatus(hosts)));
    assert.deepEqual([dead?.state, dead?.probe], ["down", undefined]);
    assert.match(dead?.problems.join() ?? "", /cannot be reached/);
    assert.ok(others.every(({ state }) => state === "ok"));
  });

  it("that a run changes are being changed, and not down", () => {
    const hosts = fleet(5);
    const views = hostViews(seenStatus(hosts, withoutPower(hosts, "cp2")), running);
    const changed = views.find(({ name }) => name === "cp2");
    assert.deepEqual([changed?.state, changed?.changing], ["changing", ["etcd"]]);
  });

  it("are grouped by site and rack in the order of the inventory", () => {
    const document = seenStatus(fleet(125));
    const sites = sitesOf(document, hostViews(document));
    assert.deepEqual(
      sites.map(({ name, racks, counts }) => [
        name,
        racks.map((rack) => `${rack.name}:${rack.hosts.length}`),
        counts.ok,
      ]),
      [
        ["north/z1", ["r1:20", "r2:20", "r3:2"], 42],
        ["north/z2", ["r1:20", "r2:20", "r3:2"], 42],
        ["north/z3", ["r1:20", "r2:20", "r3:1"], 41],
      ],
    );
    const all = countStates(sites.flatMap(({ racks }) => racks.flatMap(({ hosts }) => hosts)));
    assert.equal(all.ok, 125);
  });
});

describe("the page", () => {
  const past = (command: string, duration: number, more: Partial<PastRun> = {}): PastRun => ({
    ...{ command, began: "2026-06-01T11:00:00.000Z", duration, result: "done" },
    ...{ changes: { update: 1 }, phases: [], ...more },
  });
  const input = { stack: "demo", now: lookedAt, history: [] };

  it("is there before anybody has looked", () => {
    const page = pageOf(input);
    assert.deepEqual([page.hosts, page.timeline, page.run, page.plan], [[], undefined, undefined, undefined]);
  });

  it("reads what status prints, and nothing else", () => {
    assert.equal(parseStatus("{}"), undefined);
    assert.equal(parseStatus("no JSON"), undefined);
  });

  it("expects a run to take what others like it took that have changed something", () => {
    const history = [
      ...[past("up", 10), past("up", 30), past("up", 20), past("preview", 999)],
      ...[past("up", 999, { result: "failed" }), past("up", 999, { changes: {} })],
    ];
    const page = pageOf({ ...input, history, run: { state: running, goesOn: true } });
    assert.deepEqual([page.run?.expected, page.run?.elapsed], [20, 90_000]);
  });

  it("shows what a run has done of its own plan, and of one that was made before it, but not of a later one", () => {
    const event = running.plan;
    assert.ok(event);
    const statesOf = (at: number, run: string): Set<string> => {
      const plan = { event: { ...event, at }, command: "preview", run };
      const page = pageOf({ ...input, run: { state: running, goesOn: true }, plan });
      const cells = page.plan?.picture.rows.flatMap((row) => row.cells) ?? [];
      return new Set(cells.flatMap(({ items }) => items.map(({ state }) => state)));
    };
    const some = new Set(["done", "running", "planned"]);
    assert.deepEqual(statesOf(event.at, running.run), some);
    assert.deepEqual(statesOf(running.begun - 1000, "before"), some);
    assert.deepEqual(statesOf(running.begun + 60_000, "later"), new Set(["planned"]));
  });
});
