import assert from "node:assert/strict";
import { hostArtifacts, isLocalUrl } from "../../../../cli/supply/needs.ts";

describe("what a run needs", () => {
  it("knows an address of this machine", () => {
    const eth0 = [{ address: "192.0.2.1" }] as ReturnType<typeof import("node:os").networkInterfaces>[string];
    const interfaces = { eth0, lo: undefined };
    assert.equal(isLocalUrl("http://192.0.2.1:8410", interfaces), true);
    assert.equal(isLocalUrl("http://192.0.2.2:8410", interfaces), false);
    assert.equal(isLocalUrl("https://mirror.example.org/x", interfaces), false);
  });

  it("lists the hosts' binaries with the configured versions", () => {
    const config = {
      kubernetesVersion: "1.36.3",
      etcdVersion: "3.6.14",
      containerdVersion: "2.4.2",
      runcVersion: "1.5.2",
      cniVersion: "1.9.1",
      flannelVersion: "0.28.10",
      network: "flannel",
    } as const;
    const refs = hostArtifacts(config);
    assert.deepEqual(
      refs.map(({ name, version }) => `${name} ${version}`),
      [
        "etcd 3.6.14",
        "etcdctl 3.6.14",
        "etcdutl 3.6.14",
        "kube-apiserver 1.36.3",
        "kube-controller-manager 1.36.3",
        "kube-scheduler 1.36.3",
        "kubectl 1.36.3",
        "kubelet 1.36.3",
        "kube-proxy 1.36.3",
        "containerd 2.4.2",
        "containerd-shim-runc-v2 2.4.2",
        "ctr 2.4.2",
        "runc 1.5.2",
        "bridge 1.9.1",
        "host-local 1.9.1",
        "loopback 1.9.1",
        "portmap 1.9.1",
        "flanneld 0.28.10",
      ],
    );
    assert(!hostArtifacts({ ...config, network: "none" }).some(({ name }) => name === "flanneld"));
  });
});
