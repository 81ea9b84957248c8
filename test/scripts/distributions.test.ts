import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { factsScript } from "../../components/host/script.ts";
import { renderBundle } from "../../plan/bundle.ts";
import { planHost } from "../../plan/bundles/index.ts";
import { packageNames } from "../../plan/distributions.ts";
import { parseFacts } from "../../plan/facts.ts";
import { proxyModes } from "../../plan/kubeproxymode.ts";
import { balancerBooleans } from "../../plan/selinux.ts";
import { surroundingsOf } from "../../plan/surroundings.ts";
import { configOf, hostsOf } from "../support/cluster.ts";
import { Bundle } from "./support/bundle.ts";
import type { FakeHost } from "./support/fake-host.ts";
import { dress, imageNames, images, type ImageName } from "./support/image.ts";
import { onHosts } from "./support/suite.ts";

const hosts = hostsOf([
  { name: "one", address: "192.0.2.11", roles: ["etcd", "control-plane", "load-balancer", "worker"] },
]);

async function factsFrom(host: FakeHost) {
  const { code, stdout, stderr } = await host.runFile("-s", [], factsScript());
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return parseFacts(stdout);
}

const asked = (host: FakeHost): string[] => {
  const path = join(host.fakes, "asked");
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
};
const linesOf = (host: FakeHost, file: string): string[] => {
  const path = join(host.fakes, file);
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
};

/** The lines of all bundles of a host that the distribution has a say in: packages under the image's names, and prepares of SELinux. */
async function plannedLines(host: FakeHost): Promise<string[]> {
  const facts = await factsFrom(host);
  const lines = hosts.flatMap((one) => {
    const surroundings = surroundingsOf(one, facts, 1500);
    return proxyModes
      .flatMap((mode) => planHost({ host: one, hosts, config: configOf({ kubeProxyConfig: { mode } }), surroundings }))
      .flatMap((bundle) =>
        renderBundle(bundle, 1, () => ({ sha256: "0".repeat(64), url: "http://192.0.2.5/file" })).split("\n"),
      );
  });
  return [...new Set(lines)]
    .filter((line) => /^(package|prepare selinux)/.test(line))
    .map((line) => line.replace(/^(package \S+) (?=[^/])/, "$1 image-"));
}

const bundleOf = (lines: readonly string[]): Bundle =>
  lines.reduce((bundle, line) => bundle.line(line), new Bundle("demo"));

for (const name of imageNames)
  onHosts(`on ${name}`, (host) => {
    beforeEach(async () => {
      dress(host(), name);
      await host().claim();
    });

    it("facts tell the distribution, its family and what SELinux does", async () => {
      const facts = await factsFrom(host());
      const { os, family, systemd, enforce } = images[name] as { enforce?: string } & (typeof images)[ImageName];
      assert.deepEqual(
        { os: facts.os, family: facts.family, systemd: facts.systemd, selinux: facts.selinux },
        { os, family, systemd: systemd.split(" ")[0], selinux: enforce === "1" ? "enforcing" : undefined },
      );
    });

    it("every package of every bundle is there by its own name, and asked for once", async () => {
      const lines = await plannedLines(host());
      const names = lines.flatMap((line) => (line.startsWith("package ") ? [line.split(" ")[1] ?? ""] : []));
      await host().apply(bundleOf(lines));
      const { family } = images[name];
      const installed = asked(host()).map((line) => line.split(" ").at(-1));
      assert.deepEqual(installed.toSorted(), names.map((each) => packageNames[each]?.[family]).toSorted());
      await host().apply(bundleOf(lines));
      assert.equal(asked(host()).length, names.length);
    });
  });

onHosts("on a host with the tools of another family, too", (host) => {
  it("packages are installed by the tool of its own", async () => {
    dress(host(), "rocky-9");
    host().command("apt-get", "exit 1").command("zypper", "exit 1");
    await host().claim();
    await host().apply(new Bundle("demo").line("package conntrack image-conntrack"));
    assert.match(asked(host()).join("\n"), /^dnf .*install conntrack-tools$/);
  });
});

onHosts("package managers", (host) => {
  const bundle = () => new Bundle("demo").line("package socat image-socat").file("/etc/x", "x");
  const failing = async (image: ImageName, ...lines: string[]) => {
    dress(host(), image);
    writeFileSync(join(host().fakes, "fails"), lines.map((line) => `${line}\n`).join(""));
    await host().claim();
  };

  it("of openSUSE have installed where they end with news", async () => {
    for (const code of [100, 101, 102, 103, 106, 107]) {
      await failing("leap-15.6", `${code} news`);
      await host().apply(bundle());
      assert.equal(asked(host()).length, 1, String(code));
      host().command("image-socat", "");
      for (const file of ["asked", "bin/image-socat"]) rmSync(join(host().fakes, file));
      host().write("/etc/x", "");
    }
  });

  it("of openSUSE wait for a lock, and end with who has it", async () => {
    host().command("env", `printf '%s\\n' "$*" >>"$PLINTH_FAKES/env"; exec /usr/bin/env "$@"`);
    const locked = "7 System management is locked by the application with pid 4242 (zypper).";
    await failing("leap-15.6", locked, locked);
    const said = await host().refuse(bundle(), 1);
    assert.match(
      said,
      /cannot install the package socat: System management is locked by the application with pid 4242/,
    );
    assert.deepEqual(asked(host()), ["zypper -q --non-interactive install --no-recommends socat"]);
    assert.match(linesOf(host(), "env").join("\n"), /^ZYPP_LOCK_TIMEOUT=120 zypper /);
  });

  it("fetch lists anew where the installation fails without, and tell what is missing", async () => {
    await failing("leap-15.6", "104 'socat' not found in package names.");
    await host().apply(bundle());
    assert.deepEqual(
      asked(host()).map((line) => line.replace("-q --non-interactive ", "")),
      ["zypper install --no-recommends socat", "zypper refresh --force", "zypper install --no-recommends socat"],
    );
  });

  it("of RHEL drop a broken cache", async () => {
    await failing(
      "rocky-9",
      "1 Error: Failed to download metadata for repo 'baseos': repomd.xml GPG signature verification error",
    );
    await host().apply(bundle());
    assert.deepEqual(
      asked(host()).map((line) => line.replace(/--setopt=\S+ /g, "")),
      ["dnf -q -y install socat", "dnf -q -y clean metadata", "dnf -q -y install socat"],
    );
    const said = await host().refuse(new Bundle("demo").line("package absent image-absent"), 1);
    assert.match(
      said,
      /cannot install the package absent: Error: Unable to find a match: absent; install absent by hand/,
    );
  });
});

