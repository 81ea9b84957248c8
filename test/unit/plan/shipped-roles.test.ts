import assert from "node:assert/strict";
import { renderRole, shipped, type RenderOptions, type RoleShape } from "../../../roles.ts";

const { accounts, logs, nfsServer, nodeExporter, ssh, storage, time, trust, updates } = shipped;
const content = (role: RoleShape, path: string, options: RenderOptions): string =>
  renderRole(role, options).files[path]?.content ?? assert.fail(`${role.name} has no ${path}`);
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI ann@example.com";
const sha256 = "b".repeat(64);

describe("roles that ship", () => {
  it("are told of parameters that they do not have", () => {
    assert.throws(
      () => renderRole(time, { parameters: { server: "a" } }),
      /the parameters of the role time are not right/,
    );
  });

  it("time: servers, who may ask, and a judge, by the distribution's names", () => {
    const parameters = { servers: ["ntp.example.com"], allow: ["192.0.2.0/24"] };
    const debian = renderRole(time, { parameters });
    assert.match(
      debian.files["/etc/chrony/chrony.conf"]?.content ?? "",
      /^server ntp\.example\.com iburst\n[^]*\nallow 192\.0\.2\.0\/24\n/,
    );
    assert.deepEqual(debian.units, ["chrony.service"]);
    assert.match(debian.text, /^validate \/etc\/chrony\/chrony\.conf 30 chronyd -p -f %045$/m);
    assert.deepEqual(renderRole(time, { parameters, facts: { family: "rhel" } }).units, ["chronyd.service"]);
    assert.match(
      content(time, "/etc/chrony.conf", { parameters: { pools: ["a"] }, facts: { family: "suse" } }),
      /^port 0$/m,
    );
    assert.throws(() => renderRole(time), /neither servers nor pools/);
  });

  it("ssh: never locks out the user by whom Plinth comes", () => {
    const path = "/etc/ssh/sshd_config.d/10-plinth.conf";
    assert.match(content(ssh, path, {}), /^PasswordAuthentication no\n[^]*PermitRootLogin prohibit-password\n/);
    assert.doesNotMatch(content(ssh, path, {}), /Allow(Users|Groups)/);
    assert.match(content(ssh, path, { parameters: { allowUsers: ["ann"] } }), /^AllowUsers root ann$/m);
    const ops = { config: { sshUser: "ops" } };
    assert.match(
      content(ssh, path, { ...ops, parameters: { allowUsers: ["ann"], root: "no" } }),
      /^AllowUsers ops ann$/m,
    );
    assert.match(
      content(ssh, path, { ...ops, host: { user: "me" }, parameters: { allowUsers: ["ann"] } }),
      /^AllowUsers me ann$/m,
    );
    assert.throws(() => renderRole(ssh, { parameters: { root: "no" } }), /Plinth reaches this host as root/);
    assert.throws(
      () => renderRole(ssh, { parameters: { allowGroups: ["staff"] } }),
      /whether the user root, by whom Plinth comes/,
    );
  });

  it("ssh: shows by a certificate who the host is, and lets in whom an authority has signed for", () => {
    const certificate = "ssh-ed25519-cert-v01@openssh.com AAAA w1";
    const parameters = { hostCertificate: certificate, userAuthorities: [key] };
    const { files, text } = renderRole(ssh, { parameters, facts: { family: "rhel" } });
    assert.equal(files["/etc/ssh/plinth/host-cert.pub"]?.content, `${certificate}\n`);
    assert.match(
      files["/etc/ssh/sshd_config.d/10-plinth.conf"]?.content ?? "",
      /^HostCertificate \/etc\/ssh\/plinth\/host-cert\.pub\nTrustedUserCAKeys /m,
    );
    assert.match(text, /reload=sshd\.service/);
  });

  it("accounts: people with keys, and what they may do", () => {
    const users = { ann: { keys: [key], sudo: "yes" }, bob: { groups: ["staff"], uid: 2000 } };
    const { files, text } = renderRole(accounts, { parameters: { groups: { staff: 3000 }, users } });
    assert.equal(files["/etc/sudoers.d/plinth-ann"]?.content, "ann ALL=(ALL:ALL) NOPASSWD: ALL\n");
    assert.match(text, /^resource group staff -- 3000$/m);
    assert.match(text, /^resource account bob -- 2000 bob \/home\/bob \/bin\/bash staff login -$/m);
    assert.match(text, /^resource authorized ann -- only /m);
    assert.throws(
      () => renderRole(accounts, { parameters: { users: { root: {} } } }),
      /the user by whom Plinth reaches this host/,
    );
  });

  it("trust: proxies of people and package managers, without logins", () => {
    const parameters = { proxy: "http://proxy.example.com:3128", noProxy: ["192.0.2.0/24", "example.com"] };
    assert.equal(
      content(trust, "/etc/apt/apt.conf.d/70plinth-proxy", { parameters }),
      [
        'Acquire::http::Proxy "http://proxy.example.com:3128";',
        'Acquire::https::Proxy "http://proxy.example.com:3128";',
        'Acquire::http::Proxy::example.com "DIRECT";',
        'Acquire::https::Proxy::example.com "DIRECT";',
        "",
      ].join("\n"),
    );
    assert.throws(
      () => renderRole(trust, { parameters: { proxy: "http://a:b@proxy.example.com" } }),
      /without a login/,
    );
  });

  it("logs: a bounded journal, and a collector with keys that are secrets", () => {
    assert.equal(
      content(logs, "/etc/systemd/journald.conf.d/70-plinth.conf", {}),
      "[Journal]\nStorage=persistent\nSystemMaxUse=1G\n",
    );
    const parameters = { collector: "https://logs.example.com", certificate: "PEM", key: "logs" };
    const { files, units } = renderRole(logs, { parameters });
    assert.deepEqual(files["/etc/systemd/plinth-upload/host.key"], {
      content: "${logs}",
      mode: "0640",
      owner: "root:systemd-journal",
    });
    assert.ok(units.includes("systemd-journal-upload.service"));
    assert.throws(() => renderRole(logs, { parameters: { certificate: "PEM" } }), /takes both or none/);
  });

  it("node-exporter: on loopback, of the host's architecture", () => {
    const archives = { amd64: { from: "https://example.com/node_exporter.tar.gz", sha256 } };
    const { files, text } = renderRole(nodeExporter, { parameters: { archives } });
    assert.match(
      files["/etc/systemd/system/node-exporter.service"]?.content ?? "",
      /--web\.listen-address=127\.0\.0\.1:9100 /,
    );
    assert.match(text, /^download \/opt\/node-exporter\.archive 0644 root:root b{64} https:/m);
    assert.throws(
      () => renderRole(nodeExporter, { host: { arch: "arm64" }, parameters: { archives } }),
      /has none for arm64/,
    );
  });

  it("updates: leave what Plinth runs alone, and boot nothing", () => {
    const debian = renderRole(updates, { parameters: { leave: ["lib*"] } }).files;
    const text = debian["/etc/apt/apt.conf.d/70plinth-updates"]?.content ?? "";
    for (const line of ['"^haproxy$";', '"^keepalived$";', '"^lib.*$";', 'Automatic-Reboot "false";'])
      assert.ok(text.includes(line), line);
    assert.match(debian["/etc/needrestart/conf.d/70-plinth.conf"]?.content ?? "", /kubelet\|containerd/);
    const rhel = renderRole(updates, { facts: { family: "rhel" } }).files["/etc/dnf/automatic.conf"]?.content ?? "";
    assert.match(rhel, /^reboot = never$/m);
    assert.throws(() => renderRole(updates, { facts: { family: "suse" } }), /have no upgrades by themselves/);
  });

  it("storage: volumes before filesystems before mounts", () => {
    const parameters = {
      groups: { data: ["/dev/sdb"] },
      volumes: { "data/etcd": "20GiB" },
      mounts: { "/var/lib/etcd": { device: "/dev/data/etcd", type: "xfs", options: "noatime" } },
    };
    const { text, units } = renderRole(storage, { parameters });
    assert.deepEqual(
      [...text.matchAll(/^resource (\S+ \S+)/gm)].map(([, one]) => one),
      ["package lvm2", "package xfsprogs", "volumegroup data", "volume data/etcd", "filesystem /dev/data/etcd"],
    );
    assert.deepEqual(units, ["var-lib-etcd.mount"]);
  });

  it("nfs-server: directories and who mounts them", () => {
    const parameters = { exports: { "/srv/data": { "192.0.2.0/24": "rw,sync" } } };
    assert.equal(
      content(nfsServer, "/etc/exports.d/plinth.exports", { parameters }),
      "/srv/data 192.0.2.0/24(rw,sync)\n",
    );
    assert.match(renderRole(nfsServer, { parameters, facts: { family: "rhel" } }).text, /^resource package nfs-utils/m);
  });
});
