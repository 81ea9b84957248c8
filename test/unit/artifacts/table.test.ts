import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compareVersions, statesVersion } from "../../../artifacts/versions.ts";
import { defaultVersions, groupOf, groups } from "../../../artifacts/table.ts";

describe("the artifact table", () => {
  for (const group of groups) {
    it(`builds what the tool lines of ${group.name}'s go.mod list, at the version that it pins`, async () => {
      const goMod = await readFile(join(group.moduleDir, "go.mod"), "utf8");
      const block = /^tool \(\n([\s\S]*?)^\)/m.exec(goMod)?.[1] ?? /^tool (.*)$/m.exec(goMod)?.[1] ?? "";
      const tools = block
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
      assert.deepEqual(group.artifacts.map((artifact) => artifact.package).sort(), tools.sort());
      assert.match(goMod, new RegExp(`^module plinth/artifacts/${group.name}$`, "m"));
      for (const [module, version] of Object.entries(group.modules(group.version))) {
        assert(goMod.includes(`\t${module} ${version} `), `${module} ${version}`);
      }
    });
  }

  it("knows the official addresses", () => {
    const urls = (name: string) => {
      const download = groupOf(name).download?.(name, "9.8.7", "linux-amd64");
      return [download?.url, download?.checksums, download?.provides[name]];
    };
    assert.deepEqual(urls("kubelet"), [
      "https://dl.k8s.io/release/v9.8.7/bin/linux/amd64/kubelet",
      "https://dl.k8s.io/release/v9.8.7/bin/linux/amd64/kubelet.sha256",
      null,
    ]);
    assert.deepEqual(urls("etcdctl"), [
      "https://github.com/etcd-io/etcd/releases/download/v9.8.7/etcd-v9.8.7-linux-amd64.tar.gz",
      "https://github.com/etcd-io/etcd/releases/download/v9.8.7/SHA256SUMS",
      "etcd-v9.8.7-linux-amd64/etcdctl",
    ]);
    assert.deepEqual(urls("pulumi"), [
      "https://get.pulumi.com/releases/sdk/pulumi-v9.8.7-linux-x64.tar.gz",
      "https://get.pulumi.com/releases/sdk/pulumi-9.8.7-checksums.txt",
      "pulumi/pulumi",
    ]);
    const github = "https://github.com";
    assert.deepEqual(urls("ctr"), [
      `${github}/containerd/containerd/releases/download/v9.8.7/containerd-static-9.8.7-linux-amd64.tar.gz`,
      `${github}/containerd/containerd/releases/download/v9.8.7/containerd-static-9.8.7-linux-amd64.tar.gz.sha256sum`,
      "bin/ctr",
    ]);
    assert.deepEqual(urls("runc"), [
      `${github}/opencontainers/runc/releases/download/v9.8.7/runc.amd64`,
      `${github}/opencontainers/runc/releases/download/v9.8.7/runc.sha256sum`,
      null,
    ]);
    assert.deepEqual(urls("bridge"), [
      `${github}/containernetworking/plugins/releases/download/v9.8.7/cni-plugins-linux-amd64-v9.8.7.tgz`,
      `${github}/containernetworking/plugins/releases/download/v9.8.7/cni-plugins-linux-amd64-v9.8.7.tgz.sha256`,
      "./bridge",
    ]);
    assert.deepEqual(urls("flanneld"), [
      `${github}/flannel-io/flannel/releases/download/v9.8.7/flannel-v9.8.7-linux-amd64.tar.gz`,
      "https://api.github.com/repos/flannel-io/flannel/releases/tags/v9.8.7",
      "flanneld",
    ]);
    assert.deepEqual(urls("coredns"), [
      `${github}/coredns/coredns/releases/download/v9.8.7/coredns_9.8.7_linux_amd64.tgz`,
      `${github}/coredns/coredns/releases/download/v9.8.7/coredns_9.8.7_linux_amd64.tgz.sha256`,
      "coredns",
    ]);
    assert.deepEqual(urls("metrics-server"), [undefined, undefined, undefined]);
  });

  it("stamps Kubernetes' version where the official build does", () => {
    const flags = groupOf("kubelet").ldflags("1.36.3");
    assert.equal(flags.length, 8);
    assert(flags.includes("-X k8s.io/component-base/version.gitVersion=v1.36.3"));
    assert(flags.includes("-X k8s.io/client-go/pkg/version.gitMinor=36"));
    assert.equal(groupOf("kubelet").stagingVersion?.("1.36.3"), "v0.36.3");
  });

  it("lists a default version for each name, once", () => {
    const names = groups.flatMap((group) => group.artifacts.map(({ name }) => name));
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(Object.keys(defaultVersions).sort(), [...names].sort());
  });
});

describe("versions", () => {
  it("are compared number by number", () => {
    assert(compareVersions("v3.260.0", "3.259.0") > 0);
    assert(compareVersions("1.9.9", "1.10") < 0);
    assert.equal(compareVersions("go1.26", "1.26.0"), 0);
  });

  it("are found only as a whole", () => {
    assert(statesVersion("Kubernetes v1.36.3\n", "1.36.3"));
    assert(statesVersion("etcd Version: 3.6.14", "3.6.14"));
    for (const text of ["v1.36.30", "v11.36.3", "1.36.3.1", "1.36"]) assert(!statesVersion(text, "1.36.3"), text);
  });
});
