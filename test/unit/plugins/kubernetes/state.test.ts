import assert from "node:assert/strict";
import { takeOver, withIgnored } from "../../../../plugins/kubernetes/managedFields.ts";
import { uniqueName, withName } from "../../../../plugins/kubernetes/naming.ts";
import { checkpoint, parseCheckpoint, unmarked } from "../../../../plugins/kubernetes/state.ts";
import { isSecret, type PropertyMap, secret } from "../../../../plugins/provider/values.ts";

const KEPT = { fieldManager: "pulumi-kubernetes-1", initialApiVersion: "v1" };

describe("the state of an object", () => {
  it("is the live object with inputs, first version and field manager, and is read back", () => {
    const inputs = { apiVersion: "v1", kind: "ConfigMap", data: { a: "1" } };
    const live = { ...inputs, metadata: { uid: "u" } };
    const state = checkpoint(inputs, live, inputs, KEPT);
    assert.deepEqual(state, {
      ...live,
      __inputs: inputs,
      __initialApiVersion: "v1",
      __fieldManager: "pulumi-kubernetes-1",
    });
    assert.deepEqual(parseCheckpoint(state), { inputs, live, ...KEPT });
  });

  it("has a Secret's data as one secret", () => {
    const live = { apiVersion: "v1", kind: "Secret", data: { a: "YQ==" } };
    const state = checkpoint(live, live, live, KEPT);
    assert.ok(isSecret(state["data"]) && isSecret((state["__inputs"] as PropertyMap)["data"]));
  });

  it("marks what the program marked, and a list as a whole", () => {
    const marked = { spec: { env: [{ name: "A", value: secret("x") }], args: ["y"] } };
    const live = unmarked(marked);
    const { spec } = checkpoint(live, live, marked, KEPT) as { spec: PropertyMap };
    assert.deepEqual([isSecret(spec["env"]), isSecret(spec["args"])], [true, false]);
  });

  it("names the schema extensions of custom resources as SDKs do", () => {
    const live = { schema: { "x-kubernetes-int-or-string": true } };
    const state = checkpoint(live, live, {}, KEPT);
    assert.deepEqual(state["schema"], { x_kubernetes_int_or_string: true });
    assert.deepEqual(parseCheckpoint(state).live, live);
  });
});

describe("names", () => {
  const extras = { olds: {}, randomSeed: new Uint8Array([1, 2, 3]), autonaming: undefined };
  const autonamed = { "pulumi.com/autonamed": "true" };

  it("are made up from the resource's, the same for the same seed", () => {
    const { metadata } = withName({}, "web", extras, {}) as { metadata: { name: string; annotations: PropertyMap } };
    assert.match(metadata.name, /^web-[0-9a-f]{8}$/);
    assert.deepEqual(metadata.annotations, autonamed);
    assert.equal(metadata.name, uniqueName("web-", extras.randomSeed));
    assert.notEqual(uniqueName("web-", new Uint8Array()), uniqueName("web-", new Uint8Array()));
  });

  it("are kept once made up, and left alone when given", () => {
    const olds = { metadata: { name: "web-1", annotations: autonamed } };
    assert.deepEqual(withName({ metadata: { labels: {} } }, "web", extras, olds), {
      metadata: { name: "web-1", annotations: autonamed, labels: {} },
    });
    const named = { metadata: { name: "own" } };
    assert.equal(withName(named, "web", extras, olds), named);
  });

  it("follow the stack's autonaming", () => {
    const proposed = { ...extras, autonaming: { disabled: false, proposed: "dev-web" } };
    assert.deepEqual(withName({}, "web", proposed, {}), { metadata: { name: "dev-web", annotations: autonamed } });
    const disabled = { ...extras, autonaming: { disabled: true, proposed: "" } };
    assert.throws(() => withName({}, "web", disabled, {}), /has no metadata\.name/);
  });
});

describe("owned fields", () => {
  const entry = (manager: string, operation: string, fieldsV1: PropertyMap, more: PropertyMap = {}): PropertyMap => ({
    manager,
    operation,
    fieldsV1,
    ...more,
  });
  const live = (...managedFields: PropertyMap[]): PropertyMap => ({
    metadata: { resourceVersion: "7", managedFields },
  });

  it("move from the creator to the resource's own manager, and nobody else's do", () => {
    const status = entry("pulumi-kubernetes", "Update", { "f:status": {} }, { subresource: "status" });
    const theirs = entry("hpa", "Update", { "f:spec": { "f:replicas": {} } });
    const patch = takeOver(
      live(
        entry("pulumi-kubernetes", "Update", { "f:data": { "f:a": {} } }),
        status,
        theirs,
        entry("kubectl-client-side-apply", "Update", { "f:data": { "f:b": {} } }),
      ),
      "own",
    );
    assert.deepEqual(patch, [
      {
        op: "replace",
        path: "/metadata/managedFields",
        value: [status, theirs, entry("own", "Apply", { "f:data": { "f:a": {}, "f:b": {} } })],
      },
      { op: "replace", path: "/metadata/resourceVersion", value: "7" },
    ]);
  });

  it("do not move when they are there already", () => {
    assert.equal(takeOver(live(entry("own", "Apply", {}), entry("hpa", "Update", {})), "own"), undefined);
  });

  it("that are ignored stay with who has them", () => {
    const spec = { replicas: 5, paused: true };
    const object = {
      ...live(
        entry("own", "Apply", { "f:spec": { "f:paused": {} } }),
        entry("hpa", "Update", { "f:spec": { "f:replicas": {} } }),
      ),
      spec,
    };
    const wanted = { spec: { replicas: 1, paused: false, list: [1] } };
    const ignored = ["spec.replicas", "spec.paused", "spec.list[0]", "spec.absent"];
    assert.deepEqual(withIgnored(wanted, object, ignored, "own"), { spec: { paused: true, list: [1] } });
  });
});
