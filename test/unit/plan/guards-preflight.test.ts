import assert from "node:assert/strict";
import fc from "fast-check";
import type { HostFacts, HostReading, Listener } from "../../../plan/facts.ts";
import type { Finding } from "../../../plan/findings.ts";
import { applyOverrides, guardHosts, overridable } from "../../../plan/guards.ts";
import type { HostInput } from "../../../plan/inventory.ts";
import { configOf, factsOf, hostsOf } from "../../support/cluster.ts";

const worker: HostInput = { name: "w1", address: "192.0.2.21", roles: ["worker"] };
const balancer: HostInput = { name: "lb1", address: "192.0.2.31", roles: ["load-balancer"] };

/** What is said about one host. */
function judge(host: HostInput, facts: Partial<HostFacts>, config: Record<string, unknown> = {}): Finding[] {
  const reading: HostReading = { facts: factsOf(host.name, { addresses: { [host.address]: "eth0" }, ...facts }) };
  return guardHosts(hostsOf([host]), configOf(config), new Map([[host.name, reading]]), { clusterId: "x" });
}
const rules = (findings: readonly Finding[]) => findings.map((finding) => finding.rule);
const only = (findings: readonly Finding[]): Finding => {
  const [finding, ...more] = findings;
  assert.ok(finding);
  assert.deepEqual(more, []);
  return finding;
};
const done = { generation: 1, state: "complete" as const };

