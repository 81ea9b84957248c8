import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

onHosts("checks", (host) => {
  let server: Server;
  let port: number;
  let ready: boolean;

  beforeEach(async () => {
    ready = true;
    server = createServer((_request, response) => {
      response.statusCode = ready ? 200 : 500;
      response.end(ready ? "all is well\n" : "[+]ping ok\n[-]etcd failed: reason withheld\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
    await host().claim();
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const check = (name: string, rest: string) =>
    new Bundle("demo").service("a.service").check(name, 1, "a.service", rest);

  it("http-ok wants 2xx and, if given, a text in the body", async () => {
    const url = `http://127.0.0.1:${port}/readyz`;
    await host().apply(check("http-ok", `${url} -`));
    await host().apply(check("http-ok", `${url} - all is well`));
    assert.match(await host().refuse(check("http-ok", `${url} - or else`), 1), /answers, but not with 'or else'/);
    ready = false;
    assert.match(await host().refuse(check("http-ok", `${url} -`), 1), /500: \[-\]etcd failed: reason withheld/);
  });

  it("sysctl wants a kernel parameter to have a value, wherever a pattern leads", async () => {
    const parameter = (path: string, value: string) => {
      host().write(`/proc/sys/${path}`, `${value}\n`);
    };
    parameter("net/ipv4/ip_forward", "0");
    parameter("net/ipv4/ip_local_port_range", "32768\t60999");
    parameter("net/ipv4/conf/eth0.7/rp_filter", "2");
    parameter("net/ipv4/conf/lo/rp_filter", "0");
    await host().apply(check("sysctl", "net.ipv4.ip_forward 0"));
    await host().apply(check("sysctl", "net.ipv4.ip_local_port_range 32768 60999"));
    await host().apply(check("sysctl", "net.ipv4.conf.eth0/7.rp_filter 2"));
    const refused = (rest: string) => host().refuse(check("sysctl", rest), 1);
    assert.match(await refused("net.ipv4.ip_forward 1"), /kernel parameter net.ipv4.ip_forward is 0, expected 1/);
    assert.match(await refused("net.ipv4.conf.*.rp_filter 2"), /net.ipv4.conf.\*.rp_filter is 0, expected 2/);
    assert.match(await refused("net.bridge.none 1"), /this kernel has no parameter net.bridge.none/);
  });

  it("swap-off wants no swap, but for that of the machine around a container", async () => {
    const header = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
    host().write("/proc/swaps", header);
    await host().apply(check("swap-off", ""));
    host().write("/proc/swaps", `${header}/dev/sda2   partition\t1048572\t\t0\t\t-2\n`);
    assert.match(await host().refuse(check("swap-off", ""), 1), /swap is on: \/dev\/sda2/);
    host().write("/run/systemd/container", "systemd-nspawn\n");
    await host().apply(check("swap-off", ""));
  });

  it("if-file asks nothing before a file is there", async () => {
    ready = false;
    const given = check("if-file", `/var/lib/demo/kubeconfig http-ok http://127.0.0.1:${port}/ -`);
    await host().apply(given);
    host().write("/var/lib/demo/kubeconfig", "");
    assert.match(await host().refuse(given, 1), /answered? .*500|500/);
  });

  it("unit-active wants a unit to stay up for a while after a start", async () => {
    // Whole seconds are counted, so two of them last more than one.
    host().env["PLINTH_SETTLE_SECONDS"] = "2";
    const begin = Date.now();
    await host().apply(new Bundle("demo").service("a.service").check("unit-active", 10, "a.service"));
    assert.ok(Date.now() - begin > 1000);
  });

  it("may take as long as the slowest: they are polled side by side", async () => {
    const bundle = new Bundle("demo");
    for (let i = 0; i < 3; i++)
      bundle.check("command", 20, "-", `test $(( $(date +%s) )) -ge ${Math.ceil(Date.now() / 1000) + 1}`);
    await host().apply(bundle);
  });
});
