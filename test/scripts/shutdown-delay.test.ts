import assert from "node:assert/strict";
import { join } from "node:path";
import { onHosts } from "./support/suite.ts";

const script = join(import.meta.dirname, "../../scripts/host/shutdown-delay.sh");

onHosts("how long a shutdown waits", (host) => {
  const logind = (active: boolean, answer: string): void => {
    host().command(
      "systemctl",
      `echo "$*" >>'${host().path("/asked")}'; case "$*" in *is-active*) exit ${active ? 0 : 3} ;; esac`,
    );
    host().command("busctl", `echo '${answer}'`);
  };

  it("is read again by logind when it is told to", async () => {
    logind(true, "t 60000000");
    assert.equal((await host().runFile(script, [])).code, 0);
    assert.match(host().read("/asked"), /^kill --signal=HUP systemd-logind\.service$/m);
  });

  it("is what logind says", async () => {
    logind(true, "t 60000000");
    assert.equal((await host().runFile(script, ["--check", "60"])).code, 0);
    logind(true, "t 30000000");
    const { code, stderr } = await host().runFile(script, ["--check", "60"]);
    assert.equal(code, 1);
    assert.match(stderr, /holds up a shutdown for 30 s, expected 60 s/);
    logind(true, "nonsense");
    assert.equal((await host().runFile(script, ["--check", "60"])).code, 1);
    assert.doesNotMatch(host().read("/asked"), /kill/);
  });

  it("is nobody's where there is no logind", async () => {
    logind(false, "");
    const { code, stderr } = await host().runFile(script, ["--check", "60"]);
    assert.deepEqual([code, stderr], [0, "there is no logind: a shutdown does not wait for pods\n"]);
    assert.equal((await host().runFile(script, [])).code, 0);
    assert.doesNotMatch(host().read("/asked"), /kill/);
  });
});