describe("plan/guards, before anything is on a host", () => {
  it("passes a healthy worker, and one that is in service", () => {
    assert.deepEqual(judge(worker, {}), []);
    const listeners: Listener[] = [
      { protocol: "tcp", address: "192.0.2.21", port: 10250, pid: "7", command: "kubelet", unit: "kubelet.service" },
      { protocol: "tcp", address: "*", port: 10256, pid: "8", command: "kube-proxy", unit: "kube-proxy.service" },
      { protocol: "udp", address: "0.0.0.0", port: 8472, pid: "-", command: "-", unit: "-" },
    ];
    const populated = ["/etc/kubernetes", "/etc/cni/net.d", "/var/lib/kubelet", "/var/lib/containerd"];
    const bundles = { baseline: done, runtime: done, node: done };
    assert.deepEqual(judge(worker, { listeners, populated, bundles }), []);
  });

  it("tells everything at once", () => {
    const wrong = judge(worker, {
      arch: "arm64",
      commands: {},
      memoryKiB: 100_000,
      memoryAvailableKiB: 50_000,
      swapKiB: 500_000,
      swapUsedKiB: 400_000,
      diskFreeKiB: { "/opt": 1 },
      populated: ["/var/lib/kubelet", "/var/lib/etcd"],
      timeSync: [],
      cgroup: "v1",
      cgroupControllers: [],
      features: { vxlan: "missing" },
      kernel: "4.19.0",
      hostname: "localhost",
      ownAddresses: ["198.51.100.9"],
    });
    assert.deepEqual(rules(wrong), [
      "foreign-etcd-data",
      "foreign-remnants",
      "architecture",
      "missing-command",
      "memory",
      "disk-space",
      "kernel-feature",
      "cgroup-v1",
      "cgroup-controllers",
      "nftables-version",
      "swap",
      "time-sync",
      "host-name",
      "hosts-file",
    ]);
    for (const finding of wrong) {
      assert.deepEqual([finding.hosts, finding.kind], [["w1"], "guard"]);
      assert.doesNotMatch(finding.message + finding.remedy, /undefined|NaN|\.$/);
    }
  });

  it("wants name servers that pods can ask, or somebody who says where they are", () => {
    const resolved = { "/etc/resolv.conf": "loopback", "/run/systemd/resolve/resolv.conf": "others" } as const;
    assert.deepEqual(judge(worker, { resolvers: resolved }), []);
    for (const state of ["loopback", "mixed", "none"] as const) {
      for (const other of ["none", "loopback", "mixed"] as const) {
        const resolvers = { "/etc/resolv.conf": state, "/run/systemd/resolve/resolv.conf": other };
        const finding = only(judge(worker, { resolvers }));
        assert.equal(finding.rule, "resolver");
        assert.match(finding.remedy, /resolvConf in plinth:kubeletConfig/);
        assert.deepEqual(judge(worker, { resolvers }, { kubeletConfig: { resolvConf: "/etc/pods.conf" } }), []);
        assert.deepEqual(judge(balancer, { resolvers }), []);
      }
    }
    // Nobody is asked, and Nodes without a name server are what such a site has.
    const none = { resolvers: { "/etc/resolv.conf": "none" } } as const;
    assert.deepEqual(judge(worker, none, { dnsUpstreams: [] }), []);
    assert.equal(
      only(judge(worker, { resolvers: { "/etc/resolv.conf": "loopback" } }, { dnsUpstreams: ["192.0.2.53"] })).rule,
      "resolver",
    );
    assert.deepEqual(judge(worker, { resolvers: {} }), []);
  });

  it("wants as much room as the kubelet does, by what is set in the end", () => {
    const gib = 2 ** 20;
    const disk = (free: number, size = 100 * gib) => ({
      diskSizeKiB: { "/var/lib/kubelet": size, "/var/lib/containerd": size },
      diskFreeKiB: { "/var/lib/kubelet": free, "/var/lib/containerd": free },
    });
    assert.deepEqual(judge(worker, disk(15 * gib)), []);
    const images = only(judge(worker, disk(14 * gib)));
    assert.equal(images.rule, "disk-pressure");
    assert.match(
      images.message,
      /\/var\/lib\/containerd has 14336 MiB free .* wants 15360 MiB \(evictionHard imagefs\.available: 15%\)/,
    );
    assert.deepEqual(rules(judge(worker, disk(9 * gib))), ["disk-pressure", "disk-pressure"]);
    assert.deepEqual(judge(balancer, disk(9 * gib)), []);
    const absolute = { evictionHard: { "imagefs.available": "2Gi", "nodefs.available": "2Gi" } };
    assert.deepEqual(judge(worker, disk(9 * gib), { kubeletConfig: absolute }), []);
    const larger = { kubeletConfig: { evictionSoft: { "nodefs.available": "20Gi" } } };
    assert.match(only(judge(worker, disk(18 * gib), larger)).message, /evictionSoft nodefs\.available: 20Gi/);
    const none = { kubeletConfig: { evictionHard: null } };
    assert.equal(only(judge(worker, disk(14 * gib), none)).rule, "disk-pressure", "Kubernetes has the same");
    const few = { inodes: { "/var/lib/kubelet": 1_000_000 }, inodesFree: { "/var/lib/kubelet": 49_999 } };
    assert.match(only(judge(worker, few)).message, /49999 more files free and the kubelet wants 50000 more files/);
    // A look of earlier tells no sizes.
    assert.deepEqual(judge(worker, { diskSizeKiB: {}, diskFreeKiB: { "/var/lib/kubelet": 1 } }), []);
  });

  it("wants versions that know what units and configuration say", () => {
    for (const old of [{ systemd: "245" }, { versions: { curl: "7.61.1" } }, { versions: { haproxy: "2.2.9-2" } }])
      assert.equal(only(judge(balancer, old)).rule, "tool-version");
    assert.match(
      only(judge(balancer, { versions: { keepalived: "2.0.10" } })).message,
      /keepalived is 2\.0\.10, .* needs 2\.2 or/,
    );
    assert.deepEqual(
      judge(balancer, { systemd: "249", versions: { curl: "7.76.1", haproxy: "2.4.22", keepalived: "2.2.8" } }),
      [],
    );
    assert.deepEqual(judge(balancer, { systemd: "-" }), []);
  });

  it("tells what keeps programs and packets from doing what is needed", () => {
    assert.equal(only(judge(balancer, { selinux: "enforcing" })).rule, "selinux");
    assert.equal(only(judge(balancer, { selinux: "enforcing", family: "debian" })).rule, "selinux");
    assert.deepEqual(judge(worker, { selinux: "enforcing", family: "rhel" }), []);
    assert.deepEqual(judge(worker, { selinux: "permissive" }), []);
    assert.match(only(judge(worker, { noexec: { "/var/lib/containerd": "/var" } })).message, /lies on \/var, which/);
    assert.deepEqual(judge(balancer, { noexec: { "/var/lib/containerd": "/var" } }), []);
    assert.equal(only(judge(balancer, { noexec: { "/opt/plinth": "/opt" } })).rule, "noexec");
  });

  it("wants a firewall that forwards what pods send and get", () => {
    const chain = { tool: "nft", family: "ip", table: "filter", chain: "FORWARD", from: [], to: [] };
    const finding = only(judge(worker, { forwardDrops: [chain] }));
    assert.equal(finding.rule, "forward-drop");
    assert.match(finding.message, /chain FORWARD of table ip filter/);
    assert.match(finding.remedy, /nft insert rule ip filter FORWARD ip saddr 10\.244\.0\.0\/16 accept/);
    const legacy = only(judge(worker, { forwardDrops: [{ ...chain, tool: "iptables-legacy" }] }));
    assert.match(legacy.remedy, /iptables-legacy -I FORWARD -s 10\.244\.0\.0\/16 -j ACCEPT/);
    const accepted = (from: string, to: string) =>
      judge(worker, { forwardDrops: [{ ...chain, from: [from], to: [to] }] });
    assert.deepEqual(accepted("10.244.0.0/16", "10.0.0.0/8"), []);
    assert.deepEqual(accepted("cni0", "cni0"), []);
    assert.equal(accepted("10.244.0.0/16", "192.0.2.0/24").length, 1);
    assert.equal(accepted("10.244.1.0/24", "10.244.0.0/16").length, 1);
    assert.deepEqual(judge(worker, { forwardDrops: [chain] }, { network: "none" }), []);
    assert.deepEqual(judge(balancer, { forwardDrops: [chain] }), []);
  });

  it("lets swap be where it can be turned off, or where the kubelet is told to bear it", () => {
    assert.deepEqual(judge(worker, { swapKiB: 1_000_000, swapUsedKiB: 1000 }), []);
    assert.deepEqual(judge(balancer, { swapKiB: 1_000_000, swapUsedKiB: 9_000_000 }), []);
    const inside = { container: "systemd-nspawn", swapKiB: 1_048_576 };
    assert.match(
      only(judge(worker, inside)).message,
      /container \(systemd-nspawn\) on a machine with 1024 MiB of swap/,
    );
    assert.deepEqual(judge(worker, inside, { kubeletConfig: { failSwapOn: false } }), []);
  });

  it("wants a service that keeps the clock right, but for containers", () => {
    assert.equal(only(judge(balancer, { timeSync: [] })).rule, "time-sync");
    assert.deepEqual(judge(balancer, { timeSync: [], container: "docker" }), []);
  });

  it("names the kernel features that are missing, of Nodes only, and vxlan for flannel only", () => {
    const features = { vxlan: "missing", overlay: "missing", br_netfilter: "present" } as const;
    assert.match(only(judge(worker, { features })).message, /has no overlay, vxlan, neither built in nor as a module/);
    assert.deepEqual(judge(worker, { features: { vxlan: "missing" } }, { network: "none" }), []);
    assert.deepEqual(judge(balancer, { features }), []);
  });

  it("takes cgroup version 1 where the kubelet is told to, with all controllers", () => {
    const v1 = {
      cgroup: "v1",
      cgroupControllers: ["cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids"],
    };
    assert.equal(only(judge(worker, v1)).rule, "cgroup-v1");
    const config = { kubeletConfig: { failCgroupV1: false } };
    assert.deepEqual(judge(worker, v1, config), []);
    const without = { ...v1, cgroupControllers: v1.cgroupControllers.filter((name) => name !== "memory") };
    assert.match(only(judge(worker, without, config)).message, /controllers memory are off/);
  });

  it("wants a kernel and an nft that kube-proxy can work with, unless it works in another way", () => {
    assert.match(only(judge(worker, { kernel: "5.10.0-30" })).message, /kernel is 5.10.0-30, kube-proxy needs 5.13 or/);
    assert.match(
      only(judge(worker, { versions: { nft: "0.9.8" } })).message,
      /nft is 0.9.8, kube-proxy needs 1.0.1 or/,
    );
    assert.deepEqual(judge(worker, { versions: {} }), []);
    assert.deepEqual(judge(worker, { kernel: "5.10.0" }, { kubeProxyConfig: { mode: "iptables" } }), []);
  });

  it("compares hosts with what the configuration demands of them", () => {
    const hostBaseline = { kernel: "6.6", systemd: "255", os: ["ubuntu 24.04", "rocky"] };
    const findings = judge(balancer, {}, { hostBaseline });
    assert.deepEqual(rules(findings), ["host-baseline", "host-baseline", "host-baseline"]);
    assert.deepEqual([...new Set(findings.map((finding) => finding.kind))], ["input"]);
    assert.match(findings[0]?.message ?? "", /its kernel is 6.1.0, plinth:hostBaseline demands 6.6 or later/);
    const good = { kernel: "6.8.0-41-generic", systemd: "255", os: "rocky 9.4" };
    assert.deepEqual(judge(balancer, good, { hostBaseline }), []);
    assert.equal(judge(balancer, { ...good, systemd: "-" }, { hostBaseline }).length, 1);
  });

  it("names who holds a port of a Node, be it UDP or the kernel's", () => {
    const at = (listener: Partial<Listener>): string =>
      only(
        judge(worker, {
          listeners: [
            { protocol: "tcp", address: "0.0.0.0", port: 1, pid: "9", command: "x", unit: "x.service", ...listener },
          ],
        }),
      ).message;
    assert.match(
      at({ port: 10250, unit: "kubelet.service" }),
      /port 10250, which kubelet needs, is taken by x \(pid 9, unit kubelet/,
    );
    assert.match(at({ port: 10256, address: "127.0.0.1" }), /port 10256, which kube-proxy needs/);
    const device = { protocol: "udp" as const, port: 8472, pid: "-", command: "-", unit: "-" };
    assert.match(
      at(device),
      /UDP port 8472, which flannel needs, is taken by the kernel or a program that does not show/,
    );
    const harmless: Listener = { protocol: "udp", address: "0.0.0.0", port: 10250, pid: "9", command: "x", unit: "-" };
    assert.deepEqual(judge(worker, { listeners: [harmless] }), []);
  });

  it("knows the service ports of load balancers", () => {
    const servicePorts = [{ name: "web", port: 80, nodePort: 30080 }];
    const nginx: Listener = {
      protocol: "tcp",
      address: "0.0.0.0",
      port: 80,
      pid: "5",
      command: "nginx",
      unit: "nginx.service",
    };
    const finding = only(judge(balancer, { listeners: [nginx] }, { servicePorts }));
    assert.match(finding.message, /port 80, which service port web needs, is taken by nginx/);
    assert.deepEqual(judge(balancer, { listeners: [nginx] }), []);
    assert.deepEqual(judge(worker, { listeners: [nginx] }, { servicePorts }), []);
  });

  it("wants room for images until they are there, and inodes", () => {
    const full = { diskFreeKiB: { "/var/lib": 9_000_000, "/var/lib/containerd": 100_000 } };
    assert.match(only(judge(worker, full)).message, /\/var\/lib\/containerd has 98 MiB free, 4883 MiB are needed/);
    assert.deepEqual(judge(worker, { ...full, bundles: { runtime: done } }), []);
    assert.deepEqual(judge(balancer, full), []);
    const few = { inodesFree: { "/var/lib": 17 } };
    assert.match(only(judge(balancer, few)).message, /\/var\/lib has room for 17 more files/);
  });

  it("asks for less memory where less runs", () => {
    const memory = (host: HostInput, memoryKiB: number) => rules(judge(host, { memoryKiB }));
    assert.deepEqual(memory(worker, 1_100_000), []);
    assert.deepEqual(memory(worker, 900_000), ["memory"]);
    assert.deepEqual(memory(balancer, 600_000), []);
    assert.deepEqual(memory({ ...worker, roles: ["control-plane", "etcd"] }, 1_100_000), ["memory"]);
  });

  it("refuses what another cluster has left; etcd's data in any case", () => {
    const left = judge(worker, { populated: ["/var/lib/kubelet", "/etc/cni/net.d"] });
    assert.match(only(left).message, /^\/var\/lib\/kubelet, \/etc\/cni\/net.d are not empty and not ours/);
    assert.deepEqual(applyOverrides(left, ["foreign-remnants"]).remaining, []);
    const data = judge(worker, { populated: ["/var/lib/etcd"], bundles: { node: done } });
    assert.equal(only(data).rule, "foreign-etcd-data");
    assert.deepEqual(rules(applyOverrides(data, ["foreign-etcd-data"]).remaining), ["foreign-etcd-data", "overrides"]);
  });

  it("wants a host to know its own name and address", () => {
    assert.deepEqual(judge(worker, { hostname: "w1.example.net" }), []);
    assert.match(only(judge(worker, { hostname: "w10" })).remedy, /hostnamectl set-hostname w1 on it/);
    assert.deepEqual(judge(worker, { ownAddresses: ["127.0.1.1", "192.0.2.21", "fe80::1"] }), []);
    const second = { addresses: { "192.0.2.21": "eth0", "203.0.113.5": "eth1" }, ownAddresses: ["203.0.113.5"] };
    assert.deepEqual(judge(worker, second), []);
    assert.equal(only(judge(worker, { ownAddresses: ["203.0.113.6"] })).rule, "hosts-file");
  });

  it("sets aside exactly what is named and can be set aside", () => {
    const named = fc.subarray([...overridable]);
    fc.assert(
      fc.property(named, fc.array(fc.constantFrom(...overridable, "foreign-host", "cgroup-v1")), (overrides, found) => {
        const findings = found.map((rule): Finding => ({
          rule,
          kind: "guard",
          hosts: ["w1"],
          message: "m",
          remedy: "r",
        }));
        const { remaining, setAside } = applyOverrides(findings, overrides);
        assert.equal(remaining.length + setAside.length, findings.length);
        assert.ok(setAside.every(({ rule }) => (overrides as readonly string[]).includes(rule)));
        assert.ok(remaining.every(({ rule }) => !(overrides as readonly string[]).includes(rule)));
      }),
    );
  });
});
