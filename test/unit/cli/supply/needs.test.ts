import assert from "node:assert/strict";
import { defaultVersions } from "../../../../artifacts/index.ts";
import { plannedFrom } from "../../../../cli/project/inventory.ts";
import { isLocalUrl, isOwnMachine } from "../../../../components/ownaddress.ts";
import { hostArtifacts } from "../../../../cli/supply/needs.ts";
import { checkInput } from "../../../../plan/stackinput.ts";
import { configOf, hostsOf } from "../../../support/cluster.ts";
import { poolHosts, rawPool } from "../../../support/pool.ts";

describe("what a run needs", () => {
  it("knows an address of this machine", () => {
    const eth0 = [{ address: "192.0.2.1" }] as ReturnType<typeof import("node:os").networkInterfaces>[string];
    const interfaces = { eth0, lo: undefined };
    assert.equal(isLocalUrl("http://192.0.2.1:8410", interfaces), true);
    assert.equal(isLocalUrl("http://192.0.2.2:8410", interfaces), false);
    assert.equal(isLocalUrl("https://mirror.example.org/x", interfaces), false);
    for (const url of ["http://192.0.2.1:8410", "http://127.9.0.1", "http://[::1]:1", "http://localhost:8410/x"])
      assert.equal(isOwnMachine(url, interfaces), true, url);
    for (const url of ["http://192.0.2.2", "http://127.example.org", "http://localhost.example.org"])
      assert.equal(isOwnMachine(url, interfaces), false, url);
  });

  it("are binaries that the artifact table has", () => {
    const refs = hostArtifacts({ planned: plannedFrom(hostsOf(), configOf()) });
    assert.deepEqual(
      refs.map(({ name, version }) => `${name} ${version}`),
      refs.map(({ name }) => `${name} ${defaultVersions[name] ?? "is not in the table"}`),
    );
    assert.ok(refs.some(({ name }) => name === "etcd") && refs.some(({ name }) => name === "kubelet"));
  });

  it("are a worker's alone for a pool, whose cluster is not asked for it", () => {
    const { hosts, config } = checkInput(poolHosts, rawPool);
    assert.ok(config);
    const names = hostArtifacts({ planned: plannedFrom(hosts, config) }).map(({ name }) => name);
    assert.ok(names.includes("kubelet") && names.includes("flanneld"));
    assert.ok(!names.some((name) => /^(etcd|kube-apiserver|kubectl)/.test(name)));
  });
});
