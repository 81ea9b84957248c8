import assert from "node:assert/strict";
import { asDeclared, normalizeInputs, prune } from "../../../../plugins/kubernetes/normalize.ts";
import { canonicalQuantity } from "../../../../plugins/kubernetes/quantity.ts";
import { UNKNOWN } from "../../../../plugins/provider/values.ts";

describe("quantities", () => {
  const cases: [string | number, string][] = [
    ["1000m", "1"],
    ["0.5", "500m"],
    [1, "1"],
    [0.1, "100m"],
    ["1500m", "1500m"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["100Mi", "100Mi"],
    ["512Ki", "512Ki"],
    ["1000k", "1M"],
    ["1e3", "1e3"],
    ["10E2", "1e3"],
    ["0", "0"],
    ["0Mi", "0"],
    ["-1000m", "-1"],
    ["128974848", "128974848"],
    ["0.5Ki", "512"],
    ["+5", "5"],
    ["nonsense", "nonsense"],
    ["", ""],
    ["5Xi", "5Xi"],
  ];
  for (const [written, canonical] of cases) {
    it(`${JSON.stringify(written)} is ${JSON.stringify(canonical)}`, () => {
      assert.equal(canonicalQuantity(written), canonical);
    });
  }
});

describe("normal inputs", () => {
  it("have no nulls, no fields of the server's, and quantities as the server writes them", () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "a", uid: "u", creationTimestamp: null, annotations: { limits: "1000m" } },
      spec: { containers: [{ name: "c", command: null, resources: { limits: { cpu: "1000m", memory: 1024 } } }] },
    };
    assert.deepEqual(normalizeInputs(pod), {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "a", annotations: { limits: "1000m" } },
      spec: { containers: [{ name: "c", resources: { limits: { cpu: "1", memory: "1024" } } }] },
    });
  });

  it("of a Secret have stringData in data, over what is there", () => {
    const secret = { apiVersion: "v1", kind: "Secret", data: { a: "YQ==\n", b: "Yg==" }, stringData: { b: "c" } };
    assert.deepEqual(normalizeInputs(secret), { apiVersion: "v1", kind: "Secret", data: { a: "YQ==", b: "Yw==" } });
  });

  it("of a CustomResourceDefinition have no status and no default preserveUnknownFields", () => {
    const kind = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" };
    const crd = { ...kind, spec: { group: "g", preserveUnknownFields: false }, status: { a: 1 } };
    assert.deepEqual(normalizeInputs(crd), { ...kind, spec: { group: "g" } });
  });

  it("of custom resources, and with unknown parts, stay as they are", () => {
    const custom = { apiVersion: "e.com/v1", kind: "W", spec: { a: null, limits: { cpu: "1000m" } } };
    assert.deepEqual(normalizeInputs(custom), custom);
    const unknown = { apiVersion: "v1", kind: "Secret", stringData: { a: UNKNOWN } };
    assert.deepEqual(normalizeInputs(unknown), unknown);
  });
});

describe("live objects", () => {
  const live = { spec: { a: 1, filled: 2, list: [{ x: 1, filled: 2 }, { x: 2 }, { x: 3 }] }, status: {} };

  it("are cut to what was declared", () => {
    const declared = { spec: { a: 0, gone: 1, list: [{ x: 0 }, { x: 0 }] } };
    assert.deepEqual(prune(live, declared), { spec: { a: 1, list: [{ x: 1 }, { x: 2 }] } });
  });

  it("keep the empty values that the server leaves out", () => {
    const declared = { spec: { a: 0, off: false, none: {}, on: true, list: [{ x: 0, value: "" }] } };
    assert.deepEqual(asDeclared(live, declared), { spec: { a: 1, off: false, none: {}, list: [{ x: 1, value: "" }] } });
  });
});
