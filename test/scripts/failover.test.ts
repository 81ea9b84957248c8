import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseProbe } from "../../cli/status/probe.ts";
import { statusScript } from "../../components/host/script.ts";
import { paths } from "../../plan/names.ts";
import { failoverScript } from "../../plan/scripts.ts";
import { eventually } from "../support/eventually.ts";
import type { Result } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

const units = ["etcd.service", "kube-apiserver.service", "haproxy.service", "keepalived.service"];

onHosts("a host whose services a drill takes away", (host) => {
  const armed = (): string => join(host().fakes, "armed");
  const run = (...args: string[]): Promise<Result> => host().runFile("-s", [], failoverScript(args));
  const states = (): string[] => units.map((unit) => host().unit(unit, "active"));
  const armedCommand = (): string => readFileSync(armed(), "utf8").split("\n").slice(0, -1).at(-1) ?? "";
  /** What systemd does when the time has come. */
  const elapse = async (command = armedCommand()): Promise<void> => {
    const file = join(host().fakes, "elapsed");
    writeFileSync(file, `${command}\n`);
    assert.equal((await host().runFile(file, [])).code, 0);
    host().setUnit("plinth-failover.timer", "active", "inactive");
  };
  /** Whether somebody waits for a lock, as the kernel tells of it: `6: -> FLOCK  ADVISORY  WRITE 4711 00:1b:815 0 EOF`. */
  const isWaitedFor = (path: string): boolean =>
    host().exists(path) &&
    new RegExp(`-> FLOCK .*:${statSync(host().path(path)).ino} `).test(readFileSync("/proc/locks", "utf8"));
  /** Put in front of systemd: a stop of etcd takes until `went` is there. */
  const stopSlowly = (): void => {
    const systemctl = readFileSync(join(host().fakes, "bin", "systemctl"), "utf8").replace(/^#!.*\n/, "");
    const wait = ': >"$PLINTH_FAKES/stopping"; until [ -e "$PLINTH_FAKES/went" ]; do command -p sleep 0.05; done';
    host().command("systemctl", `case "$*" in "stop etcd"*) ${wait} ;; esac\n${systemctl}`);
  };

  beforeEach(() => {
    for (const unit of units) host().packaged(unit).setUnit(unit, "active", "active");
    host().command(
      "systemd-run",
      `printf '%s\\n' "$@" >'${armed()}'; mkdir -p "$PLINTH_FAKES/units/plinth-failover.timer"
echo active >"$PLINTH_FAKES/units/plinth-failover.timer/active"`,
    );
  });

  it("stops them and has systemd start them again", async () => {
    const { code, stdout, stderr } = await run("begin", "60", ...units);
    assert.equal(code, 0, stderr);
    const [, until = ""] = /^until (\d+)$/m.exec(stdout) ?? [];
    assert.ok(Math.abs(Number(until) - Date.now() / 1000 - 60) < 30, stdout);
    assert.deepEqual(
      stdout.split("\n").filter((line) => line.startsWith("stopped ")),
      units.map((unit) => `stopped ${unit}`),
    );
    assert.deepEqual(states(), ["inactive", "inactive", "inactive", "inactive"]);
    assert.match(host().read(paths.failover), new RegExp(`^until ${until}\ndrill \\d+-\\d+\nunit etcd.service\n`));
    assert.match(readFileSync(armed(), "utf8"), /^--on-active\n60s$/m);
    await elapse();
    assert.deepEqual(states(), ["active", "active", "active", "active"]);
    assert.ok(!host().exists(paths.failover));
  });

  it("is told to whoever looks at the host meanwhile", async () => {
    const until = async (): Promise<number | undefined> =>
      parseProbe((await host().runFile("-s", [], statusScript())).stdout).failoverUntil;
    assert.equal(await until(), undefined);
    const { stdout } = await run("begin", "60", ...units);
    assert.equal(`until ${await until()}`, stdout.split("\n")[0]);
    await elapse();
    assert.equal(await until(), undefined);
  });

  it("leaves alone what was stopped before", async () => {
    host().setUnit("haproxy.service", "active", "inactive");
    assert.doesNotMatch((await run("begin", "60", ...units)).stdout, /haproxy/);
    await elapse();
    assert.deepEqual(states(), ["active", "active", "inactive", "active"]);
  });

  it("starts them at once when the drill is ended, as often as that is asked", async () => {
    await run("begin", "60", ...units);
    for (const time of [1, 2]) {
      assert.equal((await run("end")).code, 0, `time ${time}`);
      assert.deepEqual(states(), ["active", "active", "active", "active"]);
      assert.ok(!host().exists(paths.failover));
    }
    assert.ok(host().log().includes("stop plinth-failover.timer"));
  });

  it("begins with no second drill, and the first goes on", async () => {
    await run("begin", "60", ...units);
    const { code, stderr } = await run("begin", "60", ...units);
    assert.equal(code, 75);
    assert.match(stderr, /a failover drill is under way on this host/);
    await elapse();
    assert.deepEqual(states(), ["active", "active", "active", "active"]);
  });

  it("is ended in the midst of its beginning, and the services run", async () => {
    stopSlowly();
    const begun = run("begin", "60", ...units);
    await eventually("it stops", 10, () => Promise.resolve(existsSync(join(host().fakes, "stopping")) || undefined));
    let code: number | null | undefined;
    const ended = run("end").then((result) => (code = result.code));
    const waits = (): boolean => code !== undefined || isWaitedFor("/run/plinth/failover.lock");
    await eventually("the end waits", 10, () => Promise.resolve(waits() || undefined));
    writeFileSync(join(host().fakes, "went"), "");
    await Promise.all([begun, ended]);
    assert.equal(code, 0);
    assert.deepEqual(states(), ["active", "active", "active", "active"]);
    assert.ok(!host().exists(paths.failover));
  });

  it("is waited for no longer than who asks waits, and its timer ends it all the same", async () => {
    stopSlowly();
    const begun = run("begin", "60", ...units);
    await eventually("it stops", 10, () => Promise.resolve(existsSync(join(host().fakes, "stopping")) || undefined));
    host().env["PLINTH_FAILOVER_PATIENCE"] = "0";
    const { code, stderr } = await run("end");
    assert.equal(code, 75);
    assert.match(stderr, /beginning or ending on this host for 0 s; its timer starts the services/);
    writeFileSync(join(host().fakes, "went"), "");
    assert.equal((await begun).code, 0);
    await elapse();
    assert.deepEqual(states(), ["active", "active", "active", "active"]);
    assert.ok(!host().exists(paths.failover));
  });

  it("has a timer for itself alone: that of one before starts nothing, and leaves the mark", async () => {
    host().packaged("plinth-failover.timer").packaged("plinth-failover.service");
    await run("begin", "60", ...units);
    const former = armedCommand();
    await run("end");
    host().setUnit("plinth-failover.service", "active", "active");
    assert.equal((await run("begin", "60", ...units)).code, 75, "what the timer has started is not done yet");
    host().setUnit("plinth-failover.service", "active", "inactive");
    const second = await run("begin", "60", ...units);
    assert.equal(second.code, 0, second.stderr);
    const latter = armedCommand();
    await elapse(former);
    assert.deepEqual(states(), ["inactive", "inactive", "inactive", "inactive"]);
    assert.ok(host().exists(paths.failover));
    await elapse(latter);
    assert.deepEqual(states(), ["active", "active", "active", "active"]);
    assert.ok(!host().exists(paths.failover));
  });

  it("begins not while something else changes the host", async () => {
    host().write("/run/plinth/host.lock", "pid 4711, etcd defrag, since 2025-01-01T00:00:00Z\n");
    host().command("flock", 'case "$*" in *" 8") exit 1 ;; esac; exec /usr/bin/flock "$@"');
    const { code, stderr } = await run("begin", "60", ...units);
    assert.equal(code, 75);
    assert.match(stderr, /another run changes this host, so nothing was stopped: pid 4711, etcd defrag/);
    assert.deepEqual(states(), ["active", "active", "active", "active"]);
    assert.ok(!host().exists(paths.failover));
  });

  it("begins not while a run of a former release changes the host", async () => {
    const former = "/run/lock/plinth.lock";
    host().write(former, "pid 4711, bundle etcd, since 2025-01-01T00:00:00Z\n");
    chmodSync(host().path(former), 0o600);
    host().command("flock", 'case "$*" in *" 7") exit 1 ;; esac; exec /usr/bin/flock "$@"');
    const { code, stderr } = await run("begin", "60", ...units);
    assert.equal(code, 75);
    assert.match(stderr, /another run changes this host, so nothing was stopped: pid 4711, bundle etcd/);
    assert.deepEqual(states(), ["active", "active", "active", "active"]);
  });

  it("starts what a drill without a timer has left before it begins", async () => {
    await run("begin", "60", ...units);
    host().setUnit("plinth-failover.timer", "active", "inactive");
    const { code, stdout } = await run("begin", "60", ...units);
    assert.equal(code, 0);
    for (const unit of units) assert.ok(stdout.includes(`stopped ${unit}\n`), stdout);
  });

  it("stops nothing where systemd takes no timer", async () => {
    host().command("systemd-run", "echo 'Failed to start transient timer unit' >&2; exit 1");
    const { code, stderr } = await run("begin", "60", ...units);
    assert.equal(code, 1);
    assert.match(stderr, /so nothing was stopped: Failed to start transient timer unit/);
    assert.deepEqual(states(), ["active", "active", "active", "active"]);
    assert.ok(!host().exists(paths.failover));
  });

  it("starts all of them again where one does not stop", async () => {
    const systemctl = readFileSync(join(host().fakes, "bin", "systemctl"), "utf8").replace(/^#!.*\n/, "");
    host().command(
      "systemctl",
      `case "$*" in "stop etcd"*) echo 'Job for etcd.service timed out.' >&2; exit 1 ;; esac\n${systemctl}`,
    );
    const { code, stderr } = await run("begin", "60", ...units);
    assert.equal(code, 1);
    assert.match(stderr, /etcd.service did not stop, and all are started again: Job for etcd.service timed out/);
    assert.deepEqual(states(), ["active", "active", "active", "active"]);
    assert.ok(!host().exists(paths.failover));
  });

  it("stops nothing where none of them runs", async () => {
    for (const unit of units) host().setUnit(unit, "active", "inactive");
    const { code, stderr } = await run("begin", "60", ...units);
    assert.equal(code, 1);
    assert.match(stderr, /nothing was stopped/);
    assert.ok(!existsSync(armed()));
  });

  it("takes no words that are not right", async () => {
    const wrong = [[], ["begin"], ["begin", "60"], ["begin", "x", "a.service"], ["begin", "60", "a;b"], ["end", "x"]];
    for (const words of wrong) assert.equal((await run(...words)).code, 65, words.join(" "));
    rmSync(armed(), { force: true });
    assert.deepEqual(states(), ["active", "active", "active", "active"]);
  });
});
