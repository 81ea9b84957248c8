import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { renderBundle } from "../../../plan/bundle.ts";
import { planHost } from "../../../plan/bundles/index.ts";
import type { HostReading } from "../../../plan/facts.ts";
import { mtuFindings } from "../../../plan/guards.ts";
import { linkMtuOf, mtuOf, surroundingsOf, type Surroundings } from "../../../plan/surroundings.ts";
import { bundleOf, configOf, factsOf, hostsOf, threeHosts } from "../../support/cluster.ts";

const hosts = hostsOf([
  ...threeHosts,
  { name: "w1", address: "192.0.2.21", roles: ["worker"] },
  { name: "w2", address: "192.0.2.22", roles: ["worker"] },
]);
const [cp1, , , w1] = hosts;
assert.ok(cp1 && w1);
const resolved = { "/etc/resolv.conf": "loopback", "/run/systemd/resolve/resolv.conf": "others" } as const;

/** Readings of hosts with an MTU each, 1500 where none is given. */
const linked = (mtus: Record<string, number>): Map<string, HostReading> =>
  new Map(
    hosts.map(({ name, address }) => [
      name,
      { facts: factsOf(name, { addresses: { [address]: "eth0" }, linkMtus: { eth0: mtus[name] ?? 1500 } }) },
    ]),
  );
const odd = (mtus: Record<string, number>, extra: Record<string, unknown> = {}) => {
  const config = configOf(extra);
  const readings = linked(mtus);
  return mtuFindings(hosts, config, readings, linkMtuOf(hosts, readings, config)).map(({ hosts: [name] }) => name);
};
const filesOf = (surroundings: Surroundings | undefined, extra: Record<string, unknown> = {}) => {
  const placement = { host: w1, hosts, config: configOf(extra), ...(surroundings && { surroundings }) };
  const files = planHost(placement).flatMap((bundle) => bundle.files);
  return (path: string) => files.find((file) => file.path === path)?.content;
};

