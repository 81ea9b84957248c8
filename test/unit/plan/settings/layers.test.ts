import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { planHost } from "../../../../plan/bundles/index.ts";
import { describeFinding } from "../../../../plan/findings.ts";
import type { HostInput } from "../../../../plan/inventory.ts";
import { lay, merge } from "../../../../plan/merge.ts";
import { emptyGroupFindings } from "../../../../plan/settings/guards.ts";
import { configFor, isSelected } from "../../../../plan/settings/layers.ts";
import { runtimeClassesOf } from "../../../../plan/settings/runtimeclasses.ts";
import { checkInput } from "../../../../plan/stackinput.ts";
import { configOf, hostsOf, rawConfig, threeHosts } from "../../../support/cluster.ts";

const workers: HostInput[] = [
  { name: "w1", address: "192.0.2.21", roles: ["worker"], labels: { disk: "nvme" }, zone: "a" },
  { name: "w2", address: "192.0.2.22", roles: ["worker"], zone: "a" },
  { name: "w3", address: "192.0.2.23", roles: ["worker"], zone: "b" },
];
const inventory = [...threeHosts, ...workers];

const withSettings = (name: string, settings: object): unknown[] =>
  inventory.map((host) => (host.name === name ? { ...host, settings } : host));

/** Host → every byte that it is given. */
function plannedWith(config: Record<string, unknown>, hosts: unknown = inventory): Map<string, string> {
  const all = hostsOf(hosts);
  const settings = configOf(config);
  return new Map(all.map((host) => [host.name, JSON.stringify(planHost({ host, hosts: all, config: settings }))]));
}

/** A file of a host. */
function fileOf(end: string, name: string, config: Record<string, unknown>, hosts: unknown = inventory): string {
  const all = hostsOf(hosts);
  const host = all.find((one) => one.name === name);
  assert.ok(host);
  const bundles = planHost({ host, hosts: all, config: configOf(config) });
  const file = bundles.flatMap(({ files }) => files).find(({ path }) => path.endsWith(end));
  assert.ok(file, end);
  return file.content;
}

const kubeletOf = (name: string, config: Record<string, unknown>, hosts: unknown = inventory) =>
  parse(fileOf("/kubelet.yaml", name, config, hosts)) as Record<string, unknown>;

const said = (config: Record<string, unknown>, hosts: unknown = inventory): string[] =>
  checkInput(hosts, { ...rawConfig, ...config }).findings.map(describeFinding);

const changedBy = (config: Record<string, unknown>, hosts?: unknown): string[] => {
  const [before, after] = [plannedWith({}), plannedWith(config, hosts)];
  return [...after].filter(([name, text]) => before.get(name) !== text).map(([name]) => name);
};

