import assert from "node:assert/strict";
import fc from "fast-check";
import { quantile, since, type Bucket } from "../../../../plan/etcdcare/histogram.ts";
import { careOf, careWarnings } from "../../../../plan/etcdcare/judge.ts";
import type { Measure } from "../../../../plan/etcdcare/measure.ts";
import { etcdReaders, type EtcdFacts } from "../../../../plan/members.ts";
import { memberStatus } from "../../../support/cluster.ts";

const mebibyte = 1024 ** 2;
const histogram = (...counts: [number, number][]): Bucket[] => counts.map(([seconds, count]) => ({ seconds, count }));
const fast = histogram([0.001, 1000], [0.016, 1000], [Infinity, 1000]);

function facts(more: Partial<EtcdFacts> = {}, status = {}): EtcdFacts {
  return { data: true, members: [], self: memberStatus("1", "1", { ...status }), ...more };
}
const measure = (more: Partial<Measure> = {}): Measure => ({
  ...{ at: 100_000, size: 200 * mebibyte, used: 50 * mebibyte, fsync: fast, commit: fast },
  ...more,
});
const warnings = (etcd: EtcdFacts): string[] => {
  const care = careOf(etcd);
  return care === undefined ? [] : careWarnings(care, " --stack prod");
};

describe("a histogram", () => {
  it("tells a percentile as Prometheus does", () => {
    const buckets = histogram([0.001, 0], [0.002, 50], [0.004, 100], [Infinity, 100]);
    assert.equal(quantile(buckets, 0.5), 0.002);
    assert.equal(quantile(buckets, 0.75), 0.003);
    assert.equal(quantile(histogram([1, 1], [Infinity, 100]), 0.99), 1, "nobody knows how long those took");
    assert.equal(quantile(histogram([1, 0], [Infinity, 0]), 0.99), undefined);
    assert.equal(quantile([], 0.99), undefined);
  });

  it("tells what came since, and all of it when it has begun anew", () => {
    const now = histogram([1, 10], [Infinity, 12]);
    assert.deepEqual(since(now, histogram([1, 4], [Infinity, 5])), histogram([1, 6], [Infinity, 7]));
    assert.deepEqual(since(now, histogram([1, 40], [Infinity, 50])), now);
    assert.deepEqual(since(now, histogram([Infinity, 5])), now);
  });

  it("has percentiles that grow with the part, within its limits", () => {
    const counts = fc.array(fc.nat(50), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        counts,
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (each, a, b) => {
          let total = 0;
          const buckets = each.map((count, n) => ({
            seconds: n === each.length - 1 ? Infinity : 0.001 * 2 ** n,
            count: (total += count),
          }));
          const [low, high] = [quantile(buckets, Math.min(a, b)), quantile(buckets, Math.max(a, b))];
          if (total === 0) assert.deepEqual([low, high], [undefined, undefined]);
          else assert.ok(low !== undefined && high !== undefined && low <= high && low >= 0 && Number.isFinite(high));
        },
      ),
    );
  });
});

describe("what status tells of an etcd member", () => {
  it("is nothing when all is well, or when it does not answer", () => {
    assert.deepEqual(warnings(facts({ measure: measure() })), []);
    assert.equal(careOf({ data: true, members: [] }), undefined);
  });

  it("is how much of a large database is free, with the next step", () => {
    const status = { dbSize: 312 * mebibyte, inUse: 118.5 * mebibyte };
    assert.deepEqual(warnings(facts({}, status)), [
      "etcd's database is 62 % free space (312.0 MiB): run ./plinth etcd defrag --stack prod",
    ]);
    assert.deepEqual(warnings(facts({}, { dbSize: 10 * mebibyte, inUse: mebibyte })), [], "small ones are no matter");
  });

  it("is how much of the quota it has, and when it will have all of it", () => {
    const status = { dbSize: 900 * mebibyte, inUse: 890 * mebibyte, quota: 1000 * mebibyte };
    assert.match(warnings(facts({}, status)).join(), /has 90 % of its quota of 1000\.0 MiB.*delete objects, or give/);
    const growing = { dbSize: 500 * mebibyte, inUse: 500 * mebibyte, quota: 1000 * mebibyte };
    const before = measure({ at: 100_000 - 86_400, used: 450 * mebibyte });
    const now = measure({ used: 500 * mebibyte });
    assert.equal(careOf(facts({ measure: now, samples: [before] }, growing))?.growthPerDay, 50 * mebibyte);
    assert.match(
      warnings(facts({ measure: now, samples: [before] }, growing)).join(),
      /grows by 50\.0 MiB a day and reaches.* in 10 days/,
    );
    const recent = measure({ at: 99_000, used: 0 });
    assert.equal(careOf(facts({ measure: now, samples: [recent] }))?.growthPerDay, undefined, "too early to tell");
  });

  it("is a disk that is slow now, not one that was", () => {
    const slow = histogram([0.001, 0], [0.016, 900], [0.032, 1000], [Infinity, 1000]);
    const told = warnings(facts({ measure: measure({ fsync: slow, commit: slow }) }));
    assert.equal(told.length, 1);
    assert.match(
      told[0] ?? "",
      /^etcd's disk is slow: 1 % .* log take more than 30 ms .*, 1 % .* database take more than 30 ms/,
    );
    const later = slow.map(({ seconds, count }) => ({ seconds, count: count + 1000 }));
    const samples = [measure({ at: 90_000, fsync: slow, commit: slow })];
    const since = careOf(facts({ measure: measure({ fsync: later, commit: later }), samples }));
    assert.deepEqual([since?.latencySeconds, (since?.fsyncP99 ?? 1) < 0.001], [10_000, true]);
    const few = slow.map(({ seconds, count }) => ({ seconds, count: count + 5 }));
    const soon = careOf(facts({ measure: measure({ fsync: few, commit: few }), samples }));
    assert.equal(soon?.latencySeconds, undefined, "five writes say nothing");
  });

  it("is read from the host with a schema", () => {
    const etcd: EtcdFacts = { data: false, members: [] };
    const readers = etcdReaders(() => etcd);
    readers["etcd-measure"]?.("7 300 200 0.001:1,inf:2 0.002:3,inf:4");
    readers["etcd-sample"]?.("6 300 100 inf:2 inf:4");
    assert.deepEqual(etcd.measure, {
      ...{ at: 7, size: 300, used: 200 },
      ...{ fsync: histogram([0.001, 1], [Infinity, 2]), commit: histogram([0.002, 3], [Infinity, 4]) },
    });
    assert.equal(etcd.samples?.length, 1);
    for (const line of [
      "",
      "7 300 200 x inf:1",
      "7 300 200 inf:1",
      "-7 300 200 inf:1 inf:1",
      `7 3 2 ${"1:1,".repeat(2000)}inf:1 inf:1`,
    ])
      assert.throws(() => readers["etcd-measure"]?.(line), /etcd's metrics makes no sense/, line.slice(0, 30));
  });

  it("has the alarms by the id of their member", () => {
    const etcd: EtcdFacts = { data: false, members: [] };
    const errors = '["memberID:13268734741009979368 alarm:NOSPACE ","etcdserver: no leader"]';
    etcdReaders(() => etcd)["etcd-status"]?.(
      `[{"Status":{"header":{"member_id":1},"dbSizeInUse":5,"errors":${errors}}}]`,
    );
    assert.deepEqual(etcd.self?.alarms, [{ member: "b82403f238c8d7e8", alarm: "NOSPACE" }]);
    assert.equal(etcd.self.inUse, 5);
  });
});
