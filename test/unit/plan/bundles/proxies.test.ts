import assert from "node:assert/strict";
import { planHost } from "../../../../plan/bundles/index.ts";
import { configOf, hostsOf, threeHosts } from "../../../support/cluster.ts";

/** Services that talk to hosts of the cluster, or that start what does. */
const daemons = [
  ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "flanneld"],
  "containerd",
].map((name) => `${name}.service`);
const variables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()]);

/** Every file of a host by its path. */
function filesOf(): Map<string, string> {
  const hosts = hostsOf(threeHosts);
  const [host] = hosts;
  assert.ok(host);
  const bundles = planHost({ host, hosts, config: configOf() });
  return new Map(bundles.flatMap(({ files }) => files.map(({ path, content }) => [path, content])));
}

describe("proxies of a host", () => {
  it("are not inherited by services of ours, whatever is set for all units", () => {
    const files = filesOf();
    for (const unit of daemons) {
      const text = files.get(`/etc/systemd/system/${unit}`);
      assert.ok(text !== undefined, unit);
      const [, unset = ""] = /^UnsetEnvironment=(.*)$/m.exec(text) ?? [];
      const [, empty = ""] = /^Environment=(HTTP_PROXY=.*)$/m.exec(text) ?? [];
      // What a drop-in of the operator's sets for containerd still counts.
      const without = unit === "containerd.service" ? empty.replaceAll("=", "") : unset;
      assert.deepEqual(without.split(" ").toSorted(), variables.toSorted(), unit);
    }
  });

  it("do not stand between a service and what it asks by curl", () => {
    const calls = [...filesOf()].flatMap(([path, text]) =>
      [...text.matchAll(/\/usr\/bin\/curl [^"\n]*/g)].map(([call]) => ({ path, call })),
    );
    assert.ok(calls.some(({ path }) => path === "/etc/keepalived/keepalived.conf"));
    assert.ok(calls.length > 1);
    for (const { path, call } of calls) {
      const host = new URL(call.split(" ").at(-1) ?? "").hostname;
      assert.ok(call.startsWith(`/usr/bin/curl -q --noproxy ${host} `), `${path}: ${call}`);
    }
  });
});