describe("settings of hosts and groups", () => {
  const kinds: Record<string, object> = {
    "settings of the kubelet": { kubeletConfig: { maxPods: 60 } },
    "reserved resources": { kubeletConfig: { systemReserved: { memory: "2Gi" } } },
    "flags of the kubelet": { kubeletArgs: { v: "4" } },
    "settings of kube-proxy": { kubeProxyConfig: { conntrack: { maxPerCore: 0 } } },
    "flags of kube-proxy": { kubeProxyArgs: { v: "4" } },
    "flags of flannel": { flannelArgs: { "iptables-forward-rules": "false" } },
    sysctls: { sysctls: { "net.core.somaxconn": 4096 } },
    "settings of containerd": { containerd: { settings: { oom_score: -500 } } },
    runtimes: { containerd: { runtimes: { gpu: { binary: "/usr/bin/gpu" } } } },
    directories: { directories: { containerd: "/data/containerd", kubelet: "/data/kubelet" } },
  };
  for (const [title, settings] of Object.entries(kinds)) {
    it(`change the hosts that they are for, and no other: ${title}`, () => {
      const group = { groups: [{ selector: { disk: "nvme" }, ...settings }] };
      assert.deepEqual(said(group), []);
      assert.deepEqual(changedBy(group), ["w1"]);
      assert.deepEqual(changedBy({}, withSettings("w2", settings)), ["w2"]);
      assert.deepEqual(said({}, withSettings("w2", settings)), []);
      // Said by a group, by the host itself, or by the stack: a host is given the same.
      const byStack = plannedWith(settings as Record<string, unknown>);
      assert.equal(plannedWith(group).get("w1"), byStack.get("w1"));
      assert.equal(plannedWith({}, withSettings("w2", settings)).get("w2"), byStack.get("w2"));
    });
  }

  it("are laid over one another: Plinth, the stack, groups in their order, the host", () => {
    const config = {
      kubeletConfig: { maxPods: 100, kubeReserved: { cpu: "1" } },
      groups: [
        { selector: { "topology.kubernetes.io/zone": "a" }, kubeletConfig: { maxPods: 90, podPidsLimit: 1000 } },
        { selector: { "node-role.kubernetes.io/worker": "" }, kubeletConfig: { maxPods: 80, eventRecordQPS: null } },
      ],
    };
    const hosts = withSettings("w1", { kubeletConfig: { maxPods: 70 } });
    assert.deepEqual(said(config, hosts), []);
    const told = (name: string) => {
      const { maxPods, podPidsLimit, eventRecordQPS, kubeReserved } = kubeletOf(name, config, hosts);
      return [maxPods, podPidsLimit, eventRecordQPS, (kubeReserved as Record<string, string>)["cpu"]];
    };
    assert.deepEqual(told("cp1"), [100, 4096, 5, "1"]);
    assert.deepEqual(told("w1"), [70, 1000, undefined, "1"]);
    assert.deepEqual(told("w2"), [80, 1000, undefined, "1"]);
    assert.deepEqual(told("w3"), [80, 4096, undefined, "1"]);
    const reserved = kubeletOf("w1", config, hosts)["kubeReserved"];
    assert.deepEqual(reserved, { cpu: "1", memory: "256Mi", "ephemeral-storage": "1Gi" }, "maps are merged");
  });

  it("keep Plinth's entries of lists, whoever sets the others", () => {
    const taints = [{ key: "gpu", effect: "NoSchedule" }];
    const { registerWithTaints } = kubeletOf(
      "w1",
      {},
      withSettings("w1", { kubeletConfig: { registerWithTaints: taints } }),
    );
    assert.deepEqual(registerWithTaints, [{ key: "plinth/uninitialized", effect: "NoSchedule" }, ...taints]);
    const addresses = { kubeProxyConfig: { nodePortAddresses: ["198.51.100.0/24"] } };
    const proxy = parse(fileOf("/kube-proxy.yaml", "w1", {}, withSettings("w1", addresses))) as Record<string, unknown>;
    assert.deepEqual(proxy["nodePortAddresses"], ["192.0.2.21/32", "198.51.100.0/24"]);
  });

  it("say parts of a runtime in several places", () => {
    const config = {
      containerd: { runtimes: { kata: { type: "io.containerd.kata.v2", options: { A: 1 } } } },
      groups: [{ selector: { disk: "nvme" }, containerd: { runtimes: { kata: { options: { B: 2 } } } } }],
    };
    const [w1] = hostsOf(workers);
    assert.ok(w1);
    assert.deepEqual(configFor(w1, configOf(config)).containerd.runtimes["kata"], {
      ...{ type: "io.containerd.kata.v2", options: { A: 1, B: 2 }, runtimeClass: false, nodeSelector: {} },
    });
  });

  it("are found by labels of the inventory and of the Node, all of them", () => {
    const [w1] = hostsOf(workers);
    assert.ok(w1);
    assert.ok(isSelected(w1, { selector: { disk: "nvme", "topology.kubernetes.io/zone": "a" } }));
    assert.ok(!isSelected(w1, { selector: { disk: "nvme", "topology.kubernetes.io/zone": "b" } }));
    for (const name of ["constructor", "toString", "other"]) assert.ok(!isSelected(w1, { selector: { [name]: "" } }));
  });

  it("are judged at their place, all at once, each once", () => {
    const config = {
      kubeletConfig: { healthzPort: 1 },
      groups: [
        {
          selector: { "node-role.kubernetes.io/worker": "" },
          kubeletConfig: { port: 1, clusterDomain: "x" },
          kubeletArgs: { "max-pods": "9", "root-dir": "/srv/kubelet", "node-labels": "a=b" },
          kubeProxyConfig: { mode: "ebpf" },
          flannelArgs: { iface: "eth1" },
          containerd: { settings: { root: "/srv/x", verison: 1 } },
          sysctls: { "net.ipv4.ip_forward": 0 },
        },
      ],
    };
    const hosts = withSettings("w3", { kubeletConfig: { maxPods: 500 }, directories: { etcd: "/etc/etcd-data" } });
    const lines = said(config, hosts);
    const expected = [
      /^w3: settings\.directories\.etcd is \/etc\/etcd-data, and \/etc is the system's/,
      /^w3: a Node may run 500 pods.* lower settings\.kubeletConfig\.maxPods/,
      /^plinth:kubeletConfig\.healthzPort is not what Plinth sets/,
      /^plinth:groups\.0\.kubeletConfig\.port cannot be set/,
      /^plinth:groups\.0\.kubeletConfig\.clusterDomain is not what Plinth sets/,
      /^plinth:groups\.0\.kubeletArgs\.max-pods is no flag .*use kubeletConfig\.maxPods/,
      /^plinth:groups\.0\.kubeletArgs\.root-dir is no flag .*set directories\.kubelet/,
      /^plinth:groups\.0\.kubeletArgs\.node-labels is no flag .*into the inventory/,
      /^plinth:groups\.0\.kubeProxyConfig\.mode is "ebpf"/,
      /^plinth:groups\.0\.flannelArgs\.iface is no flag of flannel/,
      /^plinth:groups\.0\.containerd\.settings\.root is not what Plinth sets.*plinth:directories\.containerd/,
      /^plinth:groups\.0\.containerd\.settings\.verison is unknown/,
      /^plinth:groups\.0\.sysctls\.net\.ipv4\.ip_forward is not what Plinth sets and Nodes go by \(1\)/,
    ];
    for (const form of expected)
      assert.equal(lines.filter((line) => form.test(line)).length, 1, `${String(form)}\n${lines.join("\n")}`);
    assert.equal(lines.length, expected.length, lines.join("\n"));
  });

  it("are refused where a key is unknown, a selector selects everything, or there is one for all Nodes only", () => {
    const group = (more: object) => said({ groups: [{ selector: { a: "b" }, ...more }] }).join("\n");
    assert.match(group({ kubeletconfig: {} }), /plinth:groups\.0 has kubeletconfig, which is unknown here/);
    assert.match(group({ selector: {} }), /plinth:groups\.0\.selector must have at least one label/);
    assert.match(group({ mtu: 1400 }), /plinth:groups\.0\.mtu is one for all Nodes.*set plinth:mtu/);
    assert.match(
      group({ directories: { kubelet: "data" } }),
      /plinth:groups\.0\.directories\.kubelet must be an absolute path/,
    );
    const host = (settings: object) => said({}, withSettings("w1", settings)).join("\n");
    assert.match(host({ apiserverArgs: {} }), /^w1: .*settings.* has apiserverArgs, which is unknown here/);
    assert.match(host({ mtu: 1400 }), /^w1: field 'settings\.mtu' is one for all Nodes/);
  });

  it("of a group without a host are told", () => {
    const config = configOf({ groups: [{ selector: { disk: "nvme" } }, { selector: { disk: "nvm", zone: "a" } }] });
    assert.deepEqual(
      emptyGroupFindings(hostsOf(inventory), config).map(({ rule, message }) => [rule, message]),
      [["empty-group", "plinth:groups.1 (disk=nvm, zone=a) has no host"]],
    );
  });

  it("have one RuntimeClass of a name, for Nodes that have its runtime", () => {
    const group = (nodeSelector: object, selector = { disk: "nvme" } as object) => ({
      selector,
      containerd: { runtimes: { gpu: { runtimeClass: true, nodeSelector } } },
    });
    const good = { groups: [group({ disk: "nvme" })] };
    assert.deepEqual(said(good), []);
    assert.deepEqual(runtimeClassesOf(hostsOf(inventory), configOf(good)), [
      { name: "gpu", nodeSelector: { disk: "nvme" } },
    ]);
    assert.match(
      said({ groups: [group({})] }).join(),
      /^plinth:groups\.0\.containerd\.runtimes\.gpu\.runtimeClass is set, and cp1, cp2, cp3 and others have no such runtime/,
    );
    const zoned = group({ zone: "b" }, { "topology.kubernetes.io/zone": "b" });
    assert.match(
      said({ groups: [group({ disk: "nvme" }), zoned] }).join(),
      /gpu\.nodeSelector is not what other hosts/,
    );
    assert.deepEqual(runtimeClassesOf(hostsOf(inventory), configOf()), []);
  });
});

