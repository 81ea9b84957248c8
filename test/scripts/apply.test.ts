import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, readlinkSync, symlinkSync } from "node:fs";
import path from "node:path";
import { renderResource } from "../../plan/resources.ts";
import { Bundle, me } from "./support/bundle.ts";
import { FakeHost } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

/** A bundle with two services: a.service reads a.conf (restart) and live.conf (reload); b.service reads its secret. */
function demo(o: { a?: string; live?: string; secret?: string; unit?: string; generation?: number } = {}): Bundle {
  return new Bundle("demo", o.generation ?? 1)
    .directory("/var/lib/demo", "keep")
    .service("a.service", o.unit ?? "[Service]\nExecStart=/bin/a")
    .service("b.service")
    .file("/etc/demo/a.conf", o.a ?? "one\n", { restart: "a.service" })
    .file("/etc/demo/live.conf", o.live ?? "one\n", { reload: "a.service" })
    .secret("/etc/demo/b.key", o.secret ?? "KEY-ONE", { restart: "b.service" })
    .check("unit-active", 10, "a.service")
    .check("unit-active", 10, "b.service");
}

onHosts("apply", (host) => {
  beforeEach(async () => {
    await host().claim();
  });

  it("refuses a host that is not claimed", async () => {
    const stranger = new FakeHost(host().shell);
    try {
      assert.match(await stranger.refuse(demo(), 77), /not claimed/);
    } finally {
      stranger.remove();
    }
  });

  it("brings everything the first time", async () => {
    const done = await host().apply(demo());
    assert.deepEqual(done, {
      bundle: "demo",
      host: "cp1",
      generation: 1,
      changed: [
        "/var/lib/demo",
        "/etc/systemd/system/a.service",
        "/etc/systemd/system/b.service",
        "/etc/demo/a.conf",
        "/etc/demo/live.conf",
        "/etc/demo/b.key",
      ],
      removed: [],
      restarted: [],
      reloaded: [],
      started: ["a.service", "b.service"],
      versions: {},
    });
    assert.deepEqual(host().log(), [
      "daemon-reload",
      "enable a.service b.service",
      "start a.service",
      "start b.service",
    ]);
    assert.equal(host().mode("/var/lib/demo"), "0750");
    assert.equal(host().mode("/etc/demo"), "0755");
    assert.equal(host().mode("/etc/demo/a.conf"), "0644");
  });

  /** What is asked of systemd so that a unit comes, but for its start. */
  const enabled = "[Service]\nExecStart=/bin/a\n\n[Install]\nWantedBy=multi-user.target";
  const asked = (): string[] =>
    host()
      .log()
      .filter((line) => !line.startsWith("start"));

  it("enables units that it writes before systemd reads its units, which it does once then", async () => {
    await host().apply(new Bundle("demo", 1).service("a.service", enabled).service("b.service"));
    // A unit that is not wanted by any other, as b.service, is left to the end, where a reason not to can be told of.
    assert.deepEqual(asked(), ["enable a.service", "daemon-reload", "enable b.service"]);
    assert.equal(host().unit("a.service", "enabled"), "enabled");
  });

  it("enables nothing before what it waits for has come", async () => {
    const made = host().path("/made");
    const late = new Bundle("role-demo", 1)
      .service("a.service", enabled)
      .line(
        renderResource({ kind: "command", key: "x", run: `: >'${made}'`, user: "root", seconds: 9, creates: "/made" }),
      );
    await host().apply(late);
    assert.deepEqual(asked(), ["daemon-reload", "enable a.service"]);
  });

  it("changes nothing and restarts nothing the second time", async () => {
    await host().apply(demo());
    const before = host().list("/");
    host().log();
    const done = await host().apply(demo());
    assert.deepEqual([done.changed, done.removed, done.restarted, done.reloaded, done.started], [[], [], [], [], []]);
    assert.deepEqual(host().log(), []);
    assert.deepEqual(host().list("/"), before);
  });

  it("restarts exactly the units whose inputs changed", async () => {
    await host().apply(demo());
    host().log();
    assert.deepEqual((await host().apply(demo({ a: "two\n" }))).restarted, ["a.service"]);
    assert.deepEqual(host().log(), ["restart a.service"]);
    assert.deepEqual((await host().apply(demo({ a: "two\n", secret: "KEY-TWO" }))).restarted, ["b.service"]);
    assert.deepEqual(host().log(), ["restart b.service"]);
    assert.equal(host().read("/etc/demo/b.key"), "KEY-TWO\n");
  });

  it("reloads where only a reload is asked for; a restart takes the place of a reload", async () => {
    await host().apply(demo());
    host().log();
    const reload = await host().apply(demo({ live: "two\n" }));
    assert.deepEqual([reload.reloaded, reload.restarted], [["a.service"], []]);
    assert.deepEqual(host().log(), ["reload a.service"]);
    const restart = await host().apply(demo({ live: "three\n", a: "two\n" }));
    assert.deepEqual([restart.reloaded, restart.restarted], [[], ["a.service"]]);
    assert.deepEqual(host().log(), ["restart a.service"]);
  });

  it("starts rather than reloads a unit that is down", async () => {
    await host().apply(demo());
    host().setUnit("a.service", "active", "inactive").log();
    assert.deepEqual((await host().apply(demo({ live: "two\n" }))).started, ["a.service"]);
    assert.deepEqual(host().log(), ["start a.service"]);
  });

  it("reloads systemd when a unit file changed, and not otherwise", async () => {
    await host().apply(demo());
    host().log();
    await host().apply(demo({ unit: "[Service]\nExecStart=/bin/a --two" }));
    assert.deepEqual(host().log(), ["daemon-reload", "restart a.service"]);
  });

  it("restarts in the order of the unit lines, each active before the next", async () => {
    const one = new Bundle("demo")
      .line("unit z.service")
      .service("a.service", "1")
      .file("/etc/systemd/system/z.service", "1", { restart: "z.service" });
    await host().apply(one);
    host().log();
    host().behave("z.service", "slow-stop 3");
    const two = new Bundle("demo")
      .line("unit z.service")
      .service("a.service", "2")
      .file("/etc/systemd/system/z.service", "2", { restart: "z.service" });
    assert.deepEqual((await host().apply(two)).restarted, ["z.service", "a.service"]);
    assert.equal(host().unit("z.service", "active"), "active");
  });

  it("does not restart once more what systemd has restarted along", async () => {
    const both = (text: string) => new Bundle("demo").service("a.service", text).service("b.service", text);
    await host().apply(both("1"));
    host().partOf("a.service", "b.service").log();
    assert.deepEqual((await host().apply(both("2"))).restarted, ["a.service", "b.service"]);
    assert.deepEqual(host().log(), ["daemon-reload", "restart a.service"]);
    assert.equal(host().unit("b.service", "running"), "2");
  });

  it("leaves alone a unit without a change of its own that systemd has restarted along", async () => {
    const both = (text: string) => new Bundle("demo").service("a.service", text).service("b.service", "same");
    await host().apply(both("1"));
    host().partOf("a.service", "b.service").log();
    assert.deepEqual((await host().apply(both("2"))).restarted, ["a.service"]);
    assert.deepEqual(host().log(), ["daemon-reload", "restart a.service"]);
  });

  it("removes the last file of a directory that is dropped with it", async () => {
    const extra = new Bundle("demo").directory("/etc/demo/more").file("/etc/demo/more/x", "x").file("/etc/demo/y", "y");
    await host().apply(extra);
    await host().apply(new Bundle("demo").file("/etc/demo/y", "y"));
    assert.equal(host().exists("/etc/demo/more"), false);
  });

  it("removes the directories that it made for a file, once they are empty and nobody lists them", async () => {
    await host().claim();
    const listed = `directory /etc/made/listed 0755 ${me}`;
    const bundle = () => new Bundle("demo").line(listed);
    await host().apply(
      bundle().file("/etc/made/listed/one/x", "1").file("/etc/made/listed/two/x", "2").file("/etc/own/x/y", "3"),
    );
    host().write("/etc/made/listed/two/theirs", "somebody's");
    await host().apply(bundle());
    assert.deepEqual(host().list("/etc/made"), ["listed", "listed/two", "listed/two/theirs"]);
    assert.equal(host().exists("/etc/own"), false);
    await host().apply(new Bundle("other").line(`directory /etc/kept/here 0755 ${me}`));
    await host().apply(bundle().file("/etc/kept/here/x", "1"));
    await host().apply(bundle());
    assert.equal(host().exists("/etc/kept/here"), true, "another bundle lists it");
  });

  it("removes a file that is no longer listed and restarts what read it", async () => {
    await host().apply(demo().file("/etc/demo/extra/x.conf", "x", { restart: "b.service" }));
    host().log();
    const done = await host().apply(demo());
    assert.deepEqual([done.removed, done.restarted], [["/etc/demo/extra/x.conf"], ["b.service"]]);
    assert.equal(host().exists("/etc/demo/extra/x.conf"), false);
  });

  it("stops and disables a unit that is no longer listed, before its file goes", async () => {
    await host().apply(demo().service("c.service"));
    host().log();
    await host().apply(demo());
    assert.deepEqual(host().log(), ["stop c.service", "disable c.service", "daemon-reload"]);
    assert.equal(host().exists("/etc/systemd/system/c.service"), false);
  });

  it("corrects what somebody changed by hand: content, mode, a stopped unit, a missing file", async () => {
    await host().apply(demo());
    host().write("/etc/demo/a.conf", "edited\n");
    chmodSync(host().path("/etc/demo/b.key"), 0o644);
    host().setUnit("a.service", "active", "inactive").log();
    const done = await host().apply(demo());
    assert.deepEqual(done.changed, ["/etc/demo/a.conf", "/etc/demo/b.key"]);
    assert.equal(host().mode("/etc/demo/b.key"), "0600");
    assert.equal(host().read("/etc/demo/a.conf"), "one\n");
    assert.deepEqual(host().log(), ["start a.service", "restart b.service"]);
  });

  it("saves what was there before and puts it back when it lets go", async () => {
    host().write("/etc/demo/a.conf", "the distribution's\n");
    chmodSync(host().path("/etc/demo/a.conf"), 0o640);
    symlinkSync("/dev/null", host().path("/etc/systemd/system/b.service"));
    await host().apply(demo());
    assert.equal(host().read("/etc/demo/a.conf"), "one\n");
    await host().apply(demo({ a: "two\n" }));
    await host().apply(new Bundle("demo").line(`directory /etc/demo 0755 ${me}`));
    assert.equal(host().read("/etc/demo/a.conf"), "the distribution's\n");
    assert.equal(host().mode("/etc/demo/a.conf"), "0640");
    assert.equal(readlinkSync(host().path("/etc/systemd/system/b.service")), "/dev/null");
    assert.equal(host().exists("/var/lib/plinth/saved/etc/demo/a.conf"), false);
  });

  it("takes the mask from a packaged unit and puts it back when it lets go", async () => {
    host().packaged("haproxy.service");
    symlinkSync("/dev/null", host().path("/etc/systemd/system/haproxy.service"));
    const proxy = new Bundle("proxy")
      .file("/etc/haproxy.cfg", "x", { reload: "haproxy.service" })
      .line("unit haproxy.service");
    assert.deepEqual((await host().apply(proxy)).started, ["haproxy.service"]);
    assert.equal(host().exists("/etc/systemd/system/haproxy.service"), false);
    assert.deepEqual((await host().apply(proxy)).changed, []);
    await host().apply(new Bundle("proxy"));
    assert.equal(readlinkSync(host().path("/etc/systemd/system/haproxy.service")), "/dev/null");
  });

  it("refuses a file of another bundle and a directory in a file's place, and changes nothing", async () => {
    await host().apply(demo());
    assert.match(
      await host().refuse(new Bundle("other").file("/etc/demo/a.conf", "x"), 65),
      /belongs to the bundle demo/,
    );
    mkdirSync(host().path("/etc/dir"));
    const stderr = await host().refuse(new Bundle("other").file("/etc/dir", "x").file("/etc/demo/a.conf", "x"), 65);
    assert.match(stderr, /\/etc\/dir is wanted as a file but is a directory/);
    assert.match(stderr, /belongs to the bundle demo/, "all findings at once");
    assert.equal(host().exists("/var/lib/plinth/bundles/other"), false);
  });

  it("says when an owner is unknown, before it writes", async () => {
    const stderr = await host().refuse(new Bundle("demo").file("/etc/x", "x", { owner: "nobody-knows:root" }), 1);
    assert.match(stderr, /there is no user nobody-knows on this host/);
    assert.equal(host().exists("/etc/x"), false);
  });

  it("says when a unit does not exist, and leaves a mark", async () => {
    const stderr = await host().refuse(new Bundle("demo").file("/etc/x", "x").line("unit ghost.service"), 1);
    assert.match(stderr, /ghost.service does not exist on this host/);
    assert.match(host().read("/var/lib/plinth/bundles/demo/intent"), /^failed ghost.service/m);
  });

  it("records a new generation and new checks without touching anything", async () => {
    await host().apply(demo());
    host().log();
    await host().apply(demo({ generation: 2 }));
    assert.deepEqual(host().log(), []);
    assert.match(host().read("/var/lib/plinth/bundles/demo/manifest"), /^generation 2$/m);
  });

  for (const kind of ["oneshot", "remain"]) {
    it(`runs a unit that ends well once, and again when its input changes (${kind})`, async () => {
      const task = (text: string) =>
        new Bundle("demo")
          .service("task.service")
          .file("/etc/task", text, { restart: "task.service" })
          .check("unit-active", 10, "task.service");
      host().behave("task.service", kind).inputs("task.service", "/etc/task");
      assert.deepEqual((await host().apply(task("one"))).started, ["task.service"]);
      host().log();
      await host().apply(task("one"));
      assert.deepEqual(host().log(), []);
      await host().apply(task("two"));
      assert.match(host().unit("task.service", "running"), /two/);
      assert.deepEqual(host().log(), [kind === "remain" ? "restart task.service" : "start task.service"]);
      // One that remains active has been stopped by somebody, the other has done its work.
      host().setUnit("task.service", "active", "inactive").setUnit("task.service", "sub", "dead");
      assert.deepEqual((await host().apply(task("two"))).started, kind === "remain" ? ["task.service"] : []);
    });
  }

  it("keeps secrets to root and out of what it prints, and leaves nothing in the stage", async () => {
    // The fake records every argument list that a process of the run had.
    for (const name of ["install", "mv", "sync", "stat", "openssl", "sha256sum", "cp"]) {
      host().command(name, `printf '%s\\n' "$*" >>"$PLINTH_FAKES/argv"\nPATH=/usr/bin:/bin exec ${name} "$@"`);
    }
    const result = await host().run(["apply"], demo({ secret: "TOPSECRET" }).text());
    assert.equal(result.code, 0, result.stderr);
    await host().apply(demo({ secret: "TOPSECRET-2" }));
    assert.doesNotMatch(
      result.stdout + result.stderr + readFileSync(path.join(host().fakes, "argv"), "utf8"),
      /TOPSECRET/,
    );
    assert.equal(host().mode("/etc/demo/b.key"), "0600");
    assert.deepEqual(host().list("/run/plinth"), ["host.lock"]);
    for (const each of host().list("/var/lib/plinth")) {
      assert.doesNotMatch(each, /\.key$/, "no copy of a replaced key is left");
    }
    assert.equal(host().mode("/var/lib/plinth/bundles/demo"), "0700");
    assert.equal(host().mode("/var/lib/plinth/bundles/demo/manifest"), "0600");
  });
});
