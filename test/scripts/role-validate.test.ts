/** Files of roles that a program judges before they take the old ones' place. */

import assert from "node:assert/strict";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

onHosts("files that a program judges", (host) => {
  const bundle = (text: string, generation = 1): Bundle =>
    new Bundle("role-demo", generation)
      .file("/etc/sudoers.d/x", text)
      .line("validate /etc/sudoers.d/x 10 judge -cf %045");

  beforeEach(async () => {
    await host().claim();
    host().command("judge", '! grep -n wrong "$2" | sed "s|^|$2: syntax error on line |" | grep .');
  });

  it("are written when it takes them, and not judged again while they stay", async () => {
    await host().apply(bundle("right\n"));
    host().command("judge", "exit 1");
    const { changed } = await host().apply(bundle("right\n"));
    assert.deepEqual(changed, []);
  });

  it("stay as they are when it refuses, with what it says and without a trace of the copy", async () => {
    await host().apply(bundle("right\n"));
    const before = host().snapshot();
    const stderr = await host().refuse(bundle("wrong\n", 2), 65);
    assert.match(
      stderr,
      /^cp1: judge refuses the new \/etc\/sudoers\.d\/x: \/etc\/sudoers\.d\/x: syntax error on line 1:wrong; nothing was changed\n$/,
    );
    assert.deepEqual(host().snapshot(), before);
  });

  it("tell nothing of a secret", async () => {
    const secret = new Bundle("role-demo").secret("/etc/x", "wrong password").line("validate /etc/x 10 judge -cf %045");
    assert.match(await host().refuse(secret, 65), /^cp1: judge refuses the new \/etc\/x; nothing was changed\n$/);
  });

  it("need a program that is there", async () => {
    const none = new Bundle("role-demo").file("/etc/x", "x").line("validate /etc/x 10 no-such-judge %045");
    const stderr = await host().refuse(none, 65);
    assert.match(stderr, /no-such-judge, which is to judge \/etc\/x, is not on this host; nothing was changed/);
    assert.equal(host().exists("/etc/x"), false);
  });

  describe("with what else is there", () => {
    const whole = (generation: number, part?: string): Bundle => {
      const main = bundle(`right ${generation}\n`, generation);
      return part === undefined ? main : main.file("/etc/part", part);
    };
    beforeEach(() => {
      host().command("judge", '! grep -h wrong "$2" "$PLINTH_ROOT/etc/part" | sed "s|^|error: |" | grep .');
      host().write("/etc/sudoers.d/x", "theirs\n");
      host().write("/etc/part", "wrong\n");
    });

    it("are told from what was refused before, whatever is brought", async () => {
      const before = host().snapshot();
      const stderr = await host().refuse(whole(1), 65);
      assert.match(
        stderr,
        /judge refuses the new \/etc\/sudoers\.d\/x: error: wrong; it refuses the \/etc\/sudoers\.d\/x that is there now, too, so look .*; nothing was changed\n$/,
      );
      assert.deepEqual(host().snapshot(), before);
    });

    it("are written where the bundle itself puts that right", async () => {
      await host().apply(whole(1, "good\n"));
      assert.deepEqual([host().read("/etc/sudoers.d/x"), host().read("/etc/part")], ["right 1\n", "good\n"]);
    });

    it("are taken back where it does not", async () => {
      await host().apply(new Bundle("role-demo"));
      const stderr = await host().refuse(whole(2, "still wrong\n"), 1);
      assert.match(stderr, /judge refuses the new .*: error: still wrong\n.*the previous configuration was put back/s);
      assert.deepEqual([host().read("/etc/sudoers.d/x"), host().read("/etc/part")], ["theirs\n", "wrong\n"]);
    });
  });

  it("may need users, groups and packages that the bundle brings", async () => {
    host().command("judge", '[ -e "$PLINTH_FAKES/groups" ]');
    host().command("groupadd", ': >"$PLINTH_FAKES/groups"');
    await host().apply(bundle("right\n").line("resource group app -- -"));
    assert.equal(host().read("/etc/sudoers.d/x"), "right\n");
  });
});