describe("plan/surroundings", () => {
  it("gives pods the name servers that systemd-resolved asks, unless a setting has others", () => {
    const kubelet = (resolvers: Record<string, "loopback" | "others">, extra: Record<string, unknown> = {}) => {
      const surroundings = surroundingsOf(w1, factsOf("w1", { resolvers }), 1500);
      const text = filesOf(surroundings, extra)("/etc/kubernetes/kubelet.yaml") ?? "";
      return (parse(text) as Record<string, unknown>)["resolvConf"];
    };
    assert.equal(kubelet(resolved), "/run/systemd/resolve/resolv.conf");
    assert.equal(kubelet(resolved, { kubeletConfig: { resolvConf: "/etc/pods.conf" } }), "/etc/pods.conf");
    assert.equal(kubelet({ "/etc/resolv.conf": "others", "/run/systemd/resolve/resolv.conf": "others" }), undefined);
    assert.equal(kubelet({ "/etc/resolv.conf": "loopback" }), undefined);
    assert.equal(kubelet({}), undefined, "a look of earlier does not tell");
  });

  it("changes nothing where every link is Ethernet's, however that is known", () => {
    const text = (surroundings?: Surroundings) =>
      planHost({ host: w1, hosts, config: configOf(), ...(surroundings && { surroundings }) })
        .map((bundle) => renderBundle(bundle, 1, () => ({ sha256: "0".repeat(64), url: "http://192.0.2.5/file" })))
        .join("");
    const told = surroundingsOf(
      w1,
      factsOf("w1", { addresses: { "192.0.2.21": "eth0" }, linkMtus: { eth0: 1500 } }),
      1500,
    );
    assert.equal(text(told), text());
    assert.equal(text(surroundingsOf(w1, undefined, 1500)), text());
    assert.doesNotMatch(text(), /"MTU"|plinth-mtu/);
  });

  it("makes packets of pods fit into the links, less what VXLAN needs, on Nodes that are in service, too", () => {
    const small = filesOf({ ownMtu: 1400, linkMtu: 1400 });
    assert.match(small("/etc/containerd/cni.template") ?? "", /"mtu": 1350,/);
    assert.doesNotMatch(small("/etc/kubernetes/flannel.json") ?? "", /MTU/, "flannel sees that by itself");
    assert.match(small("/etc/systemd/system/plinth-mtu.service") ?? "", /^ExecStart=.*pod-mtu 1350 flannel\.1 /m);
    assert.match(small("/etc/systemd/system/plinth-mtu.service") ?? "", /^ExecStop=.*pod-mtu 1450 flannel\.1 /m);
    const larger = filesOf({ ownMtu: 9000, linkMtu: 1400 });
    const network = JSON.parse(larger("/etc/kubernetes/flannel.json") ?? "") as { Backend: { MTU: number } };
    assert.equal(network.Backend.MTU, 1400);
    assert.match(filesOf({ ownMtu: 9000, linkMtu: 9000 })("/etc/containerd/cni.template") ?? "", /"mtu": 8950,/);
    const back = filesOf({ ownMtu: 1500, linkMtu: 1500 }, { mtu: 1500 });
    assert.match(back("/etc/systemd/system/plinth-mtu.service") ?? "", /pod-mtu 1450 /, "who says so goes back to it");
    const bundle = bundleOf("node", {
      host: w1,
      hosts,
      config: configOf(),
      surroundings: { ownMtu: 1400, linkMtu: 1400 },
    });
    assert.ok(bundle.units.indexOf("plinth-mtu.service") > bundle.units.indexOf("flanneld.service"));
  });

  it("goes by the lowest link of the control plane, and names every Node with another one", () => {
    const all = (mtu: number) => Object.fromEntries(hosts.map(({ name }) => [name, mtu]));
    assert.equal(linkMtuOf(hosts, linked(all(1400)), configOf()), 1400);
    assert.equal(linkMtuOf(hosts, linked(all(9000)), configOf()), 9000);
    assert.equal(linkMtuOf(hosts, linked({ cp2: 1400 }), configOf()), 1400);
    assert.deepEqual(odd(all(1400)), []);
    assert.deepEqual(odd({ cp2: 1400 }), ["cp1", "cp3", "w1", "w2"]);
    assert.deepEqual(odd({ w2: 1400 }), ["w2"]);
    assert.deepEqual(odd({ w2: 9000 }), ["w2"]);
    assert.deepEqual(odd({ w2: 9000 }, { mtu: 1500 }), [], "a setting ends the question");
    assert.deepEqual(odd({ w2: 1400 }, { mtu: 1400 }), []);
    assert.deepEqual(odd({ w2: 1300 }, { mtu: 1400 }), ["w2"]);
    assert.deepEqual(odd({ w2: 1400 }, { network: "none" }), []);
  });

  it("lets no worker decide about others", () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), (first, second) => {
        assert.equal(linkMtuOf(hosts, linked({ w1: first, w2: second }), configOf()), 1500);
      }),
    );
  });

  it("does not know links that say nothing: without the address, or the loopback interface", () => {
    const of = (addresses: Record<string, string>, linkMtus: Record<string, number>) =>
      mtuOf(w1, factsOf("w1", { addresses, linkMtus }));
    assert.equal(of({ "192.0.2.21": "eth0" }, { eth0: 9000 }), 9000);
    assert.equal(of({ "192.0.2.21": "lo" }, { lo: 65536 }), undefined);
    assert.equal(of({}, { eth0: 1500 }), undefined);
    assert.equal(of({ "192.0.2.21": "eth0" }, { eth0: 60 }), undefined);
    assert.equal(of({ "192.0.2.21": "eth0" }, {}), undefined);
    assert.equal(linkMtuOf(hosts, new Map(), configOf()), 1500);
  });
});
