/** Users and groups of roles, and of packages that roles have: as owners of files, and as they were before. */

import assert from "node:assert/strict";
import { wordOf } from "../../plan/resources.ts";
import { Bundle, me } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";
import { userDatabase } from "./support/users.ts";

const [user = "", group = ""] = me.split(":");

onHosts("owners of a role's files", (host) => {
  const role = (generation = 1): Bundle => new Bundle("role-demo", generation);
  const isThere = (name: string): string => `[ -e "$PLINTH_FAKES/has.${name}" ]`;

  beforeEach(async () => {
    host().write("/etc/os-release", "ID=debian\n");
    host().command("dpkg-query", `${isThere("chrony")} && printf installed`);
    host().command("dpkg", 'rm -f "$PLINTH_FAKES/has.chrony"');
    // Whoever runs the tests is a user that the package brings.
    host().command("getent", `[ $# = 2 ] && ${isThere("chrony")} && [ "$2" != _chony ] && echo "$2:x:1:1::/:/bin/sh"`);
    host().command("apt-get", ': >"$PLINTH_FAKES/has.chrony"');
    await host().claim();
  });

  it("may be users that a package of the role brings", async () => {
    const bundle = role().line("resource package chrony -- -").file("/etc/chrony/keys", "x");
    const { changed } = await host().apply(bundle);
    assert.deepEqual(changed, ["/etc/chrony/keys", "package:chrony"]);
    assert.deepEqual((await host().apply(bundle)).changed, []);
  });

  it("that nobody brings fail, before a file is written, and take back what has come", async () => {
    await host().apply(role());
    const wrong = role(2)
      .line("resource package chrony -- -")
      .file("/etc/chrony/keys", "x", { owner: `_chony:${group}` });
    assert.match(
      await host().refuse(wrong, 1),
      /there is no user _chony on this host.*the previous configuration was put back/s,
    );
    assert.equal(host().exists("/etc/chrony"), false);
    const { code, stdout } = await host().runFile(host().path("/../fakes/bin/dpkg-query"), ["chrony"]);
    assert.deepEqual([code, stdout], [1, ""]);
  });

  it("are not those whose name another resource has", async () => {
    const wrong = role().line(`resource module ${user} --`).line(`resource sysctl ${group} -- 1`).file("/etc/x", "x");
    assert.match(
      await host().refuse(wrong, 1),
      new RegExp(`there is no user ${user} on this host.*no file was changed`),
    );
  });
});

onHosts("users of roles", (host) => {
  it("have what a role says of them letter by letter, blanks of all kinds among them", async () => {
    const comment = "Ann\u00a0B\u2028C d%|e";
    const users = userDatabase(host());
    await host().claim();
    const bundle = new Bundle("role-demo").line(
      `resource account ann -- - ann /home/ann /bin/bash - login ${wordOf(comment)}`,
    );
    await host().apply(bundle);
    assert.equal(users.line("ann"), `ann:x:1300:1300:${comment}:/home/ann:/bin/bash`);
    assert.deepEqual((await host().apply(bundle)).changed, []);
  });

  it("have their own group, other groups and day of expiry back once a role lets go of them", async () => {
    const users = userDatabase(host());
    const line = "old:x:1200:100:Old:/home/old:/bin/sh";
    users.add(line, "users daemon", "20000");
    await host().claim();
    await host().apply(
      new Bundle("role-demo")
        .line("resource group staff2 -- 4000")
        .line("resource account old -- - staff2 /home/old /bin/bash - login Old"),
    );
    assert.deepEqual([users.groups("old"), users.expires("old")], ["staff2 daemon", ""]);
    await host().apply(new Bundle("role-demo", 2));
    assert.deepEqual([users.line("old"), users.groups("old"), users.expires("old")], [line, "users daemon", "20000"]);
  });

  it("that nobody can tell are not changed: they could not be put back", async () => {
    userDatabase(host()).add("old:x:1200:100:Old:/home/old:/bin/sh", "users");
    host().command(
      "getent",
      'if [ "$1" = shadow ]; then echo "getent: broken" >&2; exit 1; fi; exec /usr/bin/getent "$@"',
    );
    await host().claim();
    host().command("systemctl", "exit 1");
    for (const line of [
      "resource account root -- - root /root /bin/no - login -",
      "resource service cron.service --",
    ]) {
      const stderr = await host().refuse(new Bundle("role-demo").line(line).file("/etc/x", "x"), 1);
      assert.match(
        stderr,
        /^cp1: cannot tell what the (account root|service cron\.service) is before it is changed \(.+\), so it could not be put back later; correct the cause and run again; no file was changed\n$/,
      );
    }
    assert.deepEqual([host().exists("/etc/x"), host().list("/var/lib/plinth/before")], [false, []]);
  });
});
