import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

const unit = "a.service";

function demo(conf: string, check: [string, number, string] = ["unit-active", 10, ""]): Bundle {
  return new Bundle("demo")
    .service(unit)
    .file("/etc/demo/a.conf", conf, { restart: unit })
    .check(check[0], check[1], unit, check[2]);
}

const log = [
  "I1122 10:00:00.000000 1 server.go:1] starting",
  "Error: unknown flag: --frobnicate",
  "-----BEGIN EC PRIVATE KEY-----",
  "MHcCAQEEIKEYKEYKEY",
  "-----END EC PRIVATE KEY-----",
  "using token: abcdef.0123456789abcdef",
  ...Array.from({ length: 30 }, (_, i) => `      --usage-line-${i}`),
].join("\n");

onHosts("a bundle that does not come up", (host) => {
  beforeEach(async () => {
    await host().claim();
  });

  it("is half done the first time: it says why, and leaves a mark that the next run and others see", async () => {
    host().behave(unit, "crash").journal(unit, log);
    const stderr = await host().refuse(demo("bad\n"), 1);
    assert.match(
      stderr,
      /^cp1: a\.service does not stay up .*it logged: Error: unknown flag: --frobnicate; last log lines:$/m,
    );
    assert.match(stderr, /bundle demo is half done: there is no earlier state to put back/);
    assert.doesNotMatch(stderr, /KEYKEYKEY|0123456789abcdef/, "keys and tokens are masked");
    assert.match(
      host().read("/var/lib/plinth/bundles/demo/intent"),
      /^failed a\.service does not stay up .*unknown flag/m,
    );
    const status = JSON.parse((await host().run(["status"])).stdout) as {
      bundles: { state: string; reason: string }[];
    };
    assert.equal(status.bundles[0]?.state, "failed");
    assert.match(status.bundles[0].reason, /unknown flag/);
    host().behave(unit).log();
    const done = await host().apply(demo("good\n"));
    assert.deepEqual(done.changed, ["/etc/demo/a.conf"]);
    assert.deepEqual(host().log(), ["daemon-reload", "restart a.service"]);
    assert.equal(host().exists("/var/lib/plinth/bundles/demo/intent"), false);
  });

  it("is one that another, complete bundle no longer answers for: a check under if-bundle", async () => {
    const alive = `${host().root}/etc/other/alive`;
    const first = new Bundle("demo")
      .file("/etc/demo/a.conf", "1")
      .check("if-bundle", 2, "-", `other command test -e ${alive}`);
    await host().apply(first);
    await host().apply(new Bundle("other").file("/etc/other/alive", "yes"));
    await host().apply(first);
    rmSync(alive);
    const stderr = await host().refuse(first, 1);
    assert.match(stderr, /test -e .* failed/);
  });

  it("is none where a stop has taken units of another bundle along, which a start does not bring back", async () => {
    const first = new Bundle("demo")
      .service(unit)
      .check("if-bundle", 5, unit, `other command grep -qx active ${host().fakes}/units/b.service/active`);
    await host().apply(first);
    await host().apply(new Bundle("other").service("b.service"));
    for (const stopped of [unit, "b.service"]) host().setUnit(stopped, "active", "inactive");
    host().log();
    await host().apply(first);
    assert.deepEqual(host().log(), ["start a.service", "start b.service"]);
  });

  it("is known by its `failed` state at once, not at the deadline", async () => {
    host().behave(unit, "fail");
    const begin = Date.now();
    const stderr = await host().refuse(demo("x\n", ["unit-active", 600, ""]), 1);
    assert.match(stderr, /a\.service is failed, its process ended with exit code 3/);
    assert.ok(Date.now() - begin < 20_000);
  });

  it("is known by its restarts, when no log says why", async () => {
    host().behave(unit, "crash");
    assert.match(
      await host().refuse(demo("x\n", ["unit-active", 600, ""]), 1),
      /does not stay up \(automatic restarts: 3/,
    );
  });

  it("is put back to the previous state, which is checked", async () => {
    host().inputs(unit, "/etc/demo/a.conf");
    await host().apply(demo("good\n").file("/etc/demo/old.conf", "old\n", { restart: unit }).service("b.service"));
    const before = host().list("/etc");
    const manifest = host().read("/var/lib/plinth/bundles/demo/manifest");
    host().behave(unit, "reject /etc/demo/a.conf bad").journal(unit, log).log();
    const stderr = await host().refuse(demo("bad\n").file("/etc/demo/new.conf", "new\n").service("c.service"), 1);
    assert.match(stderr, /the previous configuration was put back and is healthy/);
    assert.equal(host().read("/etc/demo/a.conf"), "good\n");
    assert.deepEqual(host().list("/etc"), before, "removed files are back, new ones are gone");
    assert.equal(host().read("/var/lib/plinth/bundles/demo/manifest"), manifest);
    assert.equal(host().exists("/var/lib/plinth/bundles/demo/intent"), false);
    assert.equal(host().exists("/var/lib/plinth/bundles/demo/previous"), false);
    assert.equal(host().unit(unit, "active"), "active");
    assert.equal(host().unit("b.service", "active"), "active");
    assert.equal(host().unit("c.service", "active"), "inactive");
    assert.match(host().unit(unit, "running"), /good/);
    // The next run with the good text has nothing to do.
    host().log();
    const done = await host().apply(
      demo("good\n").file("/etc/demo/old.conf", "old\n", { restart: unit }).service("b.service"),
    );
    assert.deepEqual([done.changed, done.restarted], [[], []]);
    assert.deepEqual(host().log(), []);
  });

  it("does not restart, on the way back, what it never got to", async () => {
    const two = (text: string) =>
      new Bundle("demo")
        .service(unit)
        .service("b.service")
        .file("/etc/demo/both", text, { restart: `${unit},b.service` });
    await host().apply(two("good\n"));
    host().behave(unit, "reject /etc/demo/both bad").journal(unit, log).log();
    await host().refuse(two("bad\n"), 1);
    assert.deepEqual(host().log(), ["restart a.service", "restart a.service"]);
  });

  it("is half done when the previous state is not healthy either", async () => {
    await host().apply(demo("good\n"));
    host().behave(unit, "fail");
    const stderr = await host().refuse(demo("bad\n"), 1);
    assert.match(stderr, /half done: the previous configuration is not healthy either/);
    assert.match(
      host().read("/var/lib/plinth/bundles/demo/intent"),
      /^failed .*then, with the previous configuration: /m,
    );
    host().behave(unit).log();
    const done = await host().apply(demo("better\n"));
    assert.deepEqual(done.changed, ["/etc/demo/a.conf"]);
    assert.equal(host().exists("/var/lib/plinth/bundles/demo/intent"), false);
  });

  it("says so when a reload is refused, and puts the file back", async () => {
    const proxy = (text: string) => new Bundle("proxy").service(unit).file("/etc/proxy.cfg", text, { reload: unit });
    await host().apply(proxy("good\n"));
    host().behave(unit, "reject /etc/proxy.cfg bad").journal(unit, "[ALERT] config : parsing [proxy.cfg:3]\n").log();
    const stderr = await host().refuse(proxy("bad\n"), 1);
    assert.match(stderr, /a\.service refused to reload: \[ALERT\] config : parsing \[proxy.cfg:3\]/);
    assert.equal(host().read("/etc/proxy.cfg"), "good\n");
    assert.equal(host().unit(unit, "active"), "active");
    assert.deepEqual(host().log(), ["reload a.service", "reload a.service"]);
  });

  it("puts a binary's link back", async () => {
    // Two versions that are there already need no server.
    const version = (n: number) => {
      const text = `version ${n}`;
      const sha = createHash("sha256").update(text).digest("hex");
      const path = `/opt/plinth/tool/${n}-${sha.slice(0, 12)}/tool`;
      host().write(path, text);
      host().write(`${path}.sha256`, `${sha} ${text.length}\n`);
      return new Bundle("demo").line(`binary tool ${n} ${sha} http://127.0.0.1:1/tool restart=${unit}`).service(unit);
    };
    const [one, two] = [version(1), version(2)];
    await host().apply(one.check("unit-active", 10, unit));
    host().behave(unit, "reject /opt/plinth/bin/tool version 2").journal(unit, log);
    await host().refuse(two.check("unit-active", 10, unit), 1);
    assert.equal(host().read("/opt/plinth/bin/tool"), "version 1");
    assert.equal(host().unit(unit, "active"), "active");
  });

  it("fails at the deadline of a check, naming unit, check and reason", async () => {
    const stderr = await host().refuse(demo("x\n", ["command", 1, "echo not yet; false"]), 1);
    assert.match(
      stderr,
      /cp1: a\.service did not become healthy within 1 s \(check command\): `echo not yet; false` failed: not yet/,
    );
  });

  it("has nothing to put back when it had changed nothing", async () => {
    const check: [string, number, string] = ["command", 1, 'test -e "$PLINTH_ROOT/ok"'];
    host().write("/ok", "");
    await host().apply(demo("x\n", check));
    rmSync(host().path("/ok"));
    host().log();
    assert.match(
      await host().refuse(demo("x\n", check), 1),
      /this run had changed no file, so there is nothing to put back/,
    );
    assert.deepEqual(host().log(), []);
    assert.equal(host().exists("/var/lib/plinth/bundles/demo/intent"), false);
  });
});
