import assert from "node:assert/strict";
import { mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { Bundle } from "./support/bundle.ts";
import { hostScript } from "../../components/host/script.ts";
import type { FakeHost } from "./support/fake-host.ts";
import { fill } from "./support/filled.ts";
import { onHosts } from "./support/suite.ts";

interface Released {
  host: string;
  skipped: boolean;
  kept: string[];
  left: string[];
}

/** Everything but what the scripts' own run leaves by design: lock and the directory of the stage. */
function remains(host: FakeHost): string[] {
  return host.list("/").filter((path) => !/^run(\/|$)/.test(path));
}

async function release(host: FakeHost): Promise<Released> {
  const result = await host.run(["release", "--host", "cp1"]);
  assert.equal(result.code, 0, result.stderr);
  return JSON.parse(result.stdout) as Released;
}

/** Lines of /proc/self/mountinfo. */
function mountinfo(...paths: string[]): string {
  return paths.map((path) => `36 35 0:1 / ${path.replaceAll(" ", "\\040")} rw - tmpfs none rw\n`).join("");
}

onHosts("release", (host) => {
  beforeEach(() => {
    host().packaged("haproxy.service");
    host().write("/etc/haproxy/haproxy.cfg", "theirs");
    symlinkSync("/dev/null", host().path("/etc/systemd/system/haproxy.service"));
  });

  it("takes everything away, puts back what was there, and keeps data aside", async () => {
    const before = remains(host()).filter((path) => !path.startsWith("usr/local/lib/plinth"));
    await host().claim();
    await fill(host());
    host().log();
    const done = await release(host());
    assert.deepEqual(host().log(), [
      "stop keepalived.service",
      "disable keepalived.service",
      "stop haproxy.service",
      "disable haproxy.service",
      "stop etcd.service",
      "disable etcd.service",
      "daemon-reload",
      "userdel demo-etcd",
    ]);
    assert.deepEqual([done.host, done.skipped, done.left], ["cp1", false, []]);
    assert.equal(done.kept.length, 1);
    assert.match(done.kept[0] ?? "", /^\/var\/lib\/plinth-kept\/demo-01234567-\d{8}T\d{6}Z\/var\/lib\/etcd$/);
    assert.equal(host().read(`${done.kept[0] ?? ""}/member/db`), "data");
    assert.equal(host().mode(done.kept[0] ?? ""), "0700");
    assert.equal(host().read("/etc/haproxy/haproxy.cfg"), "theirs");
    assert.equal(readlinkSync(host().path("/etc/systemd/system/haproxy.service")), "/dev/null");
    const after = remains(host()).filter((path) => !path.startsWith("var/lib/plinth-kept"));
    assert.deepEqual(
      after,
      [...before, "var/cache"].filter((path) => path !== "var/cache" || before.includes(path)),
    );
  });

  it("keeps what an earlier release of Plinth would have deleted", async () => {
    await host().claim();
    const log = "/var/log/kubernetes";
    await host().apply(new Bundle("controlplane").directory(log, "purge"));
    host().write(`${log}/audit.log`, "{}");
    await host().apply(new Bundle("controlplane").directory(log, "keep"));
    const { kept } = await release(host());
    assert.match(kept[0] ?? "", /^\/var\/lib\/plinth-kept\/demo-01234567-\d{8}T\d{6}Z\/var\/log\/kubernetes$/);
    assert.equal(host().read(`${kept[0] ?? ""}/audit.log`), "{}");
    assert.equal(host().exists(log), false);
  });

  it("is nothing the second time", async () => {
    await host().claim();
    await fill(host());
    await release(host());
    host().install();
    host().log();
    assert.deepEqual(await release(host()), { host: "cp1", skipped: false, kept: [], left: [] });
    assert.deepEqual(host().log(), []);
    assert.equal(host().exists("/usr/local/lib/plinth"), false);
  });

  it("leaves a host alone that has another name or cluster by now", async () => {
    await host().claim("cp2");
    await host().apply(new Bundle("demo").file("/etc/x", "x"));
    const { code, stdout, stderr } = await host().run(["release", "--host", "cp1"]);
    assert.deepEqual([code, (JSON.parse(stdout) as Released).skipped], [0, true]);
    assert.match(stderr, /is now cp2 of cluster demo, not cp1: left as it is/);
    assert.equal((await host().run(["release", "--host", "cp2", "--cluster-id", "other"])).code, 0);
    assert.equal(host().exists("/etc/x"), true);
    assert.equal((await host().run(["release", "--force"])).code, 0);
    assert.equal(host().exists("/etc/x"), false);
  });

  it("says which directories it leaves because of what others put into them", async () => {
    await host().claim();
    await host().apply(new Bundle("demo").file("/etc/demo/conf.d/x", "x"));
    host().write("/etc/demo/theirs", "x");
    const done = await release(host());
    assert.deepEqual(done.left, ["/etc/demo"]);
    assert.equal(host().exists("/etc/demo/conf.d"), false);
  });

  it("moves the content of a data directory that cannot be moved itself", async () => {
    await host().claim();
    await fill(host());
    host().command("mv", `case "$1 $*" in "-T "*/var/lib/etcd*) exit 1 ;; esac\nPATH=/usr/bin:/bin exec mv "$@"`);
    const done = await release(host());
    assert.equal(host().read(`${done.kept[0] ?? ""}/member/db`), "data");
    assert.equal(host().exists("/var/lib/etcd"), false);
  });

  it("leaves a disk what its file system has by itself, and takes the rest off it", async () => {
    await host().claim();
    await fill(host());
    for (const path of ["/var/lib/etcd", "/var/cache/demo"]) host().write(`${path}/lost+found/#7`, "");
    host().command("mv", `case "$1 $*" in "-T "*/var/lib/etcd*) exit 1 ;; esac\nPATH=/usr/bin:/bin exec mv "$@"`);
    host().command("mountpoint", 'case "$*" in */var/cache/demo) exit 0 ;; *) exit 1 ;; esac');
    const done = await release(host());
    assert.equal(host().read(`${done.kept[0] ?? ""}/member/db`), "data");
    assert.equal(host().exists(`${done.kept[0] ?? ""}/lost+found`), false);
    for (const path of ["/var/lib/etcd", "/var/cache/demo"]) assert.equal(host().exists(`${path}/lost+found/#7`), true);
    assert.equal(host().exists("/var/cache/demo/x"), false);
    for (const path of ["/var/cache/demo", "/var/lib/etcd"]) assert.ok(done.left.includes(path), path);
  });

  it("keeps the data of etcd wherever it is, and leaves the directory to its disk", async () => {
    await host().claim();
    await host().apply(new Bundle("etcd").directory("/data/etcd", "keep"));
    await host().apply(new Bundle("node").directory("/var/lib/kubelet", "purge").directory("/disk2/kubelet", "purge"));
    host().write("/data/etcd/member/db", "data");
    host().write("/data/theirs", "x");
    host().write("/disk2/kubelet/pods/x", "x");
    host().write("/disk2/kubelet/lost+found/#7", "");
    host().command("mountpoint", 'case "$*" in */disk2/kubelet) exit 0 ;; *) exit 1 ;; esac');
    const done = await release(host());
    assert.equal(done.kept.length, 1);
    assert.match(done.kept[0] ?? "", /\/data\/etcd$/);
    assert.equal(host().read(`${done.kept[0] ?? ""}/member/db`), "data");
    assert.deepEqual([host().exists("/data/etcd"), host().read("/data/theirs")], [false, "x"]);
    assert.deepEqual(host().list("/disk2/kubelet"), ["lost+found", "lost+found/#7"]);
  });

  it("keeps nothing of a disk with nothing on it", async () => {
    await host().claim();
    await host().apply(new Bundle("etcd").directory("/var/lib/etcd", "keep"));
    mkdirSync(host().path("/var/lib/etcd/lost+found"));
    assert.deepEqual((await release(host())).kept, []);
    assert.equal(host().exists("/var/lib/etcd/lost+found"), true);
  });

  it("deletes nothing that is mounted below a directory of ours: it is unmounted first", async () => {
    await host().claim();
    await fill(host());
    const volume = host().path("/var/cache/demo/a volume");
    host().write("/tmp/mounts", mountinfo(volume, `${volume}/nested`, host().path("/var/cache/other")));
    host().env["PLINTH_MOUNTINFO"] = host().path("/tmp/mounts");
    host().command("umount", `echo "umount $1" >>"$PLINTH_ROOT/tmp/asked"; printf '' >"$PLINTH_MOUNTINFO"`);
    await release(host());
    assert.equal(host().read("/tmp/asked"), `umount ${volume}/nested\numount ${volume}\n`);
    assert.equal(host().exists("/var/cache/demo"), false);
  });

  it("stops where something mounted cannot be unmounted, and goes on once it is", async () => {
    await host().claim();
    await fill(host());
    host().write("/tmp/mounts", mountinfo(host().path("/var/cache/demo/x")));
    host().env["PLINTH_MOUNTINFO"] = host().path("/tmp/mounts");
    host().command("umount", "exit 32");
    const refused = await host().run(["release", "--host", "cp1"]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /cannot delete \/var\/cache\/demo: .*\/var\/cache\/demo\/x is mounted below it/);
    assert.equal(host().read("/var/cache/demo/x/y"), "cache");
    host().write("/tmp/mounts", "");
    await release(host());
    assert.equal(host().exists("/var/cache/demo"), false);
  });

  it("takes away a half-done bundle, too", async () => {
    await host().claim();
    mkdirSync(host().path("/etc/demo"));
    host().behave("a.service", "fail");
    await host().refuse(new Bundle("demo").service("a.service").file("/etc/demo/x", "x", { restart: "a.service" }), 1);
    await release(host());
    assert.equal(host().exists("/etc/demo/x"), false);
    assert.equal(host().exists("/etc/demo"), true, "not made by us");
    assert.equal(host().exists("/etc/systemd/system/a.service"), false);
  });

  it("needs a name", async () => {
    assert.equal((await host().run(["release"])).code, 65);
    assert.equal((await host().run(["release", "--host"])).code, 65);
    assert.equal((await host().run(["release", "--now"])).code, 65);
  });

  it("works from standard input, for a host whose script is gone", async () => {
    await host().claim();
    await fill(host());
    rmSync(host().path("/usr/local/lib/plinth"), { recursive: true });
    const result = await host().runFile("-s", ["release", "--force"], hostScript());
    assert.equal(result.code, 0, result.stderr);
    const done = JSON.parse(result.stdout) as Released;
    assert.deepEqual([done.host, done.skipped, done.kept.length], ["cp1", false, 1]);
    assert.equal(host().exists("/var/lib/plinth"), false);
    const again = await host().runFile("-s", ["release", "--force"], hostScript());
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual((JSON.parse(again.stdout) as Released).kept, []);
  });
});