onHosts("SELinux", (host) => {
  const prepared = (line: string) => new Bundle("demo").line(line).file("/etc/x", "x");
  const restored = () => linesOf(host(), "restored");

  beforeEach(async () => {
    dress(host(), "rocky-9");
    await host().claim();
  });

  it("gets to know the places of ours once, and what is there gets its context", async () => {
    const bundle = bundleOf(await plannedLines(host()));
    await host().apply(bundle);
    assert.deepEqual(linesOf(host(), "fcontexts"), [
      "bin_t /opt/plinth/(etcd|etcdctl|etcdutl|kube-apiserver|kube-controller-manager|kube-scheduler|kubectl|kubelet|kube-proxy|flanneld|bridge|host-local|loopback|portmap)/[^/]+/[^/]+",
      "bin_t /usr/local/lib/plinth/[^/]+",
      "bin_t /usr/local/lib/plinth/roster/[^/]+",
      "keepalived_unconfined_script_exec_t /usr/local/lib/plinth/keepalived/end-connections",
      "container_runtime_exec_t /opt/plinth/(containerd|containerd-shim-runc-v2|ctr|runc)/[^/]+/[^/]+",
    ]);
    assert.deepEqual(
      linesOf(host(), "sebools"),
      balancerBooleans.map((boolean) => `${boolean} on`),
    );
    assert.ok(restored().includes("/opt/plinth and below"));
    assert.ok(restored().includes("/usr/local/lib/plinth and below"));
    const before = restored().length;
    await host().apply(bundle);
    assert.equal(restored().length, before, "nothing to do");
  });

  it("takes directories of data for what they are", async () => {
    const line = "prepare selinux-contexts 60 - =/var/lib/containerd:/data/containerd";
    await host().apply(prepared(line));
    assert.deepEqual(linesOf(host(), "equivalences"), ["/data/containerd /var/lib/containerd"]);
    assert.ok(restored().includes("/data/containerd and below"));
    await host().apply(prepared(line));
    assert.equal(restored().filter((path) => path.startsWith("/data")).length, 1);
  });

  it("has a rule with another type changed, and one where the policy wants it elsewhere put there", async () => {
    await host().apply(prepared("prepare selinux-contexts 60 - usr_t:/opt/plinth/[^/]+"));
    await host().apply(prepared("prepare selinux-contexts 60 - bin_t:/opt/plinth/[^/]+"));
    assert.deepEqual(linesOf(host(), "fcontexts"), ["bin_t /opt/plinth/[^/]+"]);
    writeFileSync(join(host().fakes, "subs_dist"), "/usr/local/lib /usr/lib\n");
    const line = "prepare selinux-contexts 60 - bin_t:/usr/local/lib/plinth/[^/]+";
    await host().apply(prepared(line));
    assert.equal(linesOf(host(), "fcontexts").at(-1), "bin_t /usr/lib/plinth/[^/]+");
    const before = restored().length;
    await host().apply(prepared(line));
    assert.equal(restored().length, before);
  });

  it("has what is written carry the context of its place", async () => {
    await host().apply(new Bundle("demo").file("/etc/new/x", "x"));
    assert.deepEqual(restored(), ["/etc/new", "/etc/new/x"]);
  });

  it("is told nothing where it is not in the kernel, or a rule cannot be told", async () => {
    host().command("semanage", "echo 'ValueError: SELinux policy is not managed' >&2; exit 1");
    const line = "prepare selinux-contexts 1 - bin_t:/opt/plinth/[^/]+";
    assert.match(
      await host().refuse(prepared(line), 1),
      /semanage cannot tell what is set here: ValueError: SELinux policy/,
    );
    rmSync(host().path("/sys/fs/selinux/enforce"));
    await host().apply(prepared(line));
  });

  it("has nothing of ours left once the host is released, and what was on before stays on", async () => {
    writeFileSync(join(host().fakes, "sebools"), "haproxy_connect_any on\nkeepalived_connect_any off\n");
    await host().apply(
      new Bundle("demo")
        .line("prepare selinux-contexts 60 - bin_t:/opt/plinth/[^/]+ =/var/lib/kubelet:/data/kubelet")
        .line("prepare selinux-booleans 60 - haproxy_connect_any keepalived_connect_any not_here"),
    );
    assert.deepEqual(linesOf(host(), "sebools"), ["haproxy_connect_any on", "keepalived_connect_any on"]);
    const { code, stderr } = await host().run(["release", "--host", "cp1"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual([...linesOf(host(), "fcontexts"), ...linesOf(host(), "equivalences")], ["", ""]);
    assert.deepEqual(linesOf(host(), "sebools"), ["haproxy_connect_any on", "keepalived_connect_any off"]);
  });
});
