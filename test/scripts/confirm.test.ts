/** Changes that may cut a host off: they stay where the operator's run reaches the host anew in time, and go otherwise. */

import assert from "node:assert/strict";
import { renderResource } from "../../plan/resources.ts";
import { Bundle } from "./support/bundle.ts";
import { FakeHost } from "./support/fake-host.ts";
import { killEverywhere } from "./support/killing.ts";
import { onHosts } from "./support/suite.ts";

interface Status {
  bundles: { bundle: string; generation: number; state: string; reason?: string }[];
}

const file = "/etc/wall.conf";
const timer = "plinth-return-role-wall.timer";

/** A role with rules that may cut the host off. */
function wall(text: string, generation = 1, seconds = 60): Bundle {
  return new Bundle("role-wall", generation)
    .line(`confirm ${seconds}`)
    .line(renderResource({ kind: "sysctl", key: "net.core.somaxconn", value: text.length.toString() }))
    .file(file, `${text}\n`, { restart: "wall.service" })
    .service("wall.service");
}

/** Nothing of it, as when the role is taken from the host. */
const nothing = (generation: number): Bundle => new Bundle("role-wall", generation).line("confirm 60");

async function claimed(host: FakeHost): Promise<void> {
  host.inputs("wall.service", file);
  host.write("/proc/sys/net/core/somaxconn", "128\n");
  await host.claim();
}

async function state(host: FakeHost): Promise<Status["bundles"][number] | undefined> {
  const { stdout, stderr } = await host.run(["status"]);
  assert.equal(stderr, "");
  return (JSON.parse(stdout) as Status).bundles.find(({ bundle }) => bundle === "role-wall");
}

/** As if the time to confirm were over. */
function makeDue(host: FakeHost): void {
  const armed = "/var/lib/plinth/bundles/role-wall/return";
  if (host.exists(armed)) host.write(armed, host.read(armed).replace(/^uptime .*$/m, "uptime -1000"));
}

async function confirm(host: FakeHost): Promise<void> {
  const { code, stderr } = await host.run(["confirm", "role-wall"]);
  assert.equal(code, 0, stderr);
}

async function comeBack(host: FakeHost): Promise<string> {
  makeDue(host);
  const { code, stderr } = await host.run(["return", "role-wall"]);
  assert.equal(code, 0, stderr);
  return stderr;
}

