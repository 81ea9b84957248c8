/** A kubelet registers its Node when it starts and never again: what an apply does where the Node is gone, or another one. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

const credentials = "/var/lib/kubelet/pki/kubelet-client-current.pem";
const cni = "/etc/cni/net.d/10-containerd-net.conflist";
const subnetFile = "/run/flannel/subnet.env";
const units = ["kube-proxy.service", "flanneld.service", "kubelet.service"];

const bundle = (own = true): Bundle =>
  new Bundle("node")
    .service("kube-proxy.service")
    .service("flanneld.service")
    .service("kubelet.service")
    .line(
      `prepare node-current 2 kubelet.service w1 https://10.0.0.1:6443 /ca ${credentials} ${own ? cni : "-"} ` +
        "kube-proxy.service,flanneld.service containerd.service,plinth-pods.service",
    );

onHosts("prepare node-current", (host) => {
  /** What the API server answers. */
  const answers = (code: number, body: string) =>
    host().command(
      "curl",
      `out=\nwhile [ $# -gt 0 ]; do [ "$1" != --output ] || out=$2; shift; done\nprintf '%s' '${body}' >"$out"\nprintf ${code}`,
    );
  const node = (podCidr: string, annotation = "flannel.alpha.coreos.com/public-ip") =>
    `{"metadata":{"name":"w1","annotations":{"${annotation}":"10.0.0.21"}},"spec":{"podCIDR":"${podCidr}"}}`;
  const notFound = '{"kind":"Status","reason":"NotFound","code":404}';

  beforeEach(async () => {
    host().packaged("containerd.service").packaged("plinth-pods.service");
    await host().claim("w1");
    answers(500, "");
    await host().apply(bundle());
    host().write(credentials, "certificate and key");
    host().write(cni, '"ranges": [[{"subnet": "10.244.3.0/24"}]]');
    host().write(subnetFile, "FLANNEL_SUBNET=10.244.3.1/24");
    host().log();
  });

  it("leaves a host alone whose Node is as it was", async () => {
    answers(200, node("10.244.3.0/24"));
    const { restarted, started } = await host().apply(bundle());
    assert.deepEqual([restarted, started], [[], []]);
  });

  it("lets the kubelet register anew where the Node is gone, and ends the pods that went with it", async () => {
    answers(404, notFound);
    const { started } = await host().apply(bundle());
    assert.deepEqual(started, units);
    assert.equal(existsSync(host().path(subnetFile)), false);
    const log = host().log().join("\n");
    assert.match(
      log,
      /stop kubelet\.service[^]*stop kube-proxy\.service[^]*stop flanneld\.service[^]*stop containerd\.service[^]*stop plinth-pods\.service/,
    );
    assert.match(log, /start plinth-pods\.service[^]*start containerd\.service/);
  });

  it("does the same where the Node was made anew and has another pod network", async () => {
    answers(200, node("10.244.9.0/24"));
    assert.deepEqual((await host().apply(bundle())).started, units);
  });

  it("starts flannel and kube-proxy again where a Node made anew has the same network by chance", async () => {
    answers(200, node("10.244.3.0/24", "other"));
    assert.deepEqual((await host().apply(bundle())).started, ["kube-proxy.service", "flanneld.service"]);
    assert.equal(existsSync(host().path(subnetFile)), true);
  });

  it("restarts the kubelet alone where the pod network is somebody else's", async () => {
    answers(404, notFound);
    assert.deepEqual((await host().apply(bundle(false))).started, ["kubelet.service"]);
    answers(200, node("10.244.9.0/24", "other"));
    assert.deepEqual((await host().apply(bundle(false))).started, []);
  });

  for (const [what, code, body] of [
    ["a balancer's 404", 404, "<html>not found</html>"],
    ["a refusal", 403, '{"kind":"Status","reason":"Forbidden"}'],
    ["no network yet", 200, '{"metadata":{"name":"w1"},"spec":{}}'],
  ] as const) {
    it(`does nothing upon ${what}`, async () => {
      answers(code, body);
      assert.deepEqual((await host().apply(bundle())).started, []);
    });
  }

  it("does nothing where the API does not answer, or there is no certificate to ask with", async () => {
    host().command("curl", "exit 7");
    assert.deepEqual((await host().apply(bundle())).started, []);
    answers(404, notFound);
    host().write(credentials, "");
    assert.deepEqual((await host().apply(bundle())).started, []);
  });
});
