/** What hosts write down for node_exporter of what Plinth knows of them. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { release } from "node:os";
import { markScript, metricsScript, type RunMark } from "../../plan/scripts.ts";
import { selfSigned } from "../support/certificates.ts";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

onHosts("figures of what Plinth knows", (host) => {
  const file = "/var/lib/plinth/textfile/plinth.prom";
  /** Name with labels → value. */
  const figures = async (...asked: string[]): Promise<Map<string, string>> => {
    const { code, stderr } = await host().runFile("-s", [host().path(file), ...asked], metricsScript().content);
    assert.deepEqual([code, stderr], [0, ""]);
    const lines = host().read(file).trimEnd().split("\n");
    const values = lines.filter((line) => !line.startsWith("#"));
    const named = new Set(lines.flatMap((line) => /^# TYPE (\S+) gauge$/.exec(line)?.[1] ?? []));
    for (const line of values) assert.ok(named.has(/^\w+/.exec(line)?.[0] ?? ""), line);
    return new Map(values.map((line) => [line.replace(/ \S+$/, ""), line.split(" ").at(-1) ?? ""]));
  };

  it("are none of the cluster on a host that is free, and the whole of a host in service", async () => {
    assert.deepEqual([...(await figures()).keys()], ["plinth_reboot_required"]);
    await host().claim("cp1");
    await host().apply(new Bundle("demo", 1).service("a.service").file("/etc/x", "x"));
    const found = await figures();
    assert.equal(found.get('plinth_host_info{cluster="demo",host="cp1"}'), "1");
    assert.deepEqual(
      ["complete", "half-done", "failed"].map((state) =>
        found.get(`plinth_bundle_state{bundle="demo",state="${state}"}`),
      ),
      ["1", "0", "0"],
    );
    assert.equal(host().mode(file), "0644");
  });

  it("tell when certificates end and how long they live, and nothing of files that are none", async () => {
    const { certificate } = selfSigned("DNS:x");
    host().write("/etc/kubernetes/pki/etcd/peer.crt", certificate);
    host().write("/var/lib/kubelet/pki/kubelet-client-current.pem", certificate);
    host().write("/etc/kubernetes/pki/ca.crt", "none");
    const ends = new X509Certificate(certificate).validToDate.getTime() / 1000;
    const found = [...(await figures())].filter(([name]) => name.startsWith("plinth_certificate"));
    assert.deepEqual(
      found,
      [
        { name: "expiry_timestamp_seconds", value: ends },
        { name: "lifetime_seconds", value: 7 * 86_400 },
      ].flatMap(({ name, value }) =>
        ["/etc/kubernetes/pki/etcd/peer.crt", "/var/lib/kubelet/pki/kubelet-client-current.pem"].map((path) => [
          `plinth_certificate_${name}{path="${path}"}`,
          String(value),
        ]),
      ),
    );
  });

  it("tell the times of certificates whatever the calendar brings", async () => {
    const path = "/etc/kubernetes/pki/ca.crt";
    host().write(path, "a certificate");
    const times = ["Jan  1 00:00:00 1970", "Feb 29 23:59:59 2024", "Mar  1 00:00:00 2100", "Dec 31 12:00:01 2049"];
    for (const time of times) {
      host().command("openssl", `echo 'notBefore=Jan  1 00:00:00 1970 GMT'; echo 'notAfter=${time} GMT'`);
      const found = await figures();
      for (const name of ["expiry_timestamp_seconds", "lifetime_seconds"])
        assert.equal(found.get(`plinth_certificate_${name}{path="${path}"}`), String(Date.parse(`${time} UTC`) / 1000));
    }
  });

  it("tell what is asked of backups, where something is", async () => {
    const asked = async (...words: string[]) =>
      [...(await figures(...words))].filter(([name]) => name.startsWith("plinth_backup"));
    assert.deepEqual(await asked(), []);
    assert.deepEqual(await asked("21600"), [["plinth_backup_interval_seconds", "21600"]]);
    assert.deepEqual(await asked("21600", "2592000"), [
      ["plinth_backup_interval_seconds", "21600"],
      ["plinth_backup_drill_max_age_seconds", "2592000"],
    ]);
  });

  it("tell who holds a virtual IP", async () => {
    const instance = (name: string, address: string): string =>
      `vrrp_instance ${name} {\n  virtual_router_id 51\n  virtual_ipaddress {\n    ${address}/32 dev eth0\n  }\n}\n`;
    host().write("/etc/keepalived/keepalived.conf", instance("api", "192.0.2.10") + instance("services", "127.0.0.1"));
    const found = await figures();
    assert.equal(found.get('plinth_virtual_ip_held{vrrp_instance="api",address="192.0.2.10"}'), "0");
    assert.equal(found.get('plinth_virtual_ip_held{vrrp_instance="services",address="127.0.0.1"}'), "1");
  });

  it("tell that a host waits for a reboot: its distribution says so, or it has a later kernel", async () => {
    const required = async () => (await figures()).get("plinth_reboot_required");
    assert.equal(await required(), "0");
    host().write(`/boot/vmlinuz-${release()}`, "");
    assert.equal(await required(), "0");
    host().write("/boot/vmlinuz-99.0.0", "");
    host().command("uname", "echo 6.1.0");
    assert.equal(await required(), "1");
    host().write("/run/systemd/container", "systemd-nspawn\n");
    assert.equal(await required(), "0");
    host().write("/run/reboot-required", "");
    assert.equal(await required(), "1");
  });

  it("tell when Plinth last ran, and what a look for drift has found", async () => {
    const mark = async (marks: readonly RunMark[]): Promise<void> => {
      const { code, stderr } = await host().runFile("-s", [], markScript(marks));
      assert.deepEqual([code, stderr], [0, ""]);
    };
    const told = async () => {
      const found = await figures();
      const at = (kind: string) => Number(found.get(`plinth_last_run_timestamp_seconds{kind="${kind}"}`));
      return { up: at("up"), drift: at("drift"), differences: found.get("plinth_drift_differences") };
    };
    // Of a host that is nobody's, nothing is written down.
    await mark([{ kind: "up" }]);
    assert.ok(!host().exists("/var/lib/plinth/runs"));
    await host().claim("cp1");
    const before = Math.floor(Date.now() / 1000);
    await mark([{ kind: "up" }]);
    const afterUp = await told();
    assert.ok(afterUp.up >= before, String(afterUp.up));
    assert.equal(afterUp.differences, undefined);
    await mark([{ kind: "up" }, { kind: "drift", found: 3 }]);
    const afterDrift = await told();
    assert.ok(afterDrift.drift >= before);
    assert.equal(afterDrift.differences, "3");
    await mark([{ kind: "drift", found: 0 }]);
    assert.equal((await told()).differences, "0");
    assert.equal(host().mode("/var/lib/plinth/runs/drift"), "0644");
  });
});
