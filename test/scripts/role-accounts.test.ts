/** Users and groups of roles, and of packages that roles have: as owners of files, and as they were before. */

import assert from "node:assert/strict";
import { Bundle, me } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

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
    const bundle = role().line("resource package chrony --").file("/etc/chrony/keys", "x");
    const { changed } = await host().apply(bundle);
    assert.deepEqual(changed, ["/etc/chrony/keys", "package:chrony"]);
    assert.deepEqual((await host().apply(bundle)).changed, []);
  });

  it("that nobody brings fail, before a file is written, and take back what has come", async () => {
    await host().apply(role());
    const wrong = role(2)
      .line("resource package chrony --")
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
