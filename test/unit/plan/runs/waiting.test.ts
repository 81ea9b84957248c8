import assert from "node:assert/strict";
import fc from "fast-check";
import type { Ordered } from "../../../../plan/runs/order.ts";
import { Depths } from "../../../../plan/runs/order.ts";
import { waitingOf } from "../../../../plan/runs/waiting.ts";

const resource = (key: string, dependsOn: string[] = [], more: Partial<Ordered> = {}): Ordered => ({
  ...{ key, custom: true, dependsOn, ...more },
});
/** `etcd-cp1` is etcd on cp1. */
const nameOf = (key: string) => {
  const [what = "", host] = key.split("-");
  return host === undefined ? { what } : { what, host };
};
const set = (...keys: string[]): ReadonlySet<string> => new Set(keys);

describe("what waits for what", () => {
  const roll = [
    resource("etcd-cp1"),
    resource("api-cp1", ["etcd-cp1"]),
    resource("etcd-cp2", ["api-cp1"]),
    resource("api-cp2", ["etcd-cp2"]),
  ];

  it("is told of the first thing of each host, with what it waits for", () => {
    assert.deepEqual(waitingOf(roll, { ended: set(), running: set("etcd-cp1") }, nameOf), {
      ...{ done: 0, total: 4, count: 3 },
      things: [
        { what: "api", host: "cp1", for: [{ what: "etcd", host: "cp1" }], more: 0 },
        { what: "etcd", host: "cp2", for: [{ what: "api", host: "cp1" }], more: 0 },
      ],
    });
  });

  it("is nothing when everything is over or under way", () => {
    const keys = roll.map(({ key }) => key);
    const waiting = waitingOf(roll, { ended: set(...keys.slice(0, 3)), running: set("api-cp2") }, nameOf);
    assert.deepEqual(waiting, { done: 3, total: 4, count: 0, things: [] });
  });

  it("looks into components: they stand for their parts, and parts wait for what they wait for", () => {
    const parts = [
      resource("cp1", [], { custom: false }),
      resource("etcd-cp1", [], { parent: "cp1" }),
      resource("api-cp1", [], { parent: "cp1" }),
      resource("cp2", ["cp1"], { custom: false }),
      resource("etcd-cp2", [], { parent: "cp2" }),
    ];
    const { things } = waitingOf(parts, { ended: set("etcd-cp1"), running: set("api-cp1") }, nameOf);
    assert.deepEqual(things, [{ what: "etcd", host: "cp2", for: [{ what: "api", host: "cp1" }], more: 0 }]);
  });

  it("is bounded: thirty things, and three reasons of each", () => {
    const workers = Array.from({ length: 100 }, (_none, index) => resource(`node-w${index}`));
    const others = workers.map(({ key }) =>
      resource(
        `late-${key.slice(5)}x`,
        workers.map((worker) => worker.key),
      ),
    );
    const running = new Set(workers.map(({ key }) => key));
    const { things, count } = waitingOf([...workers, ...others], { ended: set(), running }, nameOf);
    assert.deepEqual([things.length, count], [30, 100]);
    assert.deepEqual([things[0]?.for.length, things[0]?.more], [3, 97]);
  });

  it("never names what is over, and counts everything once", () => {
    const graphs = fc.array(fc.tuple(fc.array(fc.nat(30), { maxLength: 4 }), fc.constantFrom("ended", "running", "")), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(graphs, (rows) => {
        const resources = rows.map(([others], index) =>
          resource(
            `step${index}-h${index % 5}`,
            others.filter((other) => other < index).map((other) => `step${other}-h${other % 5}`),
          ),
        );
        const of = (state: string) =>
          new Set(resources.flatMap(({ key }, at) => (rows[at]?.[1] === state ? [key] : [])));
        const ended = of("ended");
        const { things, done, total, count } = waitingOf(resources, { ended, running: of("running") }, nameOf);
        const over = new Set([...ended].map((key) => key.split("-")[0]));
        assert.ok(things.every((thing) => thing.for.every(({ what }) => !over.has(what))));
        assert.deepEqual([done, total], [ended.size, resources.length]);
        assert.ok(count >= things.length && count <= total - done);
      }),
    );
  });
});

describe("the wave of a change", () => {
  it("is one more than the last change that it waits for; what stays as it is takes none", () => {
    const resources = [resource("a"), resource("b", ["a"]), resource("c", ["b"]), resource("d", ["a"])];
    const changed = set("a", "c", "d");
    const depths = new Depths(resources, (key) => changed.has(key));
    assert.deepEqual(
      resources.map(({ key }) => depths.begin(key)),
      [0, 1, 1, 1],
    );
  });

  it("is counted while the run goes on as it is when all is known", () => {
    const graphs = fc.array(fc.tuple(fc.array(fc.nat(30), { maxLength: 4 }), fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(graphs, (rows) => {
        const resources = rows.map(([others], index) =>
          resource(String(index), others.filter((other) => other < index).map(String)),
        );
        const changes = (key: string): boolean => rows[Number(key)]?.[1] === true;
        const known = new Set<string>();
        const along = new Depths(resources, (key) => known.has(key));
        const whole = new Depths(resources, changes);
        for (const { key } of resources.filter(({ key }) => changes(key))) {
          known.add(key);
          assert.equal(along.begin(key), whole.begin(key));
        }
      }),
    );
  });
});
