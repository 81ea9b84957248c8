/** Virtual IPs before the present one: load balancers hold them on, until they are told that nobody goes by them. */

import assert from "node:assert/strict";
import { factsScript } from "../../components/host/script.ts";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

const configuration = "/etc/keepalived/keepalived.conf";
const former = "/etc/keepalived/plinth/former.conf";
const include = `include ${former}\n`;

const instance = (name: string, id: number, address: string) => `vrrp_instance ${name} {
  virtual_router_id ${id}
  unicast_peer {
    192.0.2.12
  }
  virtual_ipaddress {
    ${address}/32 dev eth0
  }
  track_script {
    haproxy
  }
}
`;
const first = instance("kube_apiserver", 51, "192.0.2.10");
const second = instance("kube_apiserver_2", 53, "192.0.2.9");
const services = instance("services", 52, "192.0.2.30");

const bundle = (text: string, prepared = true): Bundle => {
  const made = new Bundle("loadbalancer")
    .directory("/etc/keepalived/plinth", "purge")
    .service("keepalived.service")
    .file(configuration, text, { reload: "keepalived.service" });
  return prepared
    ? made.line(`prepare keep-addresses 2 keepalived.service ${configuration} ${former} kube_apiserver`)
    : made;
};
const release = new Bundle("endpoint").line(`prepare release-addresses 2 keepalived.service ${former} 192.0.2.9`);

onHosts("addresses", (host) => {
  const onInterface = (...addresses: string[]) =>
    host().command(
      "ip",
      addresses.map((address) => `echo "3: eth0    inet ${address}/32 scope global eth0"`).join("\n") || ":",
    );
  const vrrp = async () => {
    const { stdout } = await host().runFile("-s", [], factsScript());
    return stdout.split("\n").filter((line) => line.startsWith("vrrp "));
  };

  beforeEach(async () => {
    onInterface();
    await host().claim();
  });

  it("are held on when another one takes their place, also those of an earlier release", async () => {
    await host().apply(bundle(first + services, false));
    assert.deepEqual(await vrrp(), ["vrrp kube_apiserver 51 192.0.2.10", "vrrp services 52 192.0.2.30"]);
    const { reloaded } = await host().apply(bundle(include + second + services));
    assert.deepEqual(reloaded, ["keepalived.service"]);
    assert.equal(host().read(former), first);
    assert.deepEqual(await vrrp(), [
      "vrrp kube_apiserver_2 53 192.0.2.9",
      "vrrp services 52 192.0.2.30",
      "vrrp kube_apiserver 51 192.0.2.10",
    ]);
    // Whatever else changes meanwhile.
    await host().apply(bundle(include + second));
    assert.equal(host().read(former), first);
  });

  it("are not held twice when the change is taken back", async () => {
    await host().apply(bundle(include + first));
    assert.equal(host().read(former), "");
    await host().apply(bundle(include + second));
    await host().apply(bundle(include + first));
    assert.equal(host().read(former), second);
  });

  it("are all held when one change follows another before it has ended", async () => {
    const third = instance("kube_apiserver_3", 54, "192.0.2.8");
    await host().apply(bundle(include + first));
    await host().apply(bundle(include + second));
    await host().apply(bundle(include + third));
    assert.equal(host().read(former), first + second);
  });

  it("are given up when nobody goes by them: keepalived reloads, and holds them no more", async () => {
    await host().apply(bundle(include + first));
    await host().apply(bundle(include + second));
    host().log();
    await host().apply(release);
    assert.equal(host().read(former), "");
    assert.deepEqual(
      host()
        .log()
        .filter((line) => line.startsWith("reload")),
      ["reload keepalived.service"],
    );
    await host().apply(release);
    assert.deepEqual(
      host()
        .log()
        .filter((line) => line.startsWith("reload")),
      [],
    );
  });

  it("are looked for: a host that holds on to one is told, and the next run goes on", async () => {
    await host().apply(bundle(include + first));
    await host().apply(bundle(include + second));
    onInterface("192.0.2.10");
    const { code, stderr } = await host().run(["apply"], release.text());
    assert.equal(code, 1);
    assert.match(stderr, /this host still holds 192\.0\.2\.10/);
    onInterface("192.0.2.9");
    host().log();
    await host().apply(release);
    assert.ok(host().log().includes("reload keepalived.service"));
  });
});
