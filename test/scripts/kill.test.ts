/** Runs are killed at every command that changes something; the next run must end where an undisturbed one does. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, symlinkSync } from "node:fs";
import { Bundle, me } from "./support/bundle.ts";
import { FakeHost } from "./support/fake-host.ts";
import { fill } from "./support/filled.ts";
import { killEverywhere, timeless } from "./support/killing.ts";

/** A line of a bundle that fetches what the host's `curl` finds under this name. */
const archive = (name: string): string =>
  `download /var/lib/images/web.tar 0640 ${me} ${createHash("sha256").update(`archive ${name}\n`).digest("hex")} http://artifacts/${name} restart=a.service`;

/** State one: three services, of which the second version lets one go and gains another. */
function one(): Bundle {
  return new Bundle("demo", 1)
    .directory("/var/lib/demo", "keep")
    .line(archive("one"))
    .service("a.service", "[Service]\nExecStart=/bin/a")
    .service("gone.service")
    .service("proxy.service")
    .file("/etc/demo/a.conf", "a one\n", { restart: "a.service" })
    .file("/etc/demo/gone.conf", "gone\n", { restart: "a.service" })
    .file("/etc/proxy.cfg", "proxy one\n", { reload: "proxy.service" })
    .secret("/etc/demo/a.key", "key one", { restart: "a.service" })
    .check("unit-active", 10, "a.service");
}

/** State two touches everything that a bundle can touch; it takes over a file of the distribution, and lets one go. */
function two(): Bundle {
  return new Bundle("demo", 2)
    .directory("/var/lib/demo", "keep")
    .directory("/etc/demo/more")
    .line(archive("two"))
    .service("a.service", "[Service]\nExecStart=/bin/a --two")
    .service("proxy.service")
    .service("new.service")
    .line("unit masked.service")
    .file("/etc/demo/a.conf", "a two\n", { restart: "a.service" })
    .file("/etc/demo/more/x.conf", "more\n", { restart: "a.service,new.service" })
    .file("/etc/theirs.conf", "ours\n", { restart: "new.service" })
    .file("/etc/proxy.cfg", "proxy two\n", { reload: "proxy.service" })
    .secret("/etc/demo/a.key", "key two", { restart: "a.service" })
    .check("unit-active", 10, "a.service")
    .check("unit-active", 10, "new.service");
}

/** State one with nothing but new content: no other change makes up for a restart, reload or daemon-reload that is forgotten. */
function edited(): Bundle {
  return new Bundle("demo", 2)
    .directory("/var/lib/demo", "keep")
    .line(archive("one"))
    .service("a.service", "[Service]\nExecStart=/bin/a")
    .service("gone.service", "[Service]\nExecStart=/bin/not-gone")
    .service("proxy.service")
    .file("/etc/demo/a.conf", "a two\n", { restart: "a.service" })
    .file("/etc/demo/gone.conf", "gone\n", { restart: "a.service" })
    .file("/etc/proxy.cfg", "proxy two\n", { reload: "proxy.service" })
    .secret("/etc/demo/a.key", "key one", { restart: "a.service" })
    .check("unit-active", 10, "a.service");
}

/** A host on which nothing of ours is but the claim. */
async function claimed(): Promise<FakeHost> {
  const host = new FakeHost();
  host.packaged("masked.service");
  symlinkSync("/dev/null", host.path("/etc/systemd/system/masked.service"));
  host.write("/etc/theirs.conf", "theirs\n");
  host.command(
    "curl",
    'while [ $# -gt 1 ]; do case $1 in --output) out=$2 ;; esac; shift; done; echo "archive ${1##*/}" >"$out"',
  );
  host.inputs(
    "a.service",
    "/var/lib/images/web.tar",
    "/etc/demo/a.conf",
    "/etc/demo/gone.conf",
    "/etc/demo/more/x.conf",
    "/etc/demo/a.key",
  );
  host.inputs("new.service", "/etc/demo/more/x.conf", "/etc/theirs.conf");
  host.inputs("proxy.service", "/etc/proxy.cfg");
  await host.claim();
  return host;
}

describe("a run that is killed", function () {
  this.timeout(300_000);
  const hosts: FakeHost[] = [];
  const keep = (host: FakeHost): FakeHost => {
    hosts.push(host);
    return host;
  };
  after(() => {
    for (const host of hosts) host.remove();
  });

  /** Hosts in the states before anything, after one, after one and two. */
  let none: FakeHost, first: FakeHost, second: FakeHost;
  before(async () => {
    none = keep(await claimed());
    first = keep(none.copy());
    await first.apply(one());
    second = keep(first.copy());
    await second.apply(two());
  });

  const apply = (bundle: Bundle) => (host: FakeHost) => host.run(["apply"], bundle.text());

  it("in the first application is completed by the next", async () => {
    const killed = await killEverywhere(
      {
        from: none,
        victim: apply(one()),
        recover: async (host) => {
          await host.apply(one());
        },
        end: first.snapshot(),
      },
      3,
    );
    assert.ok(killed > 20, `${killed} commands`);
  });

  it("in an edit is completed by the next: nothing is left running with old files", async () => {
    const done = keep(first.copy());
    await done.apply(edited());
    const commands = await killEverywhere(
      {
        from: first,
        victim: apply(edited()),
        recover: async (host) => {
          await host.apply(edited());
        },
        end: done.snapshot(),
      },
      1,
    );
    assert.ok(commands > 40, `${commands} commands`);
  });

  it("in an update of everything is completed by the next", async () => {
    const killed = await killEverywhere(
      {
        from: first,
        victim: apply(two()),
        recover: async (host) => {
          await host.apply(two());
        },
        end: second.snapshot(),
      },
      2,
    );
    assert.ok(killed > 40, `${killed} commands`);
  });

  it("in an update can be taken back: what was there before is there again", async () => {
    await killEverywhere(
      {
        from: first,
        victim: apply(two()),
        recover: async (host) => {
          await host.apply(one());
        },
        end: first.snapshot(),
      },
      5,
    );
  });

  it("in an update that is rolled back is completed by the next", async () => {
    const sick = first.copy();
    hosts.push(sick);
    sick.behave("a.service", "reject /etc/demo/a.conf two").journal("a.service", "Error: unknown flag: --two\n");
    const killed = await killEverywhere(
      {
        from: sick,
        victim: apply(two()),
        recover: async (host) => {
          await host.apply(one());
        },
        end: first.snapshot(),
      },
      6,
    );
    assert.ok(killed > 60, `${killed} commands`);
    // And undisturbed it ends in the same state by itself.
    assert.equal((await sick.run(["apply"], two().text())).code, 1);
    assert.deepEqual(timeless(sick.snapshot()), timeless(first.snapshot()));
  });

  it("in a release is completed by the next", async () => {
    const filled = keep(await claimed());
    filled.packaged("haproxy.service");
    await fill(filled);
    const undisturbed = keep(filled.copy());
    const released = (host: FakeHost) => host.run(["release", "--host", "cp1"]);
    assert.equal((await released(undisturbed)).code, 0);
    const commands = await killEverywhere(
      {
        from: filled,
        victim: released,
        recover: async (host) => {
          // As the program does: a host without the script has nothing of ours any more.
          if (existsSync(host.script)) assert.equal((await released(host)).code, 0);
        },
        end: undisturbed.snapshot(),
      },
      3,
    );
    assert.ok(commands > 20, `${commands} commands`);
  });
});
