import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseGlance } from "../../plan/loadtest/hostlook.ts";
import { loadTestScript } from "../../plan/scripts.ts";
import { onHosts } from "./support/suite.ts";

onHosts("a short look during a load test", (host) => {
  const glance = async (units: readonly string[], since?: number) => {
    const { code, stdout, stderr } = await host().runFile("-s", [], loadTestScript(units, since));
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    return parseGlance(stdout, []);
  };

  it("tells units with their starts, and changes nothing", async () => {
    host()
      .packaged("etcd.service")
      .setUnit("etcd.service", "active", "active")
      .setUnit("etcd.service", "restarts", "2");
    host().setUnit("etcd.service", "invocation", "7");
    host().packaged("haproxy.service").setUnit("haproxy.service", "active", "failed");
    const before = host().snapshot();
    const { units, uptime, clock } = await glance(["etcd.service", "haproxy.service"]);
    assert.deepEqual(units, {
      "etcd.service": { active: "active", restarts: 2, invocation: "7" },
      "haproxy.service": { active: "failed", restarts: 0, invocation: "" },
    });
    assert.ok(uptime > 0 && Math.abs(clock - Date.now() / 1000) < 60);
    assert.deepEqual(host().snapshot(), before);
  });

  it("tells nothing of units where it is asked for none", async () => {
    assert.deepEqual((await glance([])).units, {});
  });

  it("tells what HAProxy said of servers and keepalived of its state, once, and no connection", async () => {
    const lines = [
      "1700000000.123456 cp1 haproxy[12]: [WARNING]  (12) : Server kube-apiserver/cp2 is DOWN, reason: Layer4 timeout",
      "1700000000.123457 cp1 haproxy[12]: Server kube-apiserver/cp2 is DOWN, reason: Layer4 timeout",
      "1700000001.000000 cp1 haproxy[12]: 192.0.2.1:4711 -> kube-apiserver/cp1 is UPLOADING",
      "1700000002.500000 cp1 Keepalived_vrrp[13]: (api) Entering MASTER STATE",
      "1700000003.000000 cp1 haproxy[12]: backend kube-apiserver has no server available!",
      "-- Boot 0123 --",
    ];
    mkdirSync(join(host().fakes, "journal"), { recursive: true });
    writeFileSync(join(host().fakes, "journal", "haproxy.service"), `${lines.join("\n")}\n`);
    const { events, eventsError } = await glance([], 1_700_000_000.9);
    assert.equal(eventsError, undefined);
    assert.deepEqual(events, [
      { at: 1_700_000_000.123457, text: "Server kube-apiserver/cp2 is DOWN, reason: Layer4 timeout" },
      { at: 1_700_000_002.5, text: "(api) Entering MASTER STATE" },
      { at: 1_700_000_003, text: "backend kube-apiserver has no server available!" },
    ]);
    assert.deepEqual((await glance([])).events, [], "nothing is asked for without a time");
  });

  it("says so where the journal cannot be read", async () => {
    host().command("journalctl", "exit 1");
    assert.equal((await glance([], 1)).eventsError, "the journal cannot be read");
  });
});
