import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

onHosts("the lock", (host) => {
  beforeEach(async () => {
    await host().claim();
  });

  /** Holds the lock as another run would, until `release` is called. */
  async function hold(): Promise<{ release: () => void }> {
    host().write("/run/lock/plinth.lock", "pid 4711, bundle etcd, since 2025-01-01T00:00:00Z\n");
    const holder = spawn("flock", [host().path("/run/lock/plinth.lock"), "sh", "-c", "echo held; read x"]);
    await once(holder.stdout, "data");
    return { release: () => holder.stdin.end() };
  }

  it("is waited for, and the holder is named meanwhile", async () => {
    const holder = await hold();
    const run = host().run(["apply"], new Bundle("demo").file("/etc/x", "x").text());
    setTimeout(holder.release, 300);
    const { code, stderr } = await run;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /waiting up to 10 s for another run on this host: pid 4711, bundle etcd, since 2025/);
  });

  it("is given up at the deadline with exit code 75, and nothing is changed", async () => {
    const holder = await hold();
    host().env["PLINTH_LOCK_SECONDS"] = "1";
    const stderr = await host().refuse(new Bundle("demo").file("/etc/x", "x"), 75);
    assert.match(stderr, /still holds .*plinth.lock after 1 s: pid 4711, bundle etcd/);
    assert.equal(host().exists("/etc/x"), false);
    holder.release();
  });

  it("is not kept by a run that was killed", async () => {
    host().dieAt(9);
    assert.equal((await host().run(["apply"], new Bundle("demo").file("/etc/x", "x").text())).code, null);
    host().live();
    host().env["PLINTH_LOCK_SECONDS"] = "5";
    await host().apply(new Bundle("demo").file("/etc/x", "x"));
    assert.deepEqual(host().list("/run/plinth"), [], "the stage of the killed run is gone, too");
  });

  it("makes concurrent runs take turns", async () => {
    const runs = await Promise.all(
      [1, 2, 3].map((n) => host().run(["apply"], new Bundle(`demo-${n}`).file(`/etc/x${n}`, "x").text())),
    );
    for (const { code, stderr } of runs) assert.equal(code, 0, stderr);
    assert.equal(host().read("/var/lib/plinth/order").trim().split("\n").length, 3);
  });
});
