import assert from "node:assert/strict";
import fc from "fast-check";
import { readDeclared, type JsonMap } from "../../../plan/declared.ts";
import { nodeDifferences } from "../../../plan/nodedrift.ts";
import { changedFields, judgeObject, type ObjectReading } from "../../../plan/objectdrift.ts";
import { declareNode, renderNodeManifest, renderTaints } from "../../../plan/roster.ts";
import { renderRosterText } from "../../../plan/rostertext.ts";
import { hostsOf } from "../../support/cluster.ts";

const secretMark = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const urn = "urn:pulumi:demo::plinth::kubernetes:apps/v1:Deployment::coredns";
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "coredns", namespace: "kube-system" },
};
const exported = (...resources: object[]) => JSON.stringify({ version: 3, deployment: { resources } });

describe("plan/declared", () => {
  it("reads objects with their field manager, and nothing that only looks like one", () => {
    const resources = [
      {
        urn,
        type: "kubernetes:apps/v1:Deployment",
        inputs: deployment,
        outputs: { __fieldManager: "pulumi-kubernetes-1" },
      },
      { urn: "a", type: "kubernetes:apps/v1:Deployment", inputs: deployment, delete: true },
      { urn: "b", type: "kubernetes:apps/v1:Deployment", inputs: deployment, external: true },
      { urn: "c", type: "kubernetes:helm.sh/v3:Release", inputs: {} },
      { urn: "d", type: "kubernetes:apps/v1:DeploymentPatch", inputs: deployment },
      { urn: "e", type: "kubernetes:apps/v1:DeploymentList", inputs: deployment },
      { urn: "f", type: "pulumi:providers:kubernetes", inputs: {} },
    ];
    assert.deepEqual(readDeclared(exported(...resources)), {
      objects: [{ urn, object: deployment, manager: "pulumi-kubernetes-1", secret: false }],
      nodes: [],
    });
    assert.deepEqual(readDeclared("{}"), { objects: [], nodes: [] });
    assert.throws(() => readDeclared('{"deployment": 1}'), /the stack's state makes no sense/);
  });

  it("takes secrets in clear, and knows that there are some", () => {
    const data = { ...secretMark, plaintext: JSON.stringify({ key: "value" }) };
    const inputs = { ...deployment, spec: [{ data }] };
    const [object] = readDeclared(exported({ urn, type: "kubernetes:apps/v1:Deployment", inputs })).objects;
    assert.deepEqual([object?.object["spec"], object?.secret], [[{ data: { key: "value" } }], true]);
    const closed = { ...deployment, data: { ...secretMark, ciphertext: "v1:…" } };
    const type = "kubernetes:core/v1:Secret";
    assert.throws(
      () => readDeclared(exported({ urn, type, inputs: closed })),
      /a secret of the stack's state is not in clear/,
    );
  });

  it("reads Nodes as they were registered", () => {
    const [host] = hostsOf();
    assert.ok(host);
    const variables = {
      MACHINE_ID: "0af1",
      MANIFEST: renderNodeManifest(host, "demo"),
      TAINTS: renderTaints({ ...host, taints: [{ key: "a", value: "it's", effect: "NoExecute" }] }),
    };
    const create = renderRosterText({ script: "register", node: host.name, deadline: 240, variables });
    const register = { urn: `x::${host.name}-register`, type: "command:remote:Command", inputs: { create } };
    const [node] = readDeclared(exported(register)).nodes;
    const { labels, annotations } = declareNode(host, "demo");
    assert.deepEqual(node, {
      ...{ name: host.name, labels, annotations, machineId: "0af1" },
      taints: [
        { key: "node-role.kubernetes.io/control-plane", value: "", effect: "NoSchedule" },
        { key: "a", value: "it's", effect: "NoExecute" },
      ],
    });
  });
});

describe("plan/objectdrift", () => {
  const described = (reading: ObjectReading, secret = false) =>
    judgeObject({ declared: { urn, object: deployment, manager: undefined, secret }, reading }).map(
      ({ name, detail }) => `${name} ${detail}`,
    );
  const live = (change: JsonMap): ObjectReading => ({ live: change, applied: { spec: { replicas: 2 } }, owners: [] });

  it("names what is gone and what is another", () => {
    assert.deepEqual(described({ gone: true }), ["Deployment kube-system/coredns is gone"]);
    assert.deepEqual(described({ error: "no answer" }), []);
    assert.deepEqual(described({ refused: "immutable\u001b" }), [
      "Deployment kube-system/coredns is another one, which cannot be changed back: immutable\\x1b",
    ]);
    assert.deepEqual(described({ refused: "data: c2VjcmV0" }, true), [
      "Deployment kube-system/coredns is another one, which cannot be changed back",
    ]);
    assert.deepEqual(described(live({ spec: { replicas: 0 } })), [
      "Deployment kube-system/coredns spec.replicas is 0 and was declared 2",
    ]);
    assert.deepEqual(described(live({ spec: { replicas: 0 } }), true), [
      "Deployment kube-system/coredns spec.replicas is another",
    ]);
    assert.deepEqual(described(live({ spec: {} })), ["Deployment kube-system/coredns spec.replicas is gone"]);
    const many = Object.fromEntries(Array.from({ length: 7 }, (_, n) => [`f${n}`, n]));
    const [line] = described({ live: many, applied: {}, owners: ["kubectl-edit\n"] });
    assert.match(line ?? "", /f4 was added; and 2 more \(by kubectl-edit\\n\)$/);
  });

  it("does not count what every write changes, nor the status", () => {
    const metadata = { name: "a", generation: 1, resourceVersion: "1", managedFields: [] };
    const other = { name: "a", generation: 2, resourceVersion: "2", managedFields: [{ manager: "x" }] };
    assert.deepEqual(changedFields({ metadata, status: { a: 1 } }, { metadata: other, status: { a: 2 } }), []);
  });

  it("is nothing exactly where both are the same", () => {
    const value = fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.parse(JSON.stringify(json)) as JsonMap[string]);
    fc.assert(
      fc.property(value, value, (one, two) => {
        assert.deepEqual(changedFields({ spec: one }, { spec: structuredClone(one) }), []);
        const same = JSON.stringify(one) === JSON.stringify(two);
        if (same) return;
        const sortKeys = (json: unknown): string =>
          JSON.stringify(json, (_key, inner: unknown) =>
            typeof inner === "object" && inner !== null && !Array.isArray(inner)
              ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
              : inner,
          );
        assert.equal(changedFields({ spec: one }, { spec: two }).length > 0, sortKeys(one) !== sortKeys(two));
      }),
    );
  });
});

