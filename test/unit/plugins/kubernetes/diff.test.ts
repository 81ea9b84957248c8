import assert from "node:assert/strict";
import { diffObject, type DiffInput } from "../../../../plugins/kubernetes/diff.ts";
import { forceNewPaths } from "../../../../plugins/kubernetes/forceNew.ts";
import { gvkOf } from "../../../../plugins/kubernetes/kinds.ts";
import { contains, parsePath, pathText } from "../../../../plugins/kubernetes/paths.ts";
import { DiffKind } from "../../../../plugins/provider/types.ts";
import { type PropertyMap, UNKNOWN } from "../../../../plugins/provider/values.ts";

const FIXED = { configMaps: false, secrets: false, immutable: false };

/** The diff of an object declared as `before`, of which the server has `live` beside that, and declared as `after` now. */
function diff(
  kind: string,
  before: PropertyMap,
  after: PropertyMap,
  more: Partial<DiffInput> & { live?: PropertyMap } = {},
) {
  const [apiVersion = "", name = ""] = kind.split(":");
  const object = (fields: PropertyMap): PropertyMap => ({
    apiVersion,
    kind: name,
    ...fields,
    metadata: { name: "it", namespace: "ns", ...(fields["metadata"] as PropertyMap | undefined) },
  });
  return diffObject({
    oldInputs: object(before),
    oldLive: object({ ...before, ...more.live }),
    newInputs: object(after),
    namespaced: true,
    forceNew: forceNewPaths(gvkOf(apiVersion, name), FIXED),
    ignoreChanges: [],
    ...more,
  });
}

describe("changes of an object", () => {
  it("are none when nothing is declared otherwise, whatever the server filled in", () => {
    const live = { spec: { replicas: 1, strategy: { type: "RollingUpdate" } }, status: { replicas: 1 } };
    const result = diff("apps/v1:Deployment", { spec: { replicas: 1 } }, { spec: { replicas: 1 } }, { live });
    assert.deepEqual(result, { changed: [], replaces: [], detailed: {}, deleteBeforeReplace: false });
  });

  it("are told by path", () => {
    const before = { spec: { replicas: 1, paused: true, template: { spec: { containers: [{ image: "a" }] } } } };
    const after = {
      spec: { replicas: 2, minReadySeconds: 5, template: { spec: { containers: [{ image: "b" }, { image: "c" }] } } },
    };
    const { detailed, changed, replaces } = diff("apps/v1:Deployment", before, after);
    assert.deepEqual(detailed, {
      "spec.replicas": DiffKind.update,
      "spec.paused": DiffKind.delete,
      "spec.minReadySeconds": DiffKind.add,
      "spec.template.spec.containers[0].image": DiffKind.update,
      "spec.template.spec.containers[1]": DiffKind.add,
    });
    assert.deepEqual([changed, replaces], [["spec"], []]);
  });

  it("are those that a refresh found", () => {
    const result = diff("v1:Service", { spec: { a: 1 } }, { spec: { a: 1 } }, { live: { spec: { a: 2 } } });
    assert.deepEqual(result.detailed, { "spec.a": DiffKind.update });
  });

  it("are none for empty values that the server leaves out, unless they were declared otherwise", () => {
    const empty = { spec: { hostNetwork: false, list: [], map: { inner: "" } } };
    assert.deepEqual(diff("v1:Pod", empty, empty, { live: { spec: {} } }).changed, []);
    const { detailed } = diff("v1:ServiceAccount", {}, { automountServiceAccountToken: false });
    assert.deepEqual(detailed, { automountServiceAccountToken: DiffKind.add });
  });

  it("are updates where the new value is unknown", () => {
    const { detailed } = diff("v1:Service", { spec: { a: 1 } }, { spec: { a: UNKNOWN, b: UNKNOWN } });
    assert.deepEqual(detailed, { "spec.a": DiffKind.update, "spec.b": DiffKind.add });
  });

  it("do not count below ignored paths", () => {
    const options = { ignoreChanges: ["spec.replicas", 'metadata.annotations["a.b/c"]', "spec.list[*].x"] };
    const before = { metadata: { annotations: { "a.b/c": "1" } }, spec: { replicas: 1, list: [{ x: 1 }] } };
    const after = { metadata: { annotations: { "a.b/c": "2" } }, spec: { replicas: 2, list: [{ x: 2 }] } };
    assert.deepEqual(diff("apps/v1:Deployment", before, after, options).changed, []);
  });
});

