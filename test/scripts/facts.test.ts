import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname } from "node:os";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { factsScript } from "../../components/host/script.ts";
import { Bundle } from "./support/bundle.ts";
import { zoneText } from "./support/image.ts";
import { onHosts } from "./support/suite.ts";
import type { FakeHost } from "./support/fake-host.ts";

async function facts(host: FakeHost, directories: string[] = []): Promise<string[]> {
  const { code, stdout, stderr } = await host.runFile("-s", directories, factsScript());
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  return stdout.trimEnd().split("\n");
}

onHosts("facts", (host) => {
  it("are lines of a known form, framed, on a host that has never seen us", async () => {
    const lines = await facts(host());
    assert.equal(lines[0], "plinth-facts 1");
    assert.equal(lines.at(-1), "end");
    for (const form of [
      /^machine-id \S+$/,
      /^boot-id [0-9a-f-]{36}$/,
      /^hostname \S+$/,
      /^kernel \S+$/,
      /^arch \S+$/,
      /^os \S+ \S+$/,
      /^systemd 252$/,
      /^uid \d+$/,
      /^clock \d+\.\d{3}$/,
      /^elapsed \d+\.\d{2}$/,
      /^memory-kib \d+$/,
      /^memory-available-kib \d+$/,
      /^swap-used-kib \d+$/,
      /^swap-kib \d+$/,
      /^disk-free-kib \/var\/lib \d+$/,
      /^disk-size-kib \/var\/lib\/kubelet \d+$/,
      /^disk-free-kib \/opt \d+$/,
      /^disk-free-kib \/var\/lib\/containerd \d+$/,
      /^command curl \S+$/,
      /^command keepalived \S+$/,
      /^mount-cgroup v[12]$/,
      /^cgroup-controllers \S+( \S+)*$/,
      /^kernel-feature overlay (present|loadable|missing)$/,
      /^kernel-feature br_netfilter (present|loadable|missing)$/,
      /^kernel-feature nf_tables (present|loadable|missing)$/,
      /^kernel-feature nf_conntrack (present|loadable|missing)$/,
      /^kernel-feature vxlan (present|loadable|missing)$/,
    ]) {
      assert.equal(lines.filter((line) => form.test(line)).length, 1, String(form));
    }
    assert.deepEqual(
      lines.filter((line) => /^(claim|bundle|populated|container|own-address|time-sync|etcd-.*|nodes?)\b/.test(line)),
      [],
    );
  });

  it("tell what others have left, and what the host thinks of itself", async () => {
    host().write("/etc/kubernetes/admin.conf", "");
    host().write("/etc/cni/net.d/.kubernetes-cni-keep", "");
    mkdirSync(host().path("/var/lib/kubelet"), { recursive: true });
    host().write("/run/systemd/container", "systemd-nspawn\n");
    const name = hostname();
    host().write(
      "/etc/hosts",
      `127.0.0.1 localhost # ${name}\n127.0.1.1\tother ${name} ${name}.x\n# 1.2.3.4 ${name}\n`,
    );
    host().setUnit("chrony.service", "active", "active");
    const lines = (await facts(host())).filter((line) => /^(populated|container|own-address|time-sync) /.test(line));
    assert.deepEqual(lines, [
      "container systemd-nspawn",
      "populated /etc/kubernetes",
      "populated /etc/cni/net.d",
      "own-address 127.0.1.1",
      "time-sync chrony.service",
    ]);
  });

  it("tell nothing of what a file system of its own has by itself", async () => {
    for (const path of ["/var/lib/etcd", "/var/lib/containerd", "/var/lib/kubelet"])
      mkdirSync(host().path(`${path}/lost+found`), { recursive: true });
    const populated = async () => (await facts(host())).filter((line) => line.startsWith("populated "));
    assert.deepEqual(await populated(), []);
    host().write("/var/lib/etcd/member/snap/db", "data");
    assert.deepEqual(await populated(), ["populated /var/lib/etcd"]);
  });

  it("tell of directories that are asked for what they tell of the usual ones", async () => {
    mkdirSync(host().path("/data/etcd/lost+found"), { recursive: true });
    host().write("/data/containerd/x", "");
    host().write(
      "/proc/self/mounts",
      "/dev/sda / ext4 rw 0 0\n/dev/sdb /data ext4 rw,noexec 0 0\n/dev/sdc /data/containerd ext4 rw 0 0\n",
    );
    const asked = ["/data/etcd", "/data/containerd", "/disk2/kubelet"];
    const empty = await facts(host(), asked);
    const told = (kind: RegExp, lines = empty) => lines.filter((line) => kind.test(line));
    assert.deepEqual(told(/^populated /), ["populated /data/containerd"]);
    for (const path of asked) assert.equal(told(new RegExp(`^disk-free-kib ${path} \\d+$`)).length, 1, path);
    assert.deepEqual(told(/^noexec /), ["noexec /data/etcd /data"]);
    assert.deepEqual(told(/^(unmounted|etcd-data)/), []);
    mkdirSync(host().path("/data/etcd/member"));
    assert.deepEqual(told(/^(populated|etcd-)/, await facts(host(), asked)), [
      "populated /data/etcd",
      "populated /data/containerd",
      "etcd-data",
      "etcd-logless",
    ]);
    host().write("/data/etcd/member/wal/0.wal", "");
    assert.deepEqual(told(/^etcd-/, await facts(host(), asked)), ["etcd-data"]);
  });

  it("tell of a host that carries roles alone what it is judged by, and the rest of no such host", async () => {
    host().write("/var/lib/kubelet/x", "");
    host().setUnit("chrony.service", "active", "active");
    const kinds = (lines: string[]) => new Set(lines.map((line) => line.split(" ")[0] ?? ""));
    const whole = kinds(await facts(host()));
    const machine = kinds(await facts(host(), ["machine"]));
    const left = [...whole].filter((kind) => !machine.has(kind));
    assert.deepEqual(
      ["time-sync", "listen", "kernel-feature", "mount-cgroup", "cgroup-controllers"].filter(
        (kind) => !left.includes(kind),
      ),
      [],
    );
    for (const kind of ["machine-id", "boot-id", "os", "uid", "memory-kib", "disk-free-kib", "command", "populated"])
      assert.ok(machine.has(kind), kind);
    assert.deepEqual(
      [...machine].filter((kind) => !whole.has(kind)),
      [],
    );
  });

  it("tell which of them lie on a disk that is not mounted", async () => {
    const asked = ["/data/etcd", "/disk2/kubelet", "/disk3/containerd", "/disk4"];
    host().write("/proc/self/mounts", "/dev/sda / ext4 rw 0 0\n/dev/sdb /data ext4 rw 0 0\n");
    host().write(
      "/etc/fstab",
      "# /disk4 is none\n/dev/sda / ext4 defaults 0 1\nUUID=1 /data ext4 defaults 0 2\nUUID=2 /disk2/ ext4 defaults 0 2\nUUID=3 /disk3 ext4 ro,noauto 0 2\nUUID=4 none swap sw 0 0\n",
    );
    const lines = (await facts(host(), asked)).filter((line) => line.startsWith("unmounted "));
    assert.deepEqual(lines, ["unmounted /disk2/kubelet /disk2"]);
  });

  it("tell where bundles that were brought to their end have data, and find the data of etcd there", async () => {
    await host().claim();
    await host().apply(
      new Bundle("etcd").directory("/data/etcd", "keep").directory("/etc/etcd", "purge").directory("/etc/x"),
    );
    const told = async () => (await facts(host())).filter((line) => /^(data-directory|etcd-data)/.test(line));
    assert.deepEqual(await told(), ["data-directory etcd /data/etcd", "data-directory etcd /etc/etcd"]);
    mkdirSync(host().path("/data/etcd/member"));
    assert.equal((await told()).at(-1), "etcd-data");
  });

  it("tell which files roles have, of which a bundle of Plinth's own is none", async () => {
    await host().claim();
    await host().apply(new Bundle("etcd").file("/etc/etcd.conf", "x"));
    await host().apply(new Bundle("role-a").file("/etc/a", "x").file("/etc/b", "x"));
    const lines = (await facts(host())).filter((line) => line.startsWith("role-file"));
    assert.deepEqual(lines, ["role-file role-a /etc/a", "role-file role-a /etc/b"]);
  });

  it("tell modules that can be loaded, and versions of tools", async () => {
    host().command("modprobe", 'case "$*" in "-n -q vxlan" | "-n -q br_netfilter") exit 0 ;; *) exit 1 ;; esac');
    host().command("nft", 'echo "nftables v1.0.6 (Lester Gooch #5)"');
    host().command("haproxy", 'echo "HAProxy version 2.6.12-1+deb12u4 2026/01/01 - https://haproxy.org/"');
    host().command("keepalived", 'echo "Keepalived v2.2.7 (01/16,2022)" >&2');
    const lines = await facts(host());
    assert.ok(lines.some((line) => /^kernel-feature vxlan (present|loadable)$/.test(line)));
    assert.deepEqual(
      lines.filter((line) => /^version (?!curl )/.test(line)),
      ["version nft 1.0.6", "version haproxy 2.6.12-1+deb12u4", "version keepalived 2.2.7"],
    );
  });

  it("tell what name servers there are", async () => {
    const told = async () => (await facts(host())).filter((line) => line.startsWith("resolver "));
    assert.deepEqual(await told(), []);
    host().write("/etc/resolv.conf", "# nameserver 192.0.2.1\nnameserver 127.0.0.53\noptions edns0\n");
    host().write("/run/systemd/resolve/resolv.conf", "nameserver 192.0.2.1\nnameserver 2001:db8::1\n");
    assert.deepEqual(await told(), [
      "resolver /etc/resolv.conf loopback",
      "resolver /run/systemd/resolve/resolv.conf others",
    ]);
    host().write("/etc/resolv.conf", "search example.net\n");
    host().write("/run/systemd/resolve/resolv.conf", "nameserver ::1\nnameserver 192.0.2.1\n");
    assert.deepEqual(await told(), [
      "resolver /etc/resolv.conf none",
      "resolver /run/systemd/resolve/resolv.conf mixed",
    ]);
  });

  it("tell the MTU of links with an address", async () => {
    host().command(
      "ip",
      'case "$*" in *-4*) echo "2: eth0    inet 192.0.2.21/24 scope global eth0"; echo "2: eth0    inet 192.0.2.22/24"; echo "5: bond0@if3    inet 198.51.100.1/24" ;; esac',
    );
    host().write("/sys/class/net/eth0/mtu", "1400\n");
    host().write("/sys/class/net/bond0/mtu", "9000\n");
    host().write("/sys/class/net/veth1/mtu", "1450\n");
    const lines = (await facts(host())).filter((line) => line.startsWith("link-mtu "));
    assert.deepEqual(lines, ["link-mtu eth0 1400", "link-mtu bond0 9000"]);
  });

  describe("of the firewall", () => {
    const chains = (table: string, forward: string) =>
      `table ${table} {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; drops too;\n\t}\n\tchain FORWARD {\n\t\ttype filter hook forward priority filter; ${forward}\n\t}\n\tchain OTHER {\n\t}\n}\n`;
    async function drops(table: string, policy: string, rules: readonly string[], others: readonly string[] = []) {
      const heads = chains(table, policy);
      const body = heads
        .replace(policy, `${policy}\n${rules.map((rule) => `\t\t${rule}\n`).join("")}`)
        .replace("chain OTHER {\n", `chain OTHER {\n${others.map((rule) => `\t\t${rule}\n`).join("")}`);
      host().write("/heads", heads);
      host().write("/body", body);
      host().command(
        "nft",
        `case "$*" in "list chains") cat '${host().path("/heads")}' ;; "list table ${table}") cat '${host().path("/body")}' ;; --version) echo "nftables v1.0.6" ;; *) echo "no $*" >&2; exit 1 ;; esac`,
      );
      return (await facts(host())).filter((line) => line.startsWith("forward-drop "));
    }

    it("tell who drops what is forwarded, and what is let through", async () => {
      assert.deepEqual(await drops("ip filter", "policy drop;", []), ["forward-drop nft ip filter FORWARD - -"]);
      assert.deepEqual(
        await drops("ip filter", "policy accept;", ["ct state invalid drop", "ip saddr 192.0.2.9 drop"]),
        [],
      );
      assert.deepEqual(await drops("inet filter", "policy accept;", ["reject with icmpx admin-prohibited"]), [
        "forward-drop nft inet filter FORWARD - -",
      ]);
      assert.deepEqual(await drops("inet filter", "policy accept;", ["counter packets 12 bytes 720 drop"]), [
        "forward-drop nft inet filter FORWARD - -",
      ]);
      assert.deepEqual(
        await drops(
          "ip filter",
          "policy drop;",
          ["counter packets 3 bytes 9 jump OTHER", 'oifname "cni0" accept', "ip saddr 10.0.0.0/8 tcp dport 80 accept"],
          ['ip saddr 10.244.0.0/16 counter packets 0 bytes 0 accept comment "pods"', "ip daddr 10.244.0.0/16 accept"],
        ),
        ["forward-drop nft ip filter FORWARD 10.244.0.0/16 cni0,10.244.0.0/16"],
      );
      assert.deepEqual(
        await drops("ip filter", "policy drop;", ["ip protocol icmp jump OTHER"], ["ip saddr 10.244.0.0/16 accept"]),
        ["forward-drop nft ip filter FORWARD - -"],
        "a chain for some packets only",
      );
    });

    it("tell nothing of rules of ours, nor of what firewalld decides by zones", async () => {
      for (const table of ["ip kube-proxy", "ip flannel-ipv4", "inet firewalld"])
        assert.deepEqual(await drops(table, "policy drop;", []), []);
    });

    it("tell of rules of the older kind, where there are any", async () => {
      const rules = [
        "-P INPUT ACCEPT",
        "-P FORWARD DROP",
        "-N USER",
        "-A FORWARD -j USER",
        '-A FORWARD -i cni0 -m comment --comment "pods and all" -j ACCEPT',
        "-A USER -d 10.244.0.0/16 -j ACCEPT",
        "-A USER -s 10.0.0.0/8 -p tcp -j ACCEPT",
      ].join("\n");
      host().write("/rules", `${rules}\n`);
      host().command("iptables-legacy", `touch '${host().path("/asked")}'; cat '${host().path("/rules")}'`);
      host().command("nft", "exit 1");
      const told = async () => (await facts(host())).filter((line) => line.startsWith("forward-drop "));
      assert.deepEqual(await told(), []);
      assert.ok(!host().exists("/asked"), "asking loads modules");
      host().write("/proc/net/ip_tables_names", "nat\nfilter\n");
      assert.deepEqual(await told(), ["forward-drop iptables-legacy ip filter FORWARD cni0 10.244.0.0/16"]);
      host().write("/rules", "-P FORWARD ACCEPT\n-A FORWARD -j REJECT --reject-with icmp-host-prohibited\n");
      assert.deepEqual(await told(), ["forward-drop iptables-legacy ip filter FORWARD - -"]);
    });
  });

  it("tell what keeps programs and packets from doing what is needed", async () => {
    const told = async () =>
      (await facts(host())).filter((line) => /^(selinux|firewalld|firewall-zone|noexec) /.test(line));
    assert.deepEqual(await told(), []);
    host().write("/sys/fs/selinux/enforce", "1");
    host().setUnit("firewalld.service", "active", "active");
    host().command(
      "firewall-cmd",
      `case $* in --get-default-zone) echo public ;; *) cat '${host().path("/zones")}' ;; esac`,
    );
    host().write(
      "/zones",
      zoneText("block", { target: "%%REJECT%%" }) +
        zoneText("public", {
          interfaces: ["eth0"],
          services: ["ssh"],
          ports: ["6443/tcp", "30000-32767/tcp"],
          protocols: ["vrrp"],
        }) +
        zoneText("trusted", { target: "ACCEPT", sources: ["10.244.0.0/16", "192.0.2.0/24"] }) +
        zoneText("work", { active: true, interfaces: ["eth1", "eth2"] }),
    );
    host().write(
      "/proc/self/mounts",
      "/dev/a / ext4 rw 0 0\n/dev/b /var ext4 rw,noexec 0 0\n/dev/c /opt ext4 rw,noexec 0 0\n/dev/d /opt/plinth ext4 rw 0 0\n",
    );
    assert.deepEqual(await told(), [
      "selinux enforcing",
      "noexec /var/lib/containerd /var",
      "firewalld public",
      "firewall-zone public other eth0 - 6443/tcp,30000-32767/tcp vrrp ssh",
      "firewall-zone trusted accept - 10.244.0.0/16,192.0.2.0/24 - - -",
      "firewall-zone work other eth1,eth2 - - - -",
    ]);
  });

  it("tell who listens", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const port = (server.address() as AddressInfo).port;
      const line = (await facts(host())).find((each) => each.startsWith(`listen tcp 127.0.0.1 ${port} `));
      assert.match(line ?? "", new RegExp(`^listen tcp 127.0.0.1 ${port} ${process.pid} \\S+ \\S+$`));
    } finally {
      server.close();
    }
  });

  // ss lists processes before sockets: one of a service that starts in between has no owner.
  it("look again when a socket shows no owner", async () => {
    const looks = join(host().directory, "looks");
    const ss = join(host().fakes, "bin/ss");
    const socket = "tcp LISTEN 0 4096 127.0.0.1:10257 0.0.0.0:*";
    const owner = `users:(("kube-controller",pid=${process.pid},fd=3))`;
    writeFileSync(
      ss,
      `#!/bin/sh\necho look >>'${looks}'\nif [ "$(wc -l <'${looks}')" = 1 ]; then echo '${socket}'; else echo '${socket} ${owner}'; fi\n`,
      { mode: 0o755 },
    );
    const lines = (await facts(host())).filter((line) => line.startsWith("listen "));
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", new RegExp(`^listen tcp 127.0.0.1 10257 ${process.pid} kube-controller `));
  });

  it("tell of a socket that belongs to the kernel", async () => {
    writeFileSync(join(host().fakes, "bin/ss"), "#!/bin/sh\necho 'tcp LISTEN 0 64 0.0.0.0:2049 0.0.0.0:*'\n", {
      mode: 0o755,
    });
    assert.deepEqual(
      (await facts(host())).filter((line) => line.startsWith("listen ")),
      ["listen tcp 0.0.0.0 2049 - - -"],
    );
  });

  it("tell who listens to datagrams", async () => {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    try {
      const { port } = socket.address();
      const line = (await facts(host())).find((each) => each.startsWith(`listen udp 127.0.0.1 ${port} `));
      assert.match(line ?? "", new RegExp(` ${process.pid} `));
    } finally {
      socket.close();
    }
  });

  it("tell claim and bundles, with the reason of a failure", async () => {
    await host().claim();
    await host().apply(new Bundle("good", 7).file("/etc/x", "x"));
    host().behave("a.service", "fail");
    await host().refuse(new Bundle("bad", 3).service("a.service"), 1);
    await host().apply(new Bundle("cut", 2).file("/etc/y", "y"));
    host().write("/var/lib/plinth/bundles/cut/intent", "plinth-intent 1\nbundle cut\ngeneration 4\nend\n");
    const lines = (await facts(host())).filter((line) => /^(claim|bundle) /.test(line));
    assert.deepEqual(lines, [
      "claim cluster demo",
      "claim cluster-id 0123456789abcdef",
      "claim host cp1",
      "claim stack lab",
      "claim generation 1",
      "bundle bad 3 failed a.service is failed, its process ended with exit code 3",
      "bundle cut 4 half-done",
      "bundle good 7 complete",
    ]);
  });

  describe("of the cluster", () => {
    const cluster = async () => (await facts(host())).filter((line) => /^(etcd-|nodes? )/.test(line));
    const tool = (name: string, ...lines: string[]) => {
      host().write(`/opt/plinth/bin/${name}`, ["#!/bin/sh", ...lines, ""].join("\n"));
      chmodSync(host().path(`/opt/plinth/bin/${name}`), 0o755);
    };
    beforeEach(async () => {
      await host().claim();
      const manifest = (name: string, line: string) => {
        host().write(`/var/lib/plinth/bundles/${name}/manifest`, `plinth-manifest 1\nbundle ${name}\n${line}\nend\n`);
      };
      manifest("etcd", "check etcd-voter 5 etcd.service https://10.0.0.1:2379 /ca /crt /key cp1 cp1=x");
      manifest("controlplane", "unit kube-apiserver.service");
    });

    it("are what its own member and API server say", async () => {
      tool(
        "etcdctl",
        'echo "$*" >>"$PLINTH_FAKES/asked"',
        'case "$*" in',
        '*"member list") echo "b82403f238c8d7e8, started, cp1, https://10.0.0.1:2380, https://10.0.0.1:2379, false"',
        '  echo "33dc48b183965b64, started, cp2, https://10.0.0.2:2380, , false"',
        '  echo "1, unstarted, , https://10.0.0.3:2380, , true" ;;',
        '*"endpoint status -w json") echo "a warning" >&2; echo \'[{"Status":{}}]\' ;;',
        "esac",
      );
      tool(
        "kubectl",
        // As its template asks for it: each word encoded as in a URL.
        "printf 'nodes 2\\nnode w1 True 0af2 192.0.2.21+fd00%%3A%%3A1+ demo cordoned uncordon\\nnode w2 - - - - - -\\n'",
        'echo "$HOME $*" >>"$PLINTH_FAKES/asked"',
      );
      host().write("/var/lib/etcd/member/wal/0.wal", "");
      assert.deepEqual(await cluster(), [
        "etcd-data",
        "nodes 2",
        "node w1 True 0af2 192.0.2.21+fd00%3A%3A1+ demo cordoned uncordon",
        "node w2 - - - - - -",
        "etcd-member b82403f238c8d7e8 cp1 https://10.0.0.1:2380 started voter",
        "etcd-member 33dc48b183965b64 cp2 https://10.0.0.2:2380 unstarted voter",
        "etcd-member 1 - https://10.0.0.3:2380 unstarted learner",
        'etcd-status [{"Status":{}}]',
      ]);
      const asked = readFileSync(join(host().fakes, "asked"), "utf8");
      const root = host().root;
      assert.match(asked, new RegExp(`--endpoints https://10.0.0.1:2379 .*--cacert ${root}/ca --cert ${root}/crt`));
      assert.match(asked, new RegExp(`^/nonexistent --kubeconfig ${root}/etc/kubernetes/controller-manager.conf`, "m"));
    });

    it("are what a learner can tell, and nothing where nobody answers", async () => {
      tool(
        "etcdctl",
        'case "$*" in *status*) echo \'[{"Status":{"isLearner":true}}]\' ;; *) echo "Error: rpc not supported for learner" >&2; exit 1 ;; esac',
      );
      tool("kubectl", "echo w1; exit 1");
      assert.deepEqual(await cluster(), [
        "etcd-members-failed Error: rpc not supported for learner",
        'etcd-status [{"Status":{"isLearner":true}}]',
      ]);
      tool("etcdctl", 'echo \'{"level":"warn","error":"no \\"way\\" there"}\'; echo null; exit 1');
      tool("kubectl", "echo nodes 0");
      assert.deepEqual(await cluster(), [
        "nodes 0",
        "etcd-members-failed no 'way' there",
        "etcd-status-failed no 'way' there",
      ]);
    });

    it("take no longer than the slowest of them, and that has a limit", async () => {
      for (const name of ["etcdctl", "kubectl"]) tool(name, "exec /bin/sleep 60");
      const begin = Date.now();
      const lines = await facts(host());
      assert.ok(Date.now() - begin < 8000, "side by side");
      assert.match(lines.find((line) => line.startsWith("elapsed ")) ?? "", /^elapsed [4-7]\./);
    });
  });

  it("change nothing", async () => {
    await host().claim();
    const before = host().snapshot();
    await facts(host());
    assert.deepEqual(host().snapshot(), before);
  });

  it("come from a user, too, as far as that one can see", function () {
    if (process.getuid?.() !== 0) return;
    const text = factsScript();
    const run = spawnSync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "/bin/sh", "-s"], {
      input: text,
      encoding: "utf8",
      cwd: "/",
    });
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /^uid 65534$/m);
    assert.match(run.stdout, /\nend\n$/);
  });
});
