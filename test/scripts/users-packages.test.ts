import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

onHosts("users", (host) => {
  it("are made once, as system users without a shell, and remembered as ours", async () => {
    await host().claim();
    const bundle = new Bundle("demo").line("user demo-etcd /var/lib/etcd").line("user root /root").file("/etc/x", "x");
    await host().apply(bundle);
    assert.deepEqual(host().log(), [
      "useradd --system --user-group --home-dir /var/lib/etcd --no-create-home --shell /usr/sbin/nologin demo-etcd",
    ]);
    assert.equal(host().read("/var/lib/plinth/users"), "demo-etcd\n", "root was there before us");
    await host().apply(bundle);
    assert.deepEqual(host().log(), []);
  });

  it("that cannot be made end the run before a file is written", async () => {
    await host().claim();
    host().command("useradd", "echo 'useradd: the file system is full' >&2; exit 1");
    const stderr = await host().refuse(new Bundle("demo").line("user demo-etcd /").file("/etc/x", "x"), 1);
    assert.match(stderr, /cannot create the user demo-etcd: useradd: the file system is full; no file was changed/);
  });
});

onHosts("packages", (host) => {
  const bundle = () => new Bundle("demo").line("package demo-proxy demo-proxyd").file("/etc/x", "x");
  const policy = "/usr/sbin/policy-rc.d";

  beforeEach(async () => {
    await host().claim();
  });

  it("are left alone when their command is there", async () => {
    host().command("demo-proxyd", "").command("apt-get", "exit 1");
    await host().apply(bundle());
  });

  it("are installed when missing, and their daemon is not started", async () => {
    host().command(
      "apt-get",
      [
        `printf '%s\\n' "$*" >>"$PLINTH_FAKES/apt"`,
        `"$PLINTH_ROOT${policy}" demo-proxy start; echo "policy $?" >>"$PLINTH_FAKES/apt"`,
        `printf '#!/bin/sh\\n' >"$PLINTH_FAKES/bin/demo-proxyd"; chmod +x "$PLINTH_FAKES/bin/demo-proxyd"`,
      ].join("\n"),
    );
    await host().apply(bundle());
    const asked = readFileSync(join(host().fakes, "apt"), "utf8");
    assert.match(asked, /--no-install-recommends install demo-proxy\npolicy 101\n$/);
    assert.equal(host().exists(policy), false);
  });

  it("that cannot be installed fail with a sentence, after one try with fresh lists", async () => {
    host().command(
      "apt-get",
      `echo "$*" >>"$PLINTH_FAKES/apt"; echo "E: Unable to locate package demo-proxy"; exit 100`,
    );
    const stderr = await host().refuse(bundle(), 1);
    assert.match(
      stderr,
      /cannot install the package demo-proxy: E: Unable to locate package demo-proxy; install demo-proxy by hand/,
    );
    assert.match(readFileSync(join(host().fakes, "apt"), "utf8"), /install demo-proxy\n.* update\n$/);
    assert.equal(host().exists("/etc/x"), false);
    assert.equal(host().exists(policy), false);
  });

  it("do not leave the host unable to start daemons when a run was killed", async () => {
    host().write(policy, "#!/bin/sh\n# made by plinth-host while it installs a package\nexit 101\n");
    host().command("demo-proxyd", "");
    await host().apply(bundle());
    assert.equal(existsSync(host().path(policy)), false);
  });

  it("do not touch a policy of the operator's", async () => {
    host().write(policy, "#!/bin/sh\nexit 0\n");
    host().command("demo-proxyd", "");
    await host().apply(bundle());
    assert.equal(host().read(policy), "#!/bin/sh\nexit 0\n");
  });
});
