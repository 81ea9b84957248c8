import assert from "node:assert/strict";
import { join } from "node:path";
import { onHosts } from "./support/suite.ts";

const script = join(import.meta.dirname, "../../scripts/host/pod-mtu.sh");

onHosts("the size of packets of pods", (host) => {
  const withInterface = (there: boolean, works = true): void => {
    host().command(
      "ip",
      `echo "$*" >>'${host().path("/asked")}'; case "$*" in "link show"*) exit ${there ? 0 : 1} ;; *) exit ${works ? 0 : 2} ;; esac`,
    );
  };
  const run = () => host().runFile(script, ["1350", "flannel.1", host().path("/cni.conflist")]);

  it("is changed where there are an interface and a configuration, and nothing else there is", async () => {
    withInterface(true);
    host().write("/cni.conflist", '{\n  "mtu": 1450,\n  "ipMasq": false, "subnet": "10.28.1.0/24"\n}\n');
    assert.equal((await run()).code, 0);
    assert.match(host().read("/asked"), /^link set dev flannel\.1 mtu 1350$/m);
    assert.equal(host().read("/cni.conflist"), '{\n  "mtu": 1350,\n  "ipMasq": false, "subnet": "10.28.1.0/24"\n}\n');
  });

  it("is nobody's where there is nothing yet", async () => {
    withInterface(false);
    assert.equal((await run()).code, 0);
    assert.doesNotMatch(host().read("/asked"), /link set/);
  });

  it("is an error where the interface does not take it", async () => {
    withInterface(true, false);
    assert.notEqual((await run()).code, 0);
  });
});
