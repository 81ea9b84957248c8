/** What hosts make of certificates that have ended: they read them themselves, whatever programs they have. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { selfSigned } from "../support/certificates.ts";
import { Bundle } from "./support/bundle.ts";
import { FakeEtcd } from "./support/etcdctl.ts";
import { onHosts } from "./support/suite.ts";

const names = "DNS:localhost,IP:127.0.0.1";
const [ended, good] = [selfSigned(names, -1).certificate, selfSigned(names).certificate];
/** Kind of key, days that it lives for → PEM: another size and another form of each field. */
const others: [string, string][] = [
  ["of 2048 bits, with the year in four digits", selfSigned(names, 40_000, ["rsa:2048"]).certificate],
  ["of many names", selfSigned(Array.from({ length: 60 }, (_, n) => `DNS:host-${n}.example`).join(","), 1).certificate],
  ["behind other text", `a certificate\n${good}${ended}`],
];

onHosts("a certificate that has ended", (host) => {
  const unit = "etcd.service";
  const alive = (): string => `${host().root}/etc/other/alive`;
  const etcd = (): Bundle =>
    new Bundle("etcd").file("/etc/demo/a.conf", "1").check("if-bundle", 2, "-", `other command test -e ${alive()}`);
  const other = (certificate: string): Bundle =>
    new Bundle("other").file("/etc/other/alive", "yes").file("/etc/other/server.crt", certificate);

  beforeEach(() => host().claim("cp1"));

  it("keeps nobody waiting for what it belongs to: that comes back with its own change", async () => {
    await host().apply(other(ended));
    await host().apply(etcd());
    rmSync(alive());
    await host().apply(etcd());
  });

  for (const [what, certificate] of [["that is good", good] as [string, string], ...others]) {
    it(`is none ${what}`, async () => {
      await host().apply(other(certificate));
      await host().apply(etcd());
      rmSync(alive());
      assert.match(await host().refuse(etcd(), 1), /test -e .* failed/);
    });
  }

  it("is none where a file holds none, or is gone", async () => {
    await host().apply(other("nonsense"));
    await host().apply(etcd());
    rmSync(alive());
    await host().refuse(etcd(), 1);
    rmSync(host().path("/etc/other/server.crt"));
    await host().refuse(etcd(), 1);
  });

  it("is nothing to ask other members with: theirs is restarted at once", async () => {
    const member = (text: string): Bundle =>
      new Bundle("etcd")
        .service(unit, text)
        .line(`require etcd-quorum 60 ${unit} https://10.0.0.1:2379 /ca /healthcheck.crt /healthcheck.key`);
    host().write("/healthcheck.crt", good);
    new FakeEtcd(host()).silent("context deadline exceeded", "10.0.0.1", "10.0.0.2");
    await host().apply(member("1"));
    host().write("/healthcheck.crt", ended);
    host().command("sleep", "exit 1");
    assert.deepEqual((await host().apply(member("2"))).restarted, [unit]);
  });
});