onHosts("a change that has to be confirmed", (host) => {
  beforeEach(() => claimed(host()));

  it("stays once it is confirmed, and what is there then needs no word", async () => {
    await host().apply(wall("one"));
    const waiting = await state(host());
    assert.equal(waiting?.state, "half-done");
    assert.equal(waiting.reason, "the change is done and waits to be confirmed");
    assert.equal(host().unit(timer, "active"), "active");
    assert.equal(host().unit(timer, "enabled"), "enabled");
    assert.match(host().read(`/etc/systemd/system/${timer}`), /OnActiveSec=60\n/);
    await confirm(host());
    assert.equal((await state(host()))?.state, "complete");
    assert.ok(!host().exists(`/etc/systemd/system/${timer}`));
    assert.ok(!host().exists("/var/lib/plinth/bundles/role-wall/unconfirmed"));
    await comeBack(host());
    assert.equal(host().read(file), "one\n");
    const { changed, restarted } = await host().apply(wall("one"));
    assert.deepEqual([changed, restarted], [[], []]);
    assert.ok(!host().exists(`/etc/systemd/system/${timer}`));
    // The engine may ask once more than there is something to say.
    await confirm(host());
  });

  it("goes when nobody confirms it, with all that it has brought, and the next run makes it again", async () => {
    await host().apply(wall("one"));
    await confirm(host());
    await host().apply(wall("other", 2));
    assert.match(host().unit("wall.service", "running"), /other/);
    const said = await comeBack(host());
    assert.match(said, /nobody has reached this host anew within 60 s of the change, so the host has returned/);
    assert.equal(host().read(file), "one\n");
    assert.equal(host().read("/proc/sys/net/core/somaxconn").trim(), "3");
    assert.match(host().unit("wall.service", "running"), /one/);
    const returned = await state(host());
    assert.equal(returned?.state, "failed");
    assert.equal(returned.generation, 2);
    assert.match(returned.reason ?? "", /has returned to what it was before/);
    assert.ok(!host().exists(`/etc/systemd/system/${timer}`));
    const { code, stderr } = await host().run(["confirm", "role-wall"]);
    assert.equal(code, 1);
    assert.match(stderr, /cannot be confirmed: nobody has reached this host anew within 60 s/);
    await host().apply(wall("other", 3));
    await confirm(host());
    assert.equal(host().read(file), "other\n");
    assert.equal((await state(host()))?.state, "complete");
  });

  it("goes from services that only read their files again, too", async () => {
    const read = (text: string, generation: number): Bundle =>
      new Bundle("role-wall", generation)
        .line("confirm 60")
        .file("/etc/rules", `${text}\n`, { reload: "rules.service" })
        .service("rules.service");
    host().inputs("rules.service", "/etc/rules");
    await host().apply(read("one", 1));
    await confirm(host());
    await host().apply(read("other", 2));
    assert.match(host().unit("rules.service", "running"), /other/);
    await comeBack(host());
    assert.match(host().unit("rules.service", "running"), /one/);
  });

  it("goes to what was there before us when it was the first", async () => {
    host().write(file, "theirs\n");
    await host().apply(wall("one"));
    await comeBack(host());
    assert.equal(host().read(file), "theirs\n");
    assert.equal(host().read("/proc/sys/net/core/somaxconn").trim(), "128");
    assert.equal(host().unit("wall.service", "active"), "inactive");
    assert.equal((await state(host()))?.state, "failed");
    await host().apply(wall("one", 2));
    await confirm(host());
    assert.equal(host().read(file), "one\n");
    await host().apply(nothing(3));
    assert.equal(host().read(file), "theirs\n");
    await comeBack(host());
    assert.equal(host().read(file), "one\n");
    assert.match(host().unit("wall.service", "running"), /one/);
    await host().apply(nothing(4));
    await confirm(host());
    assert.equal(host().read(file), "theirs\n");
  });

  it("is not given up before its time, nor where a later run has begun it anew", async () => {
    await host().apply(wall("one"));
    const { code } = await host().run(["return", "role-wall"]);
    assert.equal(code, 0);
    assert.equal(host().read(file), "one\n");
    makeDue(host());
    await host().apply(wall("one", 2));
    assert.equal((await host().run(["return", "role-wall"])).code, 0);
    assert.equal(host().read(file), "one\n");
    await confirm(host());
  });

  it("begins its time anew where it was told so and systemd was not", async () => {
    await host().apply(wall("one"));
    // As the timer of an earlier change that has just elapsed.
    host().setUnit(timer, "active", "inactive");
    assert.equal((await host().run(["return", "role-wall"])).code, 0);
    assert.equal(host().unit(timer, "active"), "active");
  });

  it("is not taken for another one that was cut off behind it", async () => {
    await host().apply(wall("one"));
    host().dieAt(30);
    await host().run(["apply"], wall("other", 2).file("/etc/more", "more\n").text());
    host().live();
    const { code, stderr } = await host().run(["confirm", "role-wall"]);
    assert.equal(code, 1);
    assert.match(stderr, /it was cut off, and the host returns to what it was before/);
    await comeBack(host());
    assert.ok(!host().exists(file) && !host().exists("/etc/more"));
  });

  it("goes also where somebody has changed another file of it meanwhile, which stays", async () => {
    const two = (text: string, generation: number) => wall(text, generation).file("/etc/theirs", "ours\n");
    await host().apply(two("one", 1));
    await confirm(host());
    await host().apply(two("other", 2));
    host().write("/etc/theirs", "theirs\n");
    await comeBack(host());
    assert.equal(host().read(file), "one\n");
    assert.match(host().unit("wall.service", "running"), /one/);
    assert.equal(host().read("/etc/theirs"), "theirs\n");
  });

  it("goes as far as it can where something besides files and units cannot be taken back, and tries again", async () => {
    const undo = `test -e ${host().path("/etc/may")}`;
    const stubborn = renderResource({
      kind: "command",
      key: "stubborn",
      unless: "true",
      run: "true",
      undo,
      user: "root",
      seconds: 10,
    });
    await host().apply(wall("one"));
    await confirm(host());
    await host().apply(wall("other", 2).line(stubborn));
    for (let tries = 0; tries < 2; tries++) {
      makeDue(host());
      assert.equal((await host().run(["return", "role-wall"])).code, 1);
      assert.equal(host().read(file), "one\n");
      assert.match(host().unit("wall.service", "running"), /one/);
      const reason = (await state(host()))?.reason ?? "";
      assert.match(reason, /^nobody has reached .*; then, on the way back: the command stubborn ended with 1/);
      assert.equal(reason.split("on the way back").length, 2, "once, however often it is tried");
    }
    host().write("/etc/may", "");
    await comeBack(host());
    assert.match((await state(host()))?.reason ?? "", /^nobody has reached .*, so the host has returned/);
  });

  it("goes at once when it fails, be it the first or not", async () => {
    host().behave("wall.service", `reject ${file} bad`);
    assert.match(await host().refuse(wall("bad"), 1), /taken back: there was nothing of it before/);
    assert.ok(!host().exists(file));
    assert.ok(!host().exists(`/etc/systemd/system/${timer}`));
    await host().apply(wall("one", 2));
    await confirm(host());
    await host().refuse(wall("bad", 3), 1);
    assert.equal(host().read(file), "one\n");
    assert.ok(!host().exists(`/etc/systemd/system/${timer}`));
    assert.equal((await state(host()))?.state, "complete");
  });

  it("ends with a release, which leaves no timer behind", async () => {
    await host().apply(wall("one"));
    assert.equal((await host().run(["release", "--host", "cp1"])).code, 0);
    assert.ok(!host().exists(file));
    assert.ok(!host().exists(`/etc/systemd/system/${timer}`));
  });

  it("is of the bundle that is named", async () => {
    for (const verb of ["confirm", "return"]) {
      assert.equal((await host().run([verb])).code, 65);
      assert.equal((await host().run([verb, "../x"])).code, 65);
    }
  });
});