describe("replacements", () => {
  const cases: [string, string, PropertyMap, PropertyMap, string[]][] = [
    ["another name", "v1:Service", {}, { metadata: { name: "other" } }, ["metadata.name"]],
    ["another namespace", "v1:Service", {}, { metadata: { namespace: "other" } }, ["metadata.namespace"]],
    [
      "a Deployment's selector",
      "apps/v1:Deployment",
      { spec: { selector: { matchLabels: { a: "1" } } } },
      { spec: { selector: { matchLabels: { a: "2" } } } },
      ["spec.selector.matchLabels.a"],
    ],
    [
      "a Service's address",
      "v1:Service",
      { spec: { clusterIP: "1" } },
      { spec: { clusterIP: "2" } },
      ["spec.clusterIP"],
    ],
    ["a Secret's type", "v1:Secret", { type: "a" }, { type: "b" }, ["type"]],
    ["a Secret's data", "v1:Secret", { data: { a: "1" } }, { data: { a: "2" } }, ["data.a"]],
    ["a ConfigMap's data", "v1:ConfigMap", { data: { a: "1" } }, { data: {} }, ["data.a"]],
    [
      "a StatefulSet's claims",
      "apps/v1:StatefulSet",
      { spec: { volumeClaimTemplates: [{ a: 1 }] } },
      { spec: { volumeClaimTemplates: [{ a: 2 }] } },
      ["spec.volumeClaimTemplates[0].a"],
    ],
    [
      "a Job's template",
      "batch/v1:Job",
      { spec: { template: { spec: { a: 1 } } } },
      { spec: { template: { spec: { a: 2 } } } },
      ["spec.template.spec.a"],
    ],
    [
      "a container's image in a Pod",
      "v1:Pod",
      { spec: { containers: [{ image: "a" }] } },
      { spec: { containers: [{ image: "b" }] } },
      ["spec.containers[0].image"],
    ],
    ["a whole spec with a selector", "apps/v1:DaemonSet", {}, { spec: { selector: { a: 1 } } }, ["spec"]],
    [
      "a role binding's role",
      "rbac.authorization.k8s.io/v1:RoleBinding",
      { roleRef: { name: "a" } },
      { roleRef: { name: "b" } },
      ["roleRef.name"],
    ],
    [
      "a storage class's provisioner",
      "storage.k8s.io/v1:StorageClass",
      { provisioner: "a" },
      { provisioner: "b" },
      ["provisioner"],
    ],
    ["nothing of a label", "v1:Secret", {}, { metadata: { labels: { a: "1" } } }, []],
    [
      "nothing of a Service's ports",
      "v1:Service",
      { spec: { ports: [{ port: 1 }] } },
      { spec: { ports: [{ port: 2 }] } },
      [],
    ],
  ];
  for (const [what, kind, before, after, replaces] of cases) {
    it(`follow from ${what}`, () => {
      assert.deepEqual(diff(kind, before, after).replaces, replaces);
    });
  }

  it("do not follow from data that the provider lets change, unless the object is immutable", () => {
    const secret = gvkOf("v1", "Secret");
    const mutable = { configMaps: true, secrets: true, immutable: false };
    assert.ok(!forceNewPaths(secret, mutable).includes(".data"));
    assert.ok(forceNewPaths(secret, { ...mutable, immutable: true }).includes(".data"));
    assert.ok(!forceNewPaths(gvkOf("v1", "ConfigMap"), mutable).includes(".data"));
  });

  it("delete first under the same fixed name, and not under a made-up one", () => {
    const [before, after] = [{ data: { a: "1" } }, { data: { a: "2" } }];
    assert.equal(diff("v1:ConfigMap", before, after).deleteBeforeReplace, true);
    const autonamed = { metadata: { annotations: { "pulumi.com/autonamed": "true" } } };
    assert.equal(
      diff("v1:ConfigMap", { ...before, ...autonamed }, { ...after, ...autonamed }).deleteBeforeReplace,
      false,
    );
    assert.equal(diff("v1:ConfigMap", before, { ...after, metadata: { name: "b" } }).deleteBeforeReplace, false);
  });
});

describe("property paths", () => {
  it("are written and read alike", () => {
    for (const text of ["spec.ports[0].name", 'metadata.annotations["a.b/c"].d', "data"]) {
      assert.equal(pathText(parsePath(text)), text);
    }
  });

  it("contain what is below them", () => {
    assert.ok(contains(parsePath("spec.list[*]"), ["spec", "list", 3, "x"]));
    assert.ok(!contains(parsePath("spec.list.x"), ["spec"]));
  });
});
