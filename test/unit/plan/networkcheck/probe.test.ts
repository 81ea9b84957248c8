import assert from "node:assert/strict";
import { parseProbes, parseWarnings } from "../../../../plan/networkcheck/pods.ts";
import { leftovers, leftoverSeconds, parseProbeService, probeObjects } from "../../../../plan/networkcheck/probe.ts";
import { parseDnsConfig, parseDnsDeployment, parseServiceAddress } from "../../../../plan/networkcheck/surroundings.ts";
import { corefile } from "../../../../plan/addons/dns.ts";
import { configOf } from "../../../support/cluster.ts";

describe("the objects of a test of the network", () => {
  const objects = probeObjects({ id: "0a0a", nodes: ["cp1", "w1"], image: "i", dns: "10.96.0.10" });

  it("are all in a namespace of the test, which is exempt from what keeps pods off control-plane hosts", () => {
    assert.deepEqual(
      objects.map(({ kind }) => kind),
      ["Namespace", "ConfigMap", "Service", "DaemonSet"],
    );
    assert.match(JSON.stringify(objects[0]), /"protections\.plinth\/control-plane-hosts":"off"/);
    for (const object of objects.slice(1)) assert.match(JSON.stringify(object), /"namespace":"plinth-check-0a0a"/);
  });

  it("are left by killed tests when they are old, and are nobody else's", () => {
    const now = Date.parse("2026-01-31T12:00:00Z");
    const made = (name: string, secondsAgo: number, more: object = {}) => ({
      metadata: { name, creationTimestamp: new Date(now - secondsAgo * 1000).toISOString(), ...more },
    });
    const old = leftoverSeconds + 1;
    const items = [
      made("plinth-check-0a", old),
      made("plinth-check-0b", 60),
      made("plinth-check-0c", old, { deletionTimestamp: "2026-01-31T11:59:00Z" }),
    ];
    assert.deepEqual(leftovers({ items }, now), ["plinth-check-0a"]);
    assert.deepEqual(leftovers({ items: [made("kube-system", old)] }, now), []);
    assert.deepEqual(leftovers({}, now), []);
  });

  it("have a Service with an address and a port of Nodes", () => {
    const spec = { clusterIP: "10.96.7.7", ports: [{ nodePort: 31234 }] };
    assert.deepEqual(parseProbeService({ spec }), { address: "10.96.7.7", nodePort: 31234 });
    assert.equal(parseProbeService({ spec: { ...spec, clusterIP: "None" } }), undefined);
  });
});

describe("the probes", () => {
  const uid = "6b1f7a5e-0000-4000-8000-000000000001";
  const pod = (name: string, spec: object, status: object) => ({ metadata: { name, uid }, spec, status });
  const meant = (node: string) => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }],
        },
      },
    },
  });
  const waits = (reason: string, message: string) => ({
    containerStatuses: [{ state: { waiting: { reason, message } } }],
  });

  it("are ready, or wait for something that says or does not say anything about the network", () => {
    const ready = [{ type: "Ready", status: "True" }];
    const full = [{ type: "PodScheduled", status: "False", message: "Too many pods" }];
    const { ready: up, waiting } = parseProbes({
      items: [
        pod("a", { nodeName: "cp1" }, { podIP: "10.244.0.2", conditions: ready }),
        pod("b", meant("w1"), { conditions: full }),
        pod("c", { nodeName: "w2" }, waits("ImagePullBackOff", "no such image")),
        pod("d", { nodeName: "w3" }, waits("ContainerCreating", "")),
        pod("e", { nodeName: "w4" }, { podIP: "10.244.4.2" }),
        pod("f", { nodeName: "w5" }, {}),
      ],
    });
    assert.deepEqual(up, [{ name: "a", uid, node: "cp1", address: "10.244.0.2" }]);
    assert.deepEqual(
      waiting.map(({ node, reason, tellsOfNetwork }) => [node, reason, tellsOfNetwork]),
      [
        ["w1", "there is no room: Too many pods", false],
        ["w2", "ImagePullBackOff: no such image", false],
        ["w3", "ContainerCreating", true],
        ["w4", "it runs and does not answer its kubelet", true],
        ["w5", "its kubelet has not started it", true],
      ],
    );
    assert.throws(() => parseProbes({ items: [{}] }), /makes no sense/);
  });

  it("have warnings, of which the last counts", () => {
    const event = (message: string, type = "Warning") => ({ type, message, involvedObject: { name: "a" } });
    assert.deepEqual(
      parseWarnings({ items: [event("x"), event("cni\u001b"), event("y", "Normal")] }),
      new Map([["a", "cni\\x1b"]]),
    );
    assert.equal(parseWarnings("nonsense").size, 0);
  });
});

describe("what a test takes from the cluster", () => {
  it("is the image, the addresses and the domain of its DNS", () => {
    const spec = {
      containers: [{ name: "coredns", image: "r/coredns:v1" }],
      volumes: [{ configMap: { name: "c-1" } }],
    };
    assert.deepEqual(parseDnsDeployment({ spec: { template: { spec } } }), { image: "r/coredns:v1", configMap: "c-1" });
    assert.equal(parseDnsDeployment(undefined), undefined);
    assert.equal(parseServiceAddress({ spec: { clusterIP: "10.96.0.10" } }), "10.96.0.10");
    assert.equal(parseServiceAddress({ spec: { clusterIP: "None" } }), undefined);
  });

  it("is also whether it asks others, as Plinth configures it", () => {
    const read = (raw: object) => parseDnsConfig({ data: { Corefile: corefile(configOf({ ...raw })) } });
    assert.deepEqual(read({}), { domain: "cluster.local", forwards: true });
    assert.deepEqual(read({ dnsUpstreams: [], clusterDomain: "k8s.example.net" }), {
      ...{ domain: "k8s.example.net", forwards: false },
    });
    assert.equal(parseDnsConfig({ data: {} }), undefined);
  });
});