describe("a change that has to be confirmed, and what is killed", function () {
  this.timeout(900_000); // Hundreds of processes, on machines that have other things to do.
  let before: FakeHost;

  beforeEach(async () => {
    before = new FakeHost();
    await claimed(before);
    await before.apply(wall("one"));
    await confirm(before);
  });
  afterEach(() => {
    before.remove();
  });

  it("comes back from a run that was killed anywhere, or is completed by the next", async () => {
    const end = before.copy();
    await end.apply(wall("other", 2));
    await confirm(end);
    const recover = async (host: FakeHost): Promise<void> => {
      await comeBack(host);
      assert.equal(host.exists(file) ? host.read(file) : "", "one\n");
      await host.apply(wall("other", 2));
      await confirm(host);
    };
    const victim = (host: FakeHost) => host.run(["apply"], wall("other", 2).text());
    await killEverywhere({ from: before, victim, recover, end: end.snapshot() }, 3);
    end.remove();
  });

  it("is left by a return that was killed anywhere, once systemd has begun it again", async () => {
    await before.apply(wall("other", 2));
    makeDue(before);
    const end = before.copy();
    await comeBack(end);
    const recover = async (host: FakeHost): Promise<void> => {
      await comeBack(host);
    };
    const victim = (host: FakeHost) => host.run(["return", "role-wall"]);
    await killEverywhere({ from: before, victim, recover, end: end.snapshot() }, 2);
    end.remove();
  });
});