describe("plan/nodedrift", () => {
  const [host] = hostsOf();
  assert.ok(host);
  const declared = declareNode({ ...host, annotations: { a: "1" } }, "demo");

  it("is nothing where all is there, whatever others have put beside it", () => {
    const more = fc.dictionary(fc.stringMatching(/^others\/[a-z]{1,9}$/), fc.string());
    fc.assert(
      fc.property(more, more, fc.boolean(), (labels, annotations, tainted) => {
        const taints = [...declared.taints, ...(tainted ? [{ key: "theirs", value: "", effect: "NoSchedule" }] : [])];
        const content = {
          labels: { ...labels, ...declared.labels },
          annotations: { ...annotations, ...declared.annotations },
        };
        assert.deepEqual(nodeDifferences({ ...content, taints }, declared), []);
      }),
    );
  });

  it("names labels, annotations and taints that are gone or another, escaped", () => {
    const labels = { ...declared.labels, "node-role.kubernetes.io/control-plane": "\u001b[31m" };
    const taints = [{ key: "plinth/uninitialized", value: "", effect: "NoSchedule" }];
    assert.deepEqual(nodeDifferences({ labels, annotations: {}, taints }, declared), [
      'the label node-role.kubernetes.io/control-plane is "\\u001b[31m" and was declared ""',
      "the annotation a is gone",
      "the taint node-role.kubernetes.io/control-plane:NoSchedule is gone or has another value",
      "it still has the taint plinth/uninitialized, with which nothing is scheduled there",
    ]);
  });
});
