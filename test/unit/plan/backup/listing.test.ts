import assert from "node:assert/strict";
import fc from "fast-check";
import { mergeListings, parseListing, timeOfId } from "../../../../plan/backup/listing.ts";
import { dataSet, listed, resticList, stateSet, tagsOf } from "../../../support/backup.ts";

const name = "b".repeat(64);
const one = (tags: string[]) => parseListing(JSON.stringify([{ id: name, tags }]));

describe("plan/backup/listing", () => {
  it("tells time from an id", () => {
    assert.equal(timeOfId("20261129T210000Z-cp1"), "2026-11-29T21:00:00Z");
    for (const id of [
      "",
      "20261129T210000Z",
      "20261329T210000Z-cp1",
      "20261129T250000Z-cp1",
      "20261129T210000Z-cp1\n",
      "x20261129T210000Z-cp1",
    ])
      assert.equal(timeOfId(id), undefined, id);
  });

  it("lists sets by time, with their descriptions", () => {
    const [data, state] = [dataSet("2026-11-29T21:00:00Z"), stateSet("2026-11-29T20:00:00Z")];
    const found = parseListing(resticList([data, state]));
    assert.deepEqual(
      found.map(({ id, kind, bytes, set }) => [id, kind, bytes, set]),
      [
        [state.id, "state", 1001, state],
        [data.id, "data", 1000, data],
      ],
    );
  });

  it("passes over snapshots of others", () => {
    const data = dataSet();
    for (const drop of ["kind=", "id=", "cluster="])
      assert.deepEqual(one(tagsOf(data).filter((tag) => !tag.startsWith(drop))), [], drop);
    assert.deepEqual(one([]), []);
    assert.deepEqual(one(["kind=other", `id=${data.id}`, `cluster=${data.clusterId}`]), []);
    assert.deepEqual(parseListing(JSON.stringify([{ id: name }])), []);
  });

  it("says why a description cannot be used, and lists the set all the same", () => {
    const data = dataSet();
    const problem = (tags: string[]): unknown => one(tags)[0]?.set;
    const [kind = "", id = "", cluster = "", set = ""] = tagsOf(data);
    assert.deepEqual(problem([kind, id, cluster]), { problem: "it has no description" });
    for (const time of ["2026-11-29T21:00:01Z", "2020-01-01T00:00:00Z"])
      assert.deepEqual(problem(tagsOf({ ...data, time })), {
        problem: "its id and its description tell different times",
      });
    assert.deepEqual(problem([kind, id, cluster, "set=!"]), { problem: "the description of the set is not JSON" });
    for (const tags of [
      ["kind=state", id, cluster, set],
      [kind, "id=20261129T210001Z-cp1", cluster, set],
      [kind, id, "cluster=ffffffffffffffff", set],
    ])
      assert.deepEqual(problem(tags), { problem: "its description is that of another set" });
  });

  it("refuses what is no list", () => {
    assert.throws(() => parseListing("Fatal"), /^Error: restic's list of snapshots is not JSON$/);
    assert.throws(() => parseListing(resticList([dataSet(), stateSet()]), 1), /^Error: there are more than 1 sets/);
    for (const text of ["{}", '[{"id":"x"}]', '[{"id":1}]'])
      assert.throws(() => parseListing(text), /^Error: restic's list of snapshots makes no sense$/);
  });

  it("takes any tags without failing", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (tags) => {
        for (const { id } of one(tags)) assert.ok(timeOfId(id));
      }),
    );
  });

  it("joins the copies of a set, in the order of places, and leaves other clusters out", () => {
    const [data, other] = [dataSet(), dataSet(undefined, { clusterId: "f".repeat(16) })];
    const listings = new Map([
      ["disk on cp1", [listed(data, "one")]],
      ["vault", [listed(data, "two"), listed(other, "three")]],
    ]);
    const found = mergeListings(listings, data.clusterId);
    assert.deepEqual(
      found.map(({ id, clusterId, copies }) => [id, clusterId, copies]),
      [
        [
          data.id,
          data.clusterId,
          [
            { place: "disk on cp1", snapshot: "one" },
            { place: "vault", snapshot: "two" },
          ],
        ],
      ],
    );
    assert.equal(mergeListings(listings, undefined).length, 2);
    assert.deepEqual(mergeListings(new Map(), undefined), []);
  });

  it("copies that say different things are different sets, whoever is asked first", () => {
    const data = dataSet();
    const forged = dataSet(undefined, { sha256: "e".repeat(64) });
    const broken = { ...listed(data, "four"), set: { problem: "it has no description" } };
    const lists = {
      disk: [listed(forged, "one")],
      vault: [listed(data, "two")],
      store: [listed(data, "three")],
      other: [broken],
    };
    for (const order of [
      ["disk", "vault", "store", "other"],
      ["other", "store", "disk", "vault"],
    ] as const) {
      const found = mergeListings(new Map(order.map((place) => [place, lists[place]])), data.clusterId);
      assert.equal(found.length, 2);
      const genuine = found.find(({ set }) => "sha256" in set && set.sha256 === data.sha256);
      const places = genuine?.copies.map(({ place }) => place) ?? [];
      assert.ok(places.includes("vault") && places.includes("store") && !places.includes("disk"), places.join());
    }
  });

  it("a copy whose description is unreadable does not hide one that is whole", () => {
    const data = dataSet();
    const broken = { ...listed(data, "one"), set: { problem: "it has no description" } };
    for (const order of [
      ["disk", "vault"],
      ["vault", "disk"],
    ] as const) {
      const lists = { disk: [broken], vault: [listed(data, "two")] };
      const [found] = mergeListings(new Map(order.map((place) => [place, lists[place]])), data.clusterId);
      assert.deepEqual(found?.set, data);
      assert.equal(found.copies.length, 2);
    }
  });
});
