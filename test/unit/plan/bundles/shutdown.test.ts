import assert from "node:assert/strict";
import { secondsOf, shutdownSeconds } from "../../../../plan/bundles/shutdown.ts";
import { bundleOf, configOf, hostsOf } from "../../../support/cluster.ts";

const [host] = hostsOf([{ name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
assert.ok(host);
const bundle = (extra: Record<string, unknown> = {}) =>
  bundleOf("node", { host, hosts: [host], config: configOf({ kubeletConfig: extra }) });
const delay = (extra?: Record<string, unknown>) =>
  bundle(extra).files.find(({ path }) => path.startsWith("/etc/systemd/logind.conf.d/"));

describe("plan/bundles/shutdown", () => {
  it("holds up a shutdown for as long as the kubelet asks in the end", () => {
    assert.match(delay()?.content ?? "", /^InhibitDelayMaxSec=60$/m);
    assert.match(delay({ shutdownGracePeriod: "1m30.5s" })?.content ?? "", /^InhibitDelayMaxSec=91$/m);
    assert.equal(delay({ shutdownGracePeriod: "0s" }), undefined);
    const byPriority = [
      { priority: 0, shutdownGracePeriodSeconds: 100 },
      { priority: 100_000, shutdownGracePeriodSeconds: 20 },
    ];
    const config = { shutdownGracePeriod: null, shutdownGracePeriodByPodPriority: byPriority };
    assert.match(delay(config)?.content ?? "", /^InhibitDelayMaxSec=120$/m);
  });

  it("is the last that logind reads, comes before the kubelet, and is checked by what logind says", () => {
    const { units, checks } = bundle();
    const name = delay()?.path.split("/").at(-1) ?? "";
    for (const other of ["99-kubelet.conf", "unattended-upgrades-logind-maxdelay.conf", "zz.conf"])
      assert.ok(name > other, other);
    assert.ok(units.indexOf("plinth-shutdown.service") < units.indexOf("kubelet.service"));
    const words = checks.flatMap((check) => (check.name === "command" ? [check.args.words.slice(1).join(" ")] : []));
    assert.deepEqual(words, ["--check 60"]);
  });

  it("reads durations as Go does, and nothing else", () => {
    assert.deepEqual(["60s", "2m", "1h1m1s", "500ms", "1.5m"].map(secondsOf), [60, 120, 3661, 0.5, 90]);
    assert.deepEqual(["60", "", "s", 60, undefined, "1 s", "-1s"].map(secondsOf), [0, 0, 0, 0, 0, 0, 0]);
    assert.equal(shutdownSeconds({ shutdownGracePeriodByPodPriority: ["x", {}] }), 0);
  });
});
