import assert from "node:assert/strict";
import { connectionFormat } from "../../../../plan/bundles/connections.ts";
import { bundleOf, configOf, hostsOf } from "../../../support/cluster.ts";

const servicePorts = [{ name: "http", port: 80, nodePort: 30080 }];

function fileOf(bundle: string, suffix: string, extra: Record<string, unknown> = {}): string {
  const hosts = hostsOf();
  const [host] = hosts;
  assert.ok(host);
  const found = bundleOf(bundle, { host, hosts, config: configOf(extra) }).files.find(({ path }) =>
    path.endsWith(suffix),
  );
  assert.ok(found);
  return found.content;
}

describe("the log of connections", () => {
  it("is kept as long as the audit log, whatever the operator says of that", () => {
    const limits = (extra: Record<string, unknown>) => {
      const audit = fileOf("controlplane", "kube-apiserver.service", extra);
      const said = ["maxage", "maxbackup", "maxsize"].map(
        (name) => new RegExp(`--audit-log-${name}=(\\d+)`).exec(audit)?.[1] ?? "",
      );
      const own = fileOf("loadbalancer", "plinth-connections.service", extra);
      assert.match(
        own,
        new RegExp(`connections follow /var/log/plinth-connections 192.0.2.10:6443 ${said.join(" ")}\n`),
      );
      return said.map(Number);
    };
    assert.deepEqual(limits({}), [30, 100, 100]);
    const apiserverArgs = { "audit-log-maxage": "400", "audit-log-maxbackup": "0" };
    assert.deepEqual(limits({ apiserverArgs }), [400, 0, 100]);
  });

  it("is about connections to the API: nothing else fills what HAProxy may say", () => {
    const [, ...frontends] = fileOf("loadbalancer", "haproxy.cfg", { servicePorts }).split(/^frontend /m);
    const said = frontends.map((text) => [
      /^\S+/.exec(text)?.[0],
      text.includes(`log-format "${connectionFormat}"`),
      /^ {2}no log$/m.test(text),
    ]);
    assert.deepEqual(said, [
      ["kube-apiserver", true, false],
      ["health", false, true],
      ["service-http", false, true],
    ]);
  });
});

describe("certificates that the cluster signs itself", () => {
  it("live as long as the others", () => {
    const service = (extra = {}) => fileOf("controlplane", "kube-controller-manager.service", extra);
    assert.match(service(), /--cluster-signing-duration=8760h/);
    assert.match(service({ certificateDays: 2 }), /--cluster-signing-duration=48h/);
  });
});
