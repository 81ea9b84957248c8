import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { kubernetesProvider } from "../../../plugins/kubernetes/index.ts";
import { at, textAt } from "../../../kube/object.ts";
import {
  type CallContext,
  type CheckExtras,
  type ConfiguredProvider,
  type CreateResult,
  InitializationError,
  type ResourceHandler,
} from "../../../plugins/provider/types.ts";
import { isUnknown, plain, type PropertyMap } from "../../../plugins/provider/values.ts";
import { startApiServer, type TestApiServer } from "../../support/apiServer.ts";
import { eventually } from "../../support/eventually.ts";

const EXTRAS: CheckExtras = { olds: {}, randomSeed: new Uint8Array(), autonaming: undefined };
const APPLY = "application/apply-patch+yaml";
const CRD = "apiextensions.k8s.io/v1:CustomResourceDefinition";

describe("objects that the bundled kubernetes plugin manages", function () {
  this.timeout(120_000);
  let server: TestApiServer;
  let provider: ConfiguredProvider;
  let upserting: ConfiguredProvider;
  const lines: string[] = [];

  before(async () => {
    server = await startApiServer();
    provider = configured();
    upserting = configured({ upsertExistingObjects: "true" });
    await server.send("POST", "/api/v1/namespaces", { metadata: { name: "objects" } });
  });
  after(async () => {
    provider.close();
    upserting.close();
    await server.stop();
  });

  function configured(config: PropertyMap = {}): ConfiguredProvider {
    const made = kubernetesProvider.configurable?.configure({
      kubeconfig: server.kubeconfig,
      namespace: "objects",
      ...config,
    });
    assert.ok(made);
    return made;
  }

  function handler(type: string, from = provider): ResourceHandler {
    const found = from.resource(`kubernetes:${type}`);
    assert.ok(found, type);
    return found;
  }

  function context(options: Partial<CallContext> = {}): CallContext {
    return {
      urn: "urn",
      name: "it",
      signal: new AbortController().signal,
      timeoutSeconds: 20,
      progress: (line) => lines.push(line),
      warn: (line) => lines.push(line),
      ...options,
    };
  }

  /** Checks and creates an object of `apiVersion:Kind`. */
  async function create(
    type: string,
    inputs: PropertyMap,
    options: { preview?: boolean; context?: CallContext; from?: ConfiguredProvider } = {},
  ): Promise<CreateResult> {
    const made = handler(type, options.from);
    const checked = await made.check(inputs, context(), EXTRAS);
    assert.deepEqual(checked.failures, []);
    return made.create(checked.inputs, options.preview ?? false, options.context ?? context());
  }

  /** Creates a ConfigMap under a provider that takes over what exists. */
  async function upsert(inputs: PropertyMap, as = context()): Promise<CreateResult> {
    return create("core/v1:ConfigMap", inputs, { from: upserting, context: as });
  }

  async function remove(type: string, { id, properties }: CreateResult, timeoutSeconds = 20): Promise<void> {
    await handler(type).delete(id, properties, context({ timeoutSeconds }));
  }

  async function update(type: string, old: CreateResult, news: PropertyMap, more: object = {}): Promise<PropertyMap> {
    const checked = await handler(type).check(news, context(), {
      ...EXTRAS,
      olds: at(old.properties, "__inputs") as PropertyMap,
    });
    const request = { id: old.id, olds: old.properties, news: checked.inputs, oldInputs: undefined, ignoreChanges: [] };
    return handler(type).update({ ...request, ...more }, false, context());
  }

  const configMap = (name: string, data: PropertyMap = {}): PropertyMap => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name },
    data,
  });

  const job = (name: string, spec: PropertyMap = {}): PropertyMap => ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name },
    spec: {
      template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "localhost/job:1" }] } },
      ...spec,
    },
  });

  it("go into the provider's namespace, or the cluster when they have none", async () => {
    assert.equal((await create("core/v1:ConfigMap", configMap("placed"))).id, "objects/placed");
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "placed" } };
    assert.equal((await create("rbac.authorization.k8s.io/v1:ClusterRole", role)).id, "placed");
  });

  it("keep inputs, first version and field manager in the state as the official provider does", async () => {
    const { properties } = await create("core/v1:ConfigMap", configMap("kept", { a: "1" }));
    assert.deepEqual(at(properties, "__inputs", "data"), { a: "1" });
    assert.equal(properties["__initialApiVersion"], "v1");
    assert.match(textAt(properties, "__fieldManager"), /^pulumi-kubernetes-[0-9a-f]{8}$/);
  });

  it("are not taken over when they exist, unless the provider says so", async () => {
    await create("core/v1:ConfigMap", configMap("there"));
    await assert.rejects(create("core/v1:ConfigMap", configMap("there")), /ConfigMap objects\/there .* exists already/);
    const { properties } = await upsert(configMap("there", { b: "2" }));
    assert.deepEqual(properties["data"], { b: "2" });
    assert.match(lines.join("\n"), /ConfigMap objects\/there exists already and is taken over/);
  });

  describe("of a state that was lost", () => {
    const OLD = "pulumi-kubernetes-0123abcd";
    const managers = ({ properties }: Pick<CreateResult, "properties">): unknown[] =>
      (at(properties, "metadata", "managedFields") as PropertyMap[]).map(({ manager }) => manager);

    it("lose what is no longer declared, whether they were only created or also updated", async () => {
      const created = await create("core/v1:ConfigMap", configMap("lost", { a: "1", b: "1" }));
      const first = await upsert(configMap("lost", { a: "2" }));
      assert.deepEqual(first.properties["data"], { a: "2" });
      assert.deepEqual(managers(first), [first.properties["__fieldManager"]]);
      assert.notEqual(created.properties["__fieldManager"], undefined);

      // Earlier Plinths, as the official plugin, made up a manager for each state.
      const updated = await create("core/v1:ConfigMap", configMap("lost2", { a: "1", b: "1" }));
      const old = { ...updated, properties: { ...updated.properties, __fieldManager: OLD } };
      assert.deepEqual(
        managers({ properties: await update("core/v1:ConfigMap", old, configMap("lost2", { a: "2", b: "2" })) }),
        [OLD],
      );
      const second = await upsert(configMap("lost2", { a: "3" }));
      assert.deepEqual(second.properties["data"], { a: "3" });
      assert.deepEqual(managers(second), [second.properties["__fieldManager"]]);
    });

    it("are the same resource's by their field manager, and keep the patches of others", async () => {
      const first = await upsert(configMap("patched", { a: "1", b: "1" }));
      const path = "/api/v1/namespaces/objects/configmaps/patched";
      const theirs = { apiVersion: "v1", kind: "ConfigMap", data: { theirs: "1" } };
      await server.send("PATCH", `${path}?fieldManager=${OLD}&force=false`, theirs, APPLY);
      const second = await upsert(configMap("patched", { a: "2" }));
      assert.equal(second.properties["__fieldManager"], first.properties["__fieldManager"]);
      assert.deepEqual(second.properties["data"], { a: "2", theirs: "1" });
    });

    it("are not taken from who is no resource", async () => {
      const path = "/api/v1/namespaces/objects/configmaps";
      await server.send("POST", `${path}?fieldManager=somebody`, configMap("foreign", { a: "1" }));
      await assert.rejects(
        upsert(configMap("foreign", { a: "2" })),
        /ConfigMap objects\/foreign was not taken over by field manager .*\.data\.a \(owned by "somebody"\)/,
      );
      assert.deepEqual(at(await server.get(`${path}/foreign`), "data"), { a: "1" });
      assert.deepEqual((await upsert(configMap("foreign", { a: "1" }))).properties["data"], { a: "1" });
    });

    it("are not made anew for another value of what cannot be changed", async () => {
      await create("core/v1:ConfigMap", { ...configMap("fixed", { a: "1" }), immutable: true });
      await assert.rejects(
        upsert({ ...configMap("fixed", { a: "2" }), immutable: true }),
        /ConfigMap objects\/fixed was not taken over, as it exists with other values in fields that cannot be changed/,
      );
    });

    it("are made when those of their name that are being deleted are gone", async () => {
      const held = { ...configMap("held"), metadata: { name: "held", finalizers: ["example.com/held"] } };
      const path = "/api/v1/namespaces/objects/configmaps/held";
      await server.send("POST", "/api/v1/namespaces/objects/configmaps", held);
      await server.send("DELETE", path, {});
      const making = upsert(configMap("held", { a: "1" }));
      await eventually("a word on what holds it", 20, () =>
        Promise.resolve(lines.find((line) => line.includes("its finalizers example.com/held remain"))),
      );
      await server.send("PATCH", path, { metadata: { finalizers: null } }, "application/merge-patch+json");
      assert.deepEqual((await making).properties["data"], { a: "1" });
    });
  });

  it("stay with the resource that took them over when the one that had them goes", async () => {
    const path = "/api/v1/namespaces/objects/configmaps/renamed";
    for (const make of [create, upsert]) {
      const before = await (make === create
        ? create("core/v1:ConfigMap", configMap("renamed", { a: "1" }))
        : upsert(configMap("renamed", { a: "1" })));
      const after = await upsert(configMap("renamed", { a: "1" }), context({ urn: "urn of another name" }));
      await remove("core/v1:ConfigMap", before);
      assert.match(lines.at(-1) ?? "", /ConfigMap objects\/renamed has been taken over by another resource/);
      assert.ok((await server.get(path)) !== undefined);
      await remove("core/v1:ConfigMap", after);
      assert.equal(await server.get(path), undefined);
    }
  });

  it("stay when their provider is replaced by one for the same cluster", async () => {
    const before = await upsert(configMap("moved"));
    const other = configured({ upsertExistingObjects: "true", clusterIdentifier: "another" });
    const after = await create("core/v1:ConfigMap", configMap("moved"), { from: other });
    other.close();
    await remove("core/v1:ConfigMap", before);
    assert.ok((await server.get("/api/v1/namespaces/objects/configmaps/moved")) !== undefined);
    await remove("core/v1:ConfigMap", after);
  });

  it("are refused in the preview already when they cannot be made", async () => {
    const wrong = { ...configMap("wrong"), dota: {} };
    await assert.rejects(create("core/v1:ConfigMap", wrong, { preview: true }), /unknown field "dota"/);
    const invalid = { ...job("Wrong_Name") };
    await assert.rejects(create("batch/v1:Job", invalid, { preview: true }), /Job objects\/Wrong_Name was not created/);
  });

  it("are previewed with what the server fills in, and unknowns for what it makes up", async () => {
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "tried" },
      spec: { type: "NodePort", selector: { app: "x" }, ports: [{ port: 80 }] },
    };
    const { id, properties } = await create("core/v1:Service", service, { preview: true });
    assert.equal(id, "");
    assert.equal(at(properties, "spec", "sessionAffinity"), "None");
    const [port] = at(properties, "spec", "ports") as PropertyMap[];
    for (const value of [at(properties, "metadata", "uid"), at(properties, "spec", "clusterIP"), port?.["nodePort"]]) {
      assert.ok(isUnknown(value), JSON.stringify(value));
    }
    assert.equal(properties["status"], undefined);
    assert.equal(await server.get("/api/v1/namespaces/objects/services/tried"), undefined);
  });

  it("are previewed from inputs when their namespace or kind is yet to come", async () => {
    const elsewhere = { ...configMap("x"), metadata: { name: "x", namespace: "later" } };
    assert.equal((await create("core/v1:ConfigMap", elsewhere, { preview: true })).properties["__inputs"], undefined);
    const custom = { apiVersion: "none.example/v1", kind: "Thing", metadata: { name: "x" } };
    assert.equal((await create("none.example/v1:Thing", custom, { preview: true })).properties["__inputs"], undefined);
  });

  it("wait for their namespace, and for their kind", async () => {
    const elsewhere = { ...configMap("early"), metadata: { name: "early", namespace: "soon" } };
    const early = create("core/v1:ConfigMap", elsewhere);
    await sleep(300);
    await server.send("POST", "/api/v1/namespaces", { metadata: { name: "soon" } });
    assert.equal((await early).id, "soon/early");
    const custom = {
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata: { name: "w" },
      spec: { size: 1, none: null },
    };
    const widget = create("example.com/v1:Widget", custom);
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "widgets.example.com" },
      spec: {
        group: "example.com",
        scope: "Namespaced",
        names: { plural: "widgets", singular: "widget", kind: "Widget" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: "object",
                properties: { spec: { type: "object", x_kubernetes_preserve_unknown_fields: true } },
              },
            },
          },
        ],
      },
    };
    const crd = await create(CRD, definition);
    const conditions = at(crd.properties, "status", "conditions") as PropertyMap[];
    assert.ok(conditions.some(({ type, status }) => type === "Established" && status === "True"));
    const made = await widget;
    assert.equal(made.id, "objects/w");
    const changed = await update("example.com/v1:Widget", made, { ...custom, spec: { size: 2 } });
    assert.equal(at(changed, "spec", "size"), 2);
    // A new version of the definition takes the old one's place, and objects stay.
    const labelled = { ...definition, metadata: { name: "widgets.example.com", labels: { new: "yes" } } };
    const properties = await update(CRD, crd, labelled);
    assert.equal(at(properties, "metadata", "labels", "new"), "yes");
    assert.equal(at(properties, "metadata", "uid"), at(crd.properties, "metadata", "uid"));
    await remove(CRD, { ...crd, properties });
    await remove("example.com/v1:Widget", made);
  });

  it("hand their fields to their own manager at the first update, and drop what is no longer declared", async () => {
    const made = await create("core/v1:ConfigMap", configMap("owned", { a: "1", b: "2" }));
    const state = await update("core/v1:ConfigMap", made, configMap("owned", { a: "3" }));
    assert.deepEqual(state["data"], { a: "3" });
    const managers = at(state, "metadata", "managedFields") as PropertyMap[];
    assert.deepEqual(
      managers.map(({ manager, operation }) => [manager, operation]),
      [[made.properties["__fieldManager"], "Apply"]],
    );
  });

  it("leave what others added, and ignored fields as they are", async () => {
    const made = await create("core/v1:ConfigMap", configMap("shared", { a: "1", b: "1" }));
    const path = "/api/v1/namespaces/objects/configmaps/shared";
    const theirs = { apiVersion: "v1", kind: "ConfigMap", data: { a: "theirs", c: "theirs" } };
    await server.send("PATCH", `${path}?fieldManager=other&force=true`, theirs, APPLY);
    const news = configMap("shared", { a: "2", b: "2" });
    const state = await update("core/v1:ConfigMap", made, news, { ignoreChanges: ["data.a"] });
    assert.deepEqual(state["data"], { a: "theirs", b: "2", c: "theirs" });
  });

  it("take fields from others by the annotation patchForce", async () => {
    const made = await create("core/v1:ConfigMap", configMap("forced", { a: "1" }));
    const path = "/api/v1/namespaces/objects/configmaps/forced";
    const theirs = { apiVersion: "v1", kind: "ConfigMap", data: { a: "theirs" } };
    await server.send("PATCH", `${path}?fieldManager=other&force=true`, theirs, APPLY);
    const news = configMap("forced", { a: "2" });
    await assert.rejects(update("core/v1:ConfigMap", made, news), /\.data\.a \(owned by "other"\).*patchForce/);
    const forced = { ...news, metadata: { name: "forced", annotations: { "pulumi.com/patchForce": "true" } } };
    assert.deepEqual((await update("core/v1:ConfigMap", made, forced))["data"], { a: "2" });
  });

  it("are no patches of others' objects, Helm releases or Kustomize folders", () => {
    for (const type of ["core/v1:NodePatch", "helm.sh/v3:Release", "kustomize/v2:Directory", "yaml:ConfigFile"]) {
      assert.equal(provider.resource(`kubernetes:${type}`), undefined);
    }
    assert.ok(provider.resource("kubernetes:example.com/v1:DispatchPatch"));
  });

  it("are waited for until a Job is complete, with its pods' troubles when it is not", async () => {
    const failure = await create("batch/v1:Job", job("slow"), { context: context({ timeoutSeconds: 6 }) }).then(
      () => assert.fail("must fail"),
      (error: unknown) => error,
    );
    assert.ok(failure instanceof InitializationError);
    assert.match(failure.message, /Job objects\/slow: not ready within 6 s: 1 active/);
    assert.equal(failure.result.id, "objects/slow");
    assert.equal(textAt(failure.result.properties, "kind"), "Job");
    const failing = create("batch/v1:Job", job("failing", { activeDeadlineSeconds: 2, backoffLimit: 0 }));
    await assert.rejects(failing, /Job objects\/failing: \[DeadlineExceeded\]/);
  });

  it("are not waited for with skipAwait", async () => {
    const skipping = {
      ...job("skipped"),
      metadata: { name: "skipped", annotations: { "pulumi.com/skipAwait": "true" } },
    };
    assert.equal((await create("batch/v1:Job", skipping)).id, "objects/skipped");
  });

  it("are waited for by waitFor in place of the kind's own rules", async () => {
    const annotations = { "pulumi.com/waitFor": "jsonpath={.status.active}=1" };
    const waiting = { ...job("until"), metadata: { name: "until", annotations } };
    assert.equal((await create("batch/v1:Job", waiting)).id, "objects/until");
  });

  it("stop being waited for when the run is cancelled, and keep their state", async () => {
    const cancelled = new AbortController();
    setTimeout(() => {
      cancelled.abort();
    }, 1000);
    const made = create("batch/v1:Job", job("cancelled"), { context: context({ signal: cancelled.signal }) });
    await assert.rejects(made, (error: unknown) => {
      assert.ok(error instanceof InitializationError);
      assert.match(error.message, /cancelled before it was ready/);
      assert.equal(error.result.id, "objects/cancelled");
      return true;
    });
  });

  it("are waited for until a Service has endpoints, where it needs them", async () => {
    const service = (name: string, spec: PropertyMap): PropertyMap => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name },
      spec: { ports: [{ port: 80 }], ...spec },
    });
    await create("core/v1:Service", service("headless", { clusterIP: "None", selector: { app: "served" } }));
    await create("core/v1:Service", service("manual", {}));
    const made = create("core/v1:Service", service("served", { selector: { app: "served" } }));
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "served", labels: { app: "served" } },
      spec: { nodeName: "n1", containers: [{ name: "c", image: "i" }] },
    };
    await server.send("POST", "/api/v1/namespaces/objects/pods", pod);
    await sleep(2000);
    const status = {
      phase: "Running",
      podIP: "10.1.1.1",
      podIPs: [{ ip: "10.1.1.1" }],
      conditions: [{ type: "Ready", status: "True" }],
    };
    const type = "application/merge-patch+json";
    await server.send("PATCH", "/api/v1/namespaces/objects/pods/served/status", { status }, type);
    assert.equal((await made).id, "objects/served");
  });

  it("are imported with all that was declared, and not what the server sets", async () => {
    await server.send("POST", "/api/v1/namespaces/objects/configmaps", configMap("found", { a: "1" }));
    const read = await handler("core/v1:ConfigMap").read("objects/found", {}, {}, context());
    assert.deepEqual(read?.inputs, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "found", namespace: "objects" },
      data: { a: "1" },
    });
    assert.equal(read.id, "objects/found");
    assert.equal(await handler("core/v1:ConfigMap").read("objects/none", {}, {}, context()), undefined);
  });

  it("are masked when they are Secrets", async () => {
    const inputs = { apiVersion: "v1", kind: "Secret", metadata: { name: "hidden" }, stringData: { key: "value" } };
    const checked = await handler("core/v1:Secret").check(inputs, context(), EXTRAS);
    assert.deepEqual(plain(checked.inputs["data"] ?? null), { key: Buffer.from("value").toString("base64") });
    const { properties } = await create("core/v1:Secret", inputs);
    const bare = JSON.stringify({
      ...properties,
      data: null,
      __inputs: { ...(properties["__inputs"] as object), data: null },
    });
    assert.ok(!bare.includes(Buffer.from("value").toString("base64")), bare);
    const read = await handler("core/v1:Secret").read("objects/hidden", properties, checked.inputs, context());
    assert.ok(read?.properties["data"]);
    assert.equal(at(read.properties, "data", "key"), undefined, "data is one secret");
  });

  it("are gone when their deletion ends, and may have gone before", async () => {
    const made = await create("core/v1:ConfigMap", configMap("gone"));
    await remove("core/v1:ConfigMap", made);
    assert.equal(await server.get("/api/v1/namespaces/objects/configmaps/gone"), undefined);
    await remove("core/v1:ConfigMap", made);
    // Another object under the same name is not ours to delete.
    const other = await create("core/v1:ConfigMap", configMap("gone"));
    await remove("core/v1:ConfigMap", made);
    assert.notEqual(await server.get("/api/v1/namespaces/objects/configmaps/gone"), undefined);
    await remove("core/v1:ConfigMap", other);
  });

  it("say what holds them when their deletion does not end", async () => {
    const held = { ...configMap("held"), metadata: { name: "held", finalizers: ["example.com/keep"] } };
    const made = await create("core/v1:ConfigMap", held);
    await assert.rejects(
      remove("core/v1:ConfigMap", made, 3),
      /not gone within 3 s: its finalizers .*example\.com\/keep/,
    );
    const freed = { metadata: { finalizers: null } };
    const path = "/api/v1/namespaces/objects/configmaps/held";
    await server.send("PATCH", path, freed, "application/merge-patch+json");
  });

  it("survive a pause of the API server, made once", async () => {
    await server.pause();
    const made = create("core/v1:ConfigMap", configMap("paused"));
    await sleep(1500);
    server.resume();
    assert.equal((await made).id, "objects/paused");
  });

  it("show what the API server warns of", async () => {
    const deprecated = { apiVersion: "v1", kind: "Endpoints", metadata: { name: "old" } };
    lines.length = 0;
    await create("core/v1:Endpoints", deprecated);
    assert.ok(
      lines.some((line) => /v1 Endpoints is deprecated/.test(line)),
      lines.join("\n"),
    );
  });

  it("cannot be deleted while the cluster is unreachable, unless told to forget them", async () => {
    const made = await create("core/v1:ConfigMap", configMap("kept-in-state"));
    const kubeconfig = server.kubeconfig.replace(/https:\/\/127\.0\.0\.1:\d+/, "https://127.0.0.1:1");
    const away = configured({ kubeconfig });
    const hurried = context({ signal: AbortSignal.timeout(2000) });
    await assert.rejects(handler("core/v1:ConfigMap", away).delete(made.id, made.properties, hurried));
    const broken = configured({ kubeconfig: "nonsense" });
    const deleted = handler("core/v1:ConfigMap", broken).delete(made.id, made.properties, context());
    await assert.rejects(deleted, /configured Kubernetes cluster is unreachable: .*PULUMI_K8S_DELETE_UNREACHABLE/);
    const forgotten = configured({ kubeconfig: "nonsense", deleteUnreachable: "true" });
    await handler("core/v1:ConfigMap", forgotten).delete(made.id, made.properties, context());
    for (const each of [away, broken, forgotten]) each.close();
  });
});
