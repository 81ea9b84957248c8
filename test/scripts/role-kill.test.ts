/** Runs that bring a role, or take it back, are killed at every command that changes something. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Bundle } from "./support/bundle.ts";
import { FakeHost } from "./support/fake-host.ts";
import { killEverywhere, timeless } from "./support/killing.ts";

/** A role with what it can have: files over the host's own, a link, a parameter, a service of a package. */
function role(): Bundle {
  return new Bundle("role-demo")
    .line("symlink /etc/link /etc/ours restart=theirs.service")
    .line("resource sysctl net.core.somaxconn -- 1024")
    .line("resource service theirs.service --")
    .file("/etc/theirs.conf", "ours\n", { restart: "theirs.service" })
    .line("validate /etc/theirs.conf 10 grep -q ours %045")
    .line("unit theirs.service");
}

describe("a run for a role that is killed", function () {
  this.timeout(900_000); // Hundreds of processes, on machines that have other things to do.
  let before: FakeHost, made: FakeHost;
  const apply = (bundle: Bundle) => (host: FakeHost) => host.run(["apply"], bundle.text());
  const gone = (): Bundle => new Bundle("role-demo", 2);

  beforeEach(async () => {
    before = new FakeHost();
    before.packaged("theirs.service").inputs("theirs.service", "/etc/theirs.conf", "/etc/link");
    before.write("/etc/theirs.conf", "theirs\n");
    before.write("/etc/link", "a file\n");
    before.write("/proc/sys/net/core/somaxconn", "128\n");
    await before.claim();
    for (const verb of ["enable", "start"])
      await before.runFile(join(before.fakes, "bin", "systemctl"), [verb, "theirs.service"]);
    made = before.copy();
    await made.apply(role());
  });
  afterEach(() => {
    before.remove();
    made.remove();
  });

  it("is completed by the next", async () => {
    const recover = async (host: FakeHost): Promise<void> => {
      await host.apply(role());
    };
    const commands = await killEverywhere({ from: before, victim: apply(role()), recover, end: made.snapshot() }, 3);
    assert.ok(commands > 10, `${commands} commands`);
  });

  it("in a release is completed by the next: what ran before runs, with what was there before", async () => {
    const release = (host: FakeHost) => host.run(["release", "--host", "cp1"]);
    const end = made.copy();
    try {
      const { code, stderr } = await release(end);
      assert.equal(code, 0, stderr);
      assert.match(end.unit("theirs.service", "running"), /theirs\n.*a file/);
      const recover = async (host: FakeHost): Promise<void> => {
        if (existsSync(host.script)) assert.equal((await release(host)).code, 0);
      };
      await killEverywhere({ from: made, victim: release, recover, end: end.snapshot() }, 3);
    } finally {
      end.remove();
    }
  });

  it("can be taken back: what was there before is there again", async () => {
    const recover = async (host: FakeHost): Promise<void> => {
      await host.apply(gone());
    };
    const end = made.copy();
    try {
      await end.apply(gone());
      const of = (host: FakeHost) =>
        Object.entries(timeless(host.snapshot())).filter(([path]) => !path.startsWith("var/lib/plinth"));
      assert.deepEqual(of(end), of(before));
      assert.match(end.unit("theirs.service", "running"), /theirs\n.*a file/);
      for (const from of [before, made])
        await killEverywhere(
          { from, victim: apply(from === made ? gone() : role()), recover, end: end.snapshot() },
          from === made ? 3 : 5,
        );
    } finally {
      end.remove();
    }
  });
});