describe("layers", () => {
  const name = fc.constantFrom("a", "b", "c");
  const leaf = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant(null), fc.array(fc.nat(3), { maxLength: 2 }));
  const mapOf = (value: fc.Arbitrary<unknown>) => fc.dictionary(name, value, { noNullPrototype: true });
  const map = mapOf(fc.oneof(leaf, mapOf(fc.oneof(leaf, mapOf(leaf)))));

  it("come to the same, merged one by one or laid together first, where a map is a map in all of them", () => {
    // A map that was taken away, and of which something comes back, comes back whole: the layers are laid before Plinth's own is below.
    const layer = fc.record({ a: leaf, m: mapOf(leaf) }, { requiredKeys: [], noNullPrototype: true });
    const own = fc.record({ a: leaf, m: mapOf(leaf) }, { noNullPrototype: true });
    fc.assert(
      fc.property(own, layer, layer, (below, lower, upper) => {
        assert.deepEqual(merge(below, lay(lower, upper)), merge(merge(below, lower), upper));
      }),
    );
  });

  it("are the same when laid again", () => {
    fc.assert(
      fc.property(map, map, map, (stack, group, settings) => {
        const [host] = hostsOf([{ ...workers[0], settings: { kubeletConfig: settings } }]);
        assert.ok(host);
        const config = configOf({
          kubeletConfig: stack,
          groups: [{ selector: { disk: "nvme" }, kubeletConfig: group }],
        });
        const once = configFor(host, config);
        assert.deepEqual(once.kubeletConfig, lay(lay(stack, group), settings));
        assert.deepEqual(configFor(host, once), once);
      }),
      { numRuns: 50 },
    );
  });

  it("leave the stack's very own configuration to hosts without settings", () => {
    const [w1] = hostsOf(workers);
    assert.ok(w1);
    const config = configOf();
    assert.equal(configFor(w1, config), config);
  });
});
