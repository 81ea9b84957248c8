/** A kubelet whose certificate has ended: what an apply takes away, so that it joins as a new host does. */

import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

const pki = "/var/lib/kubelet/pki";
const credentials = `${pki}/kubelet-client-current.pem`;
const dated = `${pki}/kubelet-client-2026-05-01-00-00-00.pem`;
const serving = `${pki}/kubelet-server-current.pem`;
const kubeconfig = "/var/lib/kubelet/kubeconfig";
const units = ["kube-proxy.service", "flanneld.service", "kubelet.service"];

const bundle = (generation: number, joined?: number): Bundle => {
  const made = new Bundle("node", generation);
  for (const unit of units) made.service(unit);
  return joined === undefined
    ? made
    : made.line(
        `prepare join-anew 2 kubelet.service ${joined} ${credentials} ${kubeconfig} kube-proxy.service,flanneld.service`,
      );
};

onHosts("prepare join-anew", (host) => {
  const joins = (): void => {
    host().write(dated, "certificate and key");
    host().write(serving, "certificate and key");
    symlinkSync("kubelet-client-2026-05-01-00-00-00.pem", host().path(credentials));
    host().write(kubeconfig, "server: https://10.0.0.1:6443");
  };
  const there = () => [dated, credentials, serving, kubeconfig].filter((path) => host().exists(path));

  beforeEach(async () => {
    await host().claim("w1");
    await host().apply(bundle(1));
    joins();
    host().log();
  });

  it("takes certificate, key and kubeconfig away, and starts the kubelet and what goes by them again", async () => {
    const { started, restarted } = await host().apply(bundle(2, 2));
    assert.deepEqual([started, restarted], [units, []]);
    assert.deepEqual(there(), [serving]);
    assert.match(
      host().log().join("\n"),
      /stop kubelet\.service[^]*stop kube-proxy\.service[^]*stop flanneld\.service/,
    );
  });

  it("does so once, however often the bundle is applied later", async () => {
    await host().apply(bundle(2, 2));
    joins();
    for (const generation of [2, 3]) {
      assert.deepEqual((await host().apply(bundle(generation, 2))).started, []);
      assert.deepEqual(there(), [dated, credentials, serving, kubeconfig]);
    }
    assert.deepEqual((await host().apply(bundle(4, 4))).started, units, "and once more at the next time");
    assert.deepEqual(there(), [serving]);
  });

  it("does so where nothing is left of them any more, after a run that was killed", async () => {
    await host().apply(bundle(2, 2));
    assert.deepEqual((await host().apply(bundle(3, 3))).started, units);
  });
});
