import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

onHosts("status", (host) => {
  const bundle = () =>
    new Bundle("demo", 5).directory("/var/lib/demo").service("a.service").file("/etc/x", "x").secret("/etc/k", "k");

  async function status(...options: string[]): Promise<unknown> {
    const { code, stdout, stderr } = await host().run(["status", ...options]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  }

  it("of a host that is nobody's", async () => {
    assert.deepEqual(await status(), { claim: null, bundles: [] });
  });

  it("tells claim, bundles, units, and what is not as it was left", async () => {
    await host().claim();
    await host().apply(bundle());
    const claim = { cluster: "demo", clusterId: "0123456789abcdef", host: "cp1", stack: "lab" };
    const demo = { bundle: "demo", generation: 5, state: "complete", units: { "a.service": "active" }, drift: [] };
    assert.deepEqual(await status(), { claim, bundles: [demo] });
    writeFileSync(host().path("/etc/x"), "edited");
    rmSync(host().path("/etc/k"));
    host().setUnit("a.service", "active", "failed");
    const before = host().snapshot();
    assert.deepEqual(await status("--verify"), {
      claim,
      bundles: [{ ...demo, units: { "a.service": "failed" }, drift: ["/etc/x", "/etc/k"] }],
    });
    assert.deepEqual(host().snapshot(), before, "it changes nothing");
  });

  it("refuses what it does not know", async () => {
    assert.equal((await host().run(["status", "--all"])).code, 65);
  });
});
