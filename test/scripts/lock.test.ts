import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

onHosts("the lock", (host) => {
  beforeEach(async () => {
    await host().claim();
  });

  const former = "/run/lock/plinth.lock";

  /** Holds the lock as another run would, until `release` is called. */
  async function hold(file = "/run/plinth/host.lock"): Promise<{ release: () => void }> {
    host().write(file, "pid 4711, bundle etcd, since 2025-01-01T00:00:00Z\n");
    chmodSync(host().path(file), 0o600);
    const holder = spawn("flock", [host().path(file), "sh", "-c", "echo held; read x"]);
    await once(holder.stdout, "data");
    return { release: () => holder.stdin.end() };
  }

  it("is waited for, and the holder is named meanwhile", async () => {
    const holder = await hold();
    const run = host().run(["apply"], new Bundle("demo").file("/etc/x", "x").text());
    const { ino } = statSync(host().path("/run/plinth/host.lock"));
    await eventually("it waits", 10, () => {
      // As the kernel tells of who waits for a lock: `6: -> FLOCK  ADVISORY  WRITE 4711 00:1b:815 0 EOF`.
      const waits = new RegExp(`-> FLOCK .*:${ino} `).test(readFileSync("/proc/locks", "utf8"));
      return Promise.resolve(waits || undefined);
    });
    holder.release();
    const { code, stderr } = await run;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /waiting up to 10 s for another run on this host: pid 4711, bundle etcd, since 2025/);
  });

  it("is waited for as long as another bundle may fetch: two of one run are on their way at once", async () => {
    const holder = await hold();
    delete host().env["PLINTH_LOCK_SECONDS"];
    const run = host().run(["apply"], new Bundle("demo").file("/etc/x", "x").text());
    const { ino } = statSync(host().path("/run/plinth/host.lock"));
    await eventually("it waits", 10, () =>
      Promise.resolve(new RegExp(`-> FLOCK .*:${ino} `).test(readFileSync("/proc/locks", "utf8")) || undefined),
    );
    holder.release();
    const { code, stderr } = await run;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /waiting up to 900 s for another run on this host/);
  });

  it("is given up at the deadline with exit code 75, and nothing is changed", async () => {
    const holder = await hold();
    host().env["PLINTH_LOCK_SECONDS"] = "1";
    const stderr = await host().refuse(new Bundle("demo").file("/etc/x", "x"), 75);
    assert.match(stderr, /still holds .*host.lock after 1 s: pid 4711, bundle etcd/);
    assert.equal(host().exists("/etc/x"), false);
    holder.release();
  });

  it("is waited for longer than one run may have it, while one run after the other has it", async () => {
    const turns = `i=0; while [ $i -lt 16 ]; do i=$((i + 1)); echo "pid $i, bundle demo" >"$0"; [ $i -gt 1 ] || echo held; sleep 0.3; done`;
    const file = "/run/plinth/host.lock";
    host().write(file, "");
    chmodSync(host().path(file), 0o600);
    const holder = spawn("flock", [host().path(file), "sh", "-c", turns, host().path(file)]);
    const ended = once(holder, "close");
    await once(holder.stdout, "data");
    host().env["PLINTH_LOCK_SECONDS"] = "2";
    const { code, stderr } = await host().run(["apply"], new Bundle("demo").file("/etc/x", "x").text());
    assert.equal(code, 0, stderr);
    assert.match(stderr, /waiting up to 2 s for the next run on this host: pid \d+, bundle demo/);
    await ended;
  });

  /** A flock that is never got. The shell's line runs where it would have waited for so many seconds, `$seconds`. */
  const neverGot = (line: string): void => {
    host().command(
      "flock",
      `lock="$PLINTH_ROOT/run/plinth/host.lock" seconds=$2\n[ "$1" != -w ] || { ${line}; }\nexit 1`,
    );
  };

  it("is not waited for without an end, whoever takes it after the one before", async () => {
    neverGot('echo "pid $$, bundle demo" >"$lock"');
    host().env["PLINTH_LOCK_SECONDS"] = "0";
    const stderr = await host().refuse(new Bundle("demo").file("/etc/x", "x"), 75);
    assert.match(
      stderr,
      /one run after the other holds .*host.lock, for 0 s by now, the last one: pid \d+, bundle demo/,
    );
  });

  it("is not given up because of who had it before, while who has just got it has not said who it is", async () => {
    host().write("/run/plinth/host.lock", "pid 1, bundle former\n");
    neverGot(
      '[ ! -e "$PLINTH_FAKES/waited" ] || exit 0; [ "$seconds" != 1 ] || { echo "pid 2, bundle demo" >"$lock"; : >"$PLINTH_FAKES/waited"; }',
    );
    host().env["PLINTH_LOCK_SECONDS"] = "2";
    const { code, stderr } = await host().run(["apply"], new Bundle("demo").file("/etc/x", "x").text());
    assert.equal(code, 0, stderr);
    assert.match(stderr, /waiting up to 2 s for the next run on this host: pid 2, bundle demo/);
  });

  it("is not kept by a run that was killed", async () => {
    host().dieAt(9);
    assert.equal((await host().run(["apply"], new Bundle("demo").file("/etc/x", "x").text())).code, null);
    host().live();
    host().env["PLINTH_LOCK_SECONDS"] = "5";
    await host().apply(new Bundle("demo").file("/etc/x", "x"));
    assert.deepEqual(host().list("/run/plinth"), ["host.lock"], "the stage of the killed run is gone, too");
  });

  it("makes concurrent runs take turns", async () => {
    const runs = await Promise.all(
      [1, 2, 3].map((n) => host().run(["apply"], new Bundle(`demo-${n}`).file(`/etc/x${n}`, "x").text())),
    );
    for (const { code, stderr } of runs) assert.equal(code, 0, stderr);
    assert.equal(host().read("/var/lib/plinth/order").trim().split("\n").length, 3);
  });

  it("lies where root alone may enter, and stays there: one that is removed locks nothing", async () => {
    await host().apply(new Bundle("demo").file("/etc/x", "x"));
    assert.equal(statSync(host().path("/run/plinth")).mode & 0o777, 0o700);
    assert.equal((await host().run(["release", "--host", "cp1"])).code, 0);
    assert.deepEqual(host().list("/run/plinth"), ["host.lock"]);
  });

  it("is the one of former releases, too: theirs keeps ours away, and ours theirs", async () => {
    const holder = await hold(former);
    host().env["PLINTH_LOCK_SECONDS"] = "1";
    const stderr = await host().refuse(new Bundle("demo").file("/etc/x", "x"), 75);
    assert.match(stderr, /still holds .*plinth.lock after 1 s: pid 4711, bundle etcd/);
    holder.release();
    host().command("mv", `flock -n "$PLINTH_ROOT${former}" true && touch "$PLINTH_ROOT/free"; exec /usr/bin/mv "$@"`);
    host().env["PLINTH_LOCK_SECONDS"] = "10";
    await host().apply(new Bundle("demo").file("/etc/x", "x"));
    assert.equal(host().exists("/free"), false);
    assert.match(host().read(former), /^pid \d+, bundle demo, since /);
  });

  it("does without the former one where that is no file of ours alone, and leaves it as it is", async () => {
    const others = {
      "one that others can read, and hold": () => {
        host().write(former, "mine\n");
        chmodSync(host().path(former), 0o644);
      },
      "a link": () => {
        host().write("/etc/precious", "mine\n");
        symlinkSync(host().path("/etc/precious"), host().path(former));
      },
      ...(process.geteuid?.() === 0
        ? {
            "one of another user": () => {
              host().write(former, "mine\n");
              chmodSync(host().path(former), 0o600);
              chownSync(host().path(former), 65534, 65534);
            },
          }
        : {}),
    };
    host().env["PLINTH_LOCK_SECONDS"] = "1";
    for (const [name, make] of Object.entries(others)) {
      rmSync(host().path(former), { force: true });
      make();
      const holder = spawn("flock", [host().path(former), "sh", "-c", "echo held; read x"]);
      await once(holder.stdout, "data");
      await host().apply(new Bundle("demo").file("/etc/x", name));
      assert.equal(host().read(former), "mine\n", name);
      holder.stdin.end();
    }
  });
});
