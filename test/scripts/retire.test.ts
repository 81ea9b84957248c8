import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { factsScript } from "../../components/host/script.ts";
import { parseFacts } from "../../plan/facts.ts";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

onHosts("retire", (host) => {
  const everything = async () => {
    await host().claim();
    await host().apply(new Bundle("etcd").service("etcd.service"));
    await host().apply(
      new Bundle("controlplane")
        .service("kube-apiserver.service")
        .service("kube-controller-manager.service")
        .service("kube-scheduler.service"),
    );
    await host().apply(new Bundle("loadbalancer").service("haproxy.service").service("keepalived.service"));
    await host().apply(new Bundle("node").service("kubelet.service"));
    host().log();
  };
  const order = ["keepalived", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "haproxy"].map(
    (name) => `${name}.service`,
  );

  async function retire(...options: string[]): Promise<unknown> {
    const { code, stdout, stderr } = await host().run(["retire", ...options]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^[^\n]+\n$/, "exactly one line");
    return JSON.parse(stdout);
  }

  it("stops what serves others, the VIP first, and leaves the rest", async () => {
    await everything();
    const files = () =>
      host()
        .list("/")
        .filter((path) => !path.endsWith("/intent"));
    const before = files();
    assert.deepEqual(await retire(), { host: "cp1", stopped: order });
    assert.deepEqual(
      host().log(),
      order.flatMap((unit) => [`disable ${unit}`, `stop ${unit}`]),
    );
    for (const unit of ["etcd.service", "kubelet.service"]) {
      assert.deepEqual([host().unit(unit, "active"), host().unit(unit, "enabled")], ["active", "enabled"]);
    }
    assert.deepEqual(files(), before);
    assert.deepEqual(await retire(), { host: "cp1", stopped: [] });
    assert.deepEqual(host().log(), []);
  });

  it("ends what a defragmentation that was killed has left to be started", async () => {
    await everything();
    host().write("/var/lib/plinth/etcd-paused", "2026-01-01T00:00:00Z\n");
    await retire();
    assert.equal(host().exists("/var/lib/plinth/etcd-paused"), false);
  });

  it("is undone by the next apply, and finished by a release", async () => {
    await everything();
    await retire();
    const facts = async () => parseFacts((await host().runFile("-s", [], factsScript())).stdout).bundles;
    const told = Object.entries(await facts()).map(([name, { state, generation }]) => [name, state, generation]);
    assert.deepEqual(told, [
      ["controlplane", "failed", 1],
      ["etcd", "complete", 1],
      ["loadbalancer", "failed", 1],
      ["node", "complete", 1],
    ]);
    await host().apply(new Bundle("loadbalancer", 2).service("haproxy.service").service("keepalived.service"));
    assert.deepEqual(
      ["active", "enabled"].map((key) => host().unit("keepalived.service", key)),
      ["active", "enabled"],
    );
    assert.equal((await facts())["loadbalancer"]?.state, "complete");
    assert.equal((await host().run(["release", "--host", "cp1"])).code, 0);
    assert.equal(host().exists("/etc/systemd/system/etcd.service"), false);
  });

  it("leaves alone what is not ours", async () => {
    host().packaged("haproxy.service").setUnit("haproxy.service", "active", "active");
    assert.deepEqual(await retire("--host", "cp1"), { host: "cp1", stopped: [] });
    await retire();
    await host().claim();
    await host().apply(new Bundle("etcd").service("etcd.service"));
    assert.deepEqual(await retire(), { host: "cp1", stopped: [] });
    assert.equal(host().unit("haproxy.service", "active"), "active");
  });

  it("leaves a host alone that has another name or cluster by now", async () => {
    await everything();
    const { code, stdout, stderr } = await host().run(["retire", "--host", "cp9"]);
    assert.deepEqual([code, JSON.parse(stdout)], [0, { host: "cp9", stopped: [] }]);
    assert.match(stderr, /this host is cp1 of cluster demo, not cp9: left as it is/);
    await retire("--host", "cp1", "--cluster-id", "other");
    assert.equal(host().unit("keepalived.service", "active"), "active");
    assert.equal((await host().run(["retire", "--now"])).code, 65);
    assert.equal((await host().run(["retire", "--host"])).code, 65);
  });

  it("says which unit does not stop, and goes on from there", async () => {
    await everything();
    const real = `${host().fakes}/bin/systemctl`;
    copyFileSync(real, `${real}.real`);
    host().command(
      "systemctl",
      `case "$*" in "stop kube-scheduler.service") echo "Job canceled." >&2; exit 1 ;; esac\nexec sh "${real}.real" "$@"`,
    );
    const { code, stdout, stderr } = await host().run(["retire"]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /kube-scheduler\.service does not stop \(it is active, running\): Job canceled\./);
    host().command("systemctl", `exec sh "${real}.real" "$@"`);
    assert.deepEqual(await retire(), { host: "cp1", stopped: order.slice(1) });
  });
});
