import type { SimulatedCluster } from "./cluster.ts";
import type { SimulatedHost } from "./host.ts";

/** What a bundle that is there shows of itself: its port, where, and by which of its units. */
interface Listening {
  bundle: string;
  protocol?: "udp";
  address: "own" | "127.0.0.1" | "*";
  port: number;
  unit: RegExp;
}

const listening: readonly Listening[] = [
  { bundle: "etcd", address: "own", port: 2379, unit: /etcd/ },
  { bundle: "etcd", address: "own", port: 2380, unit: /etcd/ },
  { bundle: "controlplane", address: "own", port: 6443, unit: /apiserver/ },
  { bundle: "controlplane", address: "127.0.0.1", port: 10257, unit: /controller-manager/ },
  { bundle: "controlplane", address: "127.0.0.1", port: 10259, unit: /scheduler/ },
  { bundle: "loadbalancer", address: "127.0.0.1", port: 8404, unit: /haproxy/ },
  { bundle: "node", address: "own", port: 10250, unit: /kubelet/ },
  { bundle: "node", address: "127.0.0.1", port: 10248, unit: /kubelet/ },
  { bundle: "node", address: "*", port: 10256, unit: /kube-proxy/ },
  { bundle: "node", address: "127.0.0.1", port: 10249, unit: /kube-proxy/ },
];

/** Directory → bundles that fill it. */
const filled: Readonly<Record<string, readonly string[]>> = {
  "/etc/kubernetes": ["etcd", "controlplane", "node"],
  "/etc/cni/net.d": ["runtime"],
  "/var/lib/kubelet": ["node"],
  "/var/lib/etcd": ["etcd"],
  "/var/lib/containerd": ["runtime"],
};

const commands = "curl flock systemctl ss haproxy keepalived nft sha256sum modprobe conntrack".split(" ");

/** What `scripts/look/facts.sh` prints on a healthy Debian host in the state of `host`. */
export function factsOf(host: SimulatedHost, cluster: SimulatedCluster): string {
  const lines = [
    "plinth-facts 1",
    `machine-id ${host.machineId}`,
    `boot-id ${host.bootId}`,
    `hostname ${host.name}`,
    "kernel 6.12.48+deb13-amd64",
    "arch x86_64",
    "os debian 13",
    "systemd 257",
    "uid 0",
    "own-address 127.0.1.1",
    "time-sync systemd-timesyncd.service",
    "memory-kib 65809232",
    "memory-available-kib 61210004",
    "swap-kib 0",
    "swap-used-kib 0",
    ...["/var/lib", "/opt", "/var/lib/containerd", "/var/lib/kubelet"].flatMap((path) => [
      `disk-size-kib ${path} 479151816`,
      `disk-free-kib ${path} 431018344`,
      `inodes ${path} 30433280`,
      `inodes-free ${path} 28311551`,
    ]),
    ...Object.entries(host.claim ?? {}).map(([key, value]) => `claim ${key} ${value}`),
    ...[...host.bundles].map(([name, { generation }]) => `bundle ${name} ${generation} complete`),
    ...Object.entries(filled).flatMap(([path, bundles]) =>
      bundles.some((name) => host.bundles.has(name)) ? [`populated ${path}`] : [],
    ),
    "listen tcp 0.0.0.0 22 612 sshd ssh.service",
    ...listeners(host),
    "address 127.0.0.1 lo",
    `address ${host.address} eth0`,
    "link-mtu lo 65536",
    "link-mtu eth0 1500",
    "resolver /etc/resolv.conf others",
    ...commands.map((name) => `command ${name} /usr/bin/${name}`),
    "version nft 1.1.3",
    "version haproxy 3.0.11-1+deb13u1",
    "version keepalived 2.3.3",
    "mount-cgroup v2",
    "cgroup-controllers cpuset cpu io memory hugetlb pids rdma misc dmem",
    ...["overlay", "br_netfilter", "nf_tables", "nf_conntrack", "vxlan"].map(
      (name) => `kernel-feature ${name} present`,
    ),
    ...etcd(host, cluster),
    ...nodes(host, cluster),
    `clock ${(Date.now() / 1000).toFixed(3)}`,
    "elapsed 0.00",
    "end",
  ];
  return `${lines.join("\n")}\n`;
}

function listeners(host: SimulatedHost): string[] {
  return listening.flatMap(({ bundle, protocol, address, port, unit }, index) => {
    const name = host.bundles.get(bundle)?.units.find((candidate) => unit.test(candidate));
    if (name === undefined) return [];
    const at = address === "own" ? host.address : address;
    return [`listen ${protocol ?? "tcp"} ${at} ${port} ${1000 + index} ${name.replace(/\.service$/, "")} ${name}`];
  });
}

function etcd(host: SimulatedHost, cluster: SimulatedCluster): string[] {
  if (!host.bundles.has("etcd")) return [];
  const members = [...cluster.members.values()];
  const self = cluster.memberOf(host);
  const leader = members[0];
  return [
    "etcd-data",
    ...(self === undefined ? [] : [`etcd-status ${memberStatus(self.id, leader?.id ?? "0")}`]),
    ...members.map(({ id, name, peerUrl }) => `etcd-member ${id} ${name} ${peerUrl} started voter`),
  ];
}

/** What `etcdctl endpoint status -w json` prints, its ids as the numbers that they are. */
function memberStatus(id: string, leader: string): string {
  const [member, led] = [id, leader].map((hex) => BigInt(`0x${hex}`).toString());
  return `[{"Status":{"header":{"member_id":${member ?? ""}},"version":"3.6.14","dbSize":20971520,"leader":${led ?? ""},"raftIndex":4711}}]`;
}

function nodes(host: SimulatedHost, cluster: SimulatedCluster): string[] {
  if (!host.bundles.has("controlplane")) return [];
  return [
    `nodes ${cluster.nodes.size}`,
    ...[...cluster.nodes.values()].map(
      ({ name, machineId, address, owner }) => `node ${name} True ${machineId} ${address} ${owner} - -`,
    ),
  ];
}
