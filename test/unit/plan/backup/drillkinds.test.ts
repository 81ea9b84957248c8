import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compareKinds,
  countKeys,
  distinctKinds,
  etcdPrefix,
  kindName,
  prefixOf,
  type Kind,
} from "../../../../plan/backup/drillkinds.ts";
import { compareObjects, spread } from "../../../../plan/backup/drillsample.ts";
import { stateFor } from "../../../../plan/backup/drillsets.ts";
import { dataSet, stateSet } from "../../../support/backup.ts";

const kind = (resource: string, group = "", custom = false): Kind => ({ resource, group, custom });
const widgets = kind("widgets", "example.com", true);
const keys = [
  "/registry/services/specs/default/kubernetes",
  "/registry/services/endpoints/default/kubernetes",
  "/registry/minions/cp1",
  "/registry/minions/cp2",
  "/registry/deployments/kube-system/coredns",
  "/registry/apiregistration.k8s.io/apiservices/v1.",
  "/registry/example.com/widgets/default/one",
  "/registry/ranges/serviceips",
  "/registry/masterleases/192.0.2.11",
];
const all: [Kind, number][] = [
  [kind("services"), 1],
  [kind("endpoints"), 1],
  [kind("nodes"), 2],
  [kind("deployments", "apps"), 1],
  [kind("apiservices", "apiregistration.k8s.io"), 1],
  [widgets, 1],
  [kind("pods"), 0],
];
const served = (list = all) => list.map(([one, objects]) => ({ ...one, objects }));

describe("what a restore drill counts", () => {
  it("is each object of every kind, wherever it is kept, and nothing that is none", () => {
    const { kinds, problems, notes } = compareKinds(countKeys(keys), served());
    assert.deepEqual([problems, notes], [[], []]);
    assert.deepEqual(kinds, {
      "apiservices.apiregistration.k8s.io": { stored: 1, served: 1 },
      "deployments.apps": { stored: 1, served: 1 },
      endpoints: { stored: 1, served: 1 },
      nodes: { stored: 2, served: 2 },
      services: { stored: 1, served: 1 },
      "widgets.example.com": { stored: 1, served: 1 },
    });
  });

  it("finds a missing object, one too many, and a kind that cannot be listed or is not served", () => {
    const without = served().map((one) => (one.resource === "nodes" ? { ...one, objects: 1 } : one));
    assert.deepEqual(compareKinds(countKeys(keys), without).problems, [
      "nodes: etcd has 2, and the API server serves 1",
    ]);
    const more = served().map((one) => (one.resource === "pods" ? { ...one, objects: 1 } : one));
    assert.deepEqual(compareKinds(countKeys(keys), more).problems, ["pods: etcd has 0, and the API server serves 1"]);
    const broken = compareKinds(countKeys(keys), [
      ...served().filter(({ resource }) => resource !== "deployments"),
      { ...kind("deployments", "apps"), error: "it is broken" },
    ]);
    assert.deepEqual(broken.problems, ["deployments.apps cannot be listed: it is broken"]);
    assert.deepEqual(broken.kinds["deployments.apps"], { stored: 1, served: undefined });
    const gone = compareKinds(
      countKeys(keys),
      served().filter(({ custom }) => !custom),
    );
    assert.deepEqual(gone.problems, ["widgets.example.com: etcd has 1, and the API server serves no such kind"]);
  });

  it("takes what former releases have left for a remark", () => {
    const { problems, notes } = compareKinds(countKeys([...keys, "/registry/podsecuritypolicy/strict"]), served());
    assert.deepEqual(problems, []);
    assert.match(notes.join(), /^podsecuritypolicy: etcd has 1, of an API/);
  });

  it("counts one kind once, by whatever groups it is served", () => {
    const kinds = [kind("events"), kind("events", "events.k8s.io"), kind("pods")];
    assert.deepEqual(distinctKinds(kinds).map(kindName), ["events", "pods"]);
  });

  it("finds each key where the kind of its object is kept", () => {
    const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
    const built = fc.constantFrom(...all.map(([one]) => one), kind("ingresses", "networking.k8s.io"));
    const custom = fc.record({
      resource: label,
      group: label.map((name) => `${name}.example.com`),
      custom: fc.constant(true),
    });
    fc.assert(
      fc.property(fc.oneof(built, custom), label, fc.option(label), (one, name, namespace) => {
        const path = namespace === null ? name : `${namespace}/${name}`;
        assert.equal(prefixOf(`/registry/${etcdPrefix(one)}/${path}`), etcdPrefix(one));
      }),
    );
  });

  it("has a problem exactly where a count differs", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3 }), { minLength: 7, maxLength: 7 }), (counts) => {
        const list = all.map(([one], index): [Kind, number] => [one, counts[index] ?? 0]);
        const { problems } = compareKinds(countKeys(keys), served(list));
        assert.equal(problems.length, list.filter(([, count], index) => count !== all[index]?.[1]).length);
      }),
    );
  });
});

describe("the sample of a restore drill", () => {
  const object = (resourceVersion: string, data: unknown, uid = "u") => ({ metadata: { uid, resourceVersion }, data });

  it("knows what has changed since from what is not as it was", () => {
    assert.equal(compareObjects(object("1", "a"), object("1", "a")), "same");
    assert.equal(compareObjects(object("1", "a"), object("2", "b")), "changed");
    assert.equal(compareObjects(object("1", "a"), object("1", "a", "v")), "changed");
    assert.equal(compareObjects(object("1", "a"), undefined), "changed");
    assert.equal(compareObjects(object("1", "a"), object("1", "b")), "different");
    assert.equal(compareObjects(undefined, object("1", "b")), "different");
  });

  it("is spread evenly, without repeating anything", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer()), fc.integer({ min: 1, max: 20 }), (items, most) => {
        const chosen = spread(items, most);
        assert.equal(chosen.length, Math.min(items.length, most));
        assert.deepEqual(
          chosen,
          items.filter((item) => chosen.includes(item)),
        );
      }),
    );
  });
});

describe("the state that goes with data", () => {
  it("is the newest one with the same keys", () => {
    const data = dataSet();
    const [old, newer] = [stateSet("2026-11-28T00:00:00Z"), stateSet("2026-11-30T00:00:00Z")];
    const other = stateSet("2026-12-01T00:00:00Z", { keys: { ...data.keys, encryption: "9".repeat(64) } });
    const now = Date.parse("2026-12-02T00:00:00Z");
    assert.equal(stateFor(data, [newer, other, data, old], now)?.id, newer.id);
    assert.equal(stateFor(data, [newer, old], Date.parse("2026-11-29T00:00:00Z"))?.id, old.id, "no clock is so wrong");
    assert.equal(stateFor(data, [other, data], now), undefined);
  });
});
