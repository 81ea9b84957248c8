/** Symbolic links of roles: made, found changed, put back. */

import assert from "node:assert/strict";
import { readlinkSync, rmSync, symlinkSync } from "node:fs";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

onHosts("symbolic links", (host) => {
  const role = (target: string, generation = 1): Bundle =>
    new Bundle("role-demo", generation)
      .line(`symlink /etc/theirs ${target} restart=a.service`)
      .line("symlink /etc/link /etc/there")
      .line("symlink /etc/deep/er/none ../none")
      .service("a.service");
  const to = (path: string): string => readlinkSync(host().path(path));
  const drift = async (): Promise<string[]> => {
    const { stdout } = await host().run(["status"]);
    const { bundles } = JSON.parse(stdout) as {
      bundles: { drift: { kind: string; name: string; detail: string }[] }[];
    };
    return bundles.flatMap((bundle) => bundle.drift.map(({ kind, name, detail }) => `${kind} ${name} ${detail}`));
  };

  beforeEach(async () => {
    await host().claim();
    host().write("/etc/theirs", "theirs\n");
    symlinkSync("theirs", host().path("/etc/link"));
  });

  it("are made, and changed with the units that read them; what was there before is back in the end", async () => {
    await host().apply(role("/etc/ours"));
    assert.deepEqual(
      [to("/etc/theirs"), to("/etc/link"), to("/etc/deep/er/none")],
      ["/etc/ours", "/etc/there", "../none"],
    );
    const { changed, restarted } = await host().apply(role("/etc/ours"));
    assert.deepEqual([changed, restarted, await drift()], [[], [], []]);
    const second = await host().apply(role("/etc/other"));
    assert.deepEqual([second.changed, second.restarted], [["/etc/theirs"], ["a.service"]]);
    await host().apply(new Bundle("role-demo", 2));
    assert.deepEqual(
      [host().read("/etc/theirs"), to("/etc/link"), host().exists("/etc/deep")],
      ["theirs\n", "theirs", false],
    );
  });

  it("of an earlier release, which were resources, are taken over with what was there before, also by a release", async () => {
    const former = (): void => {
      rmSync(host().path("/etc/theirs"));
      symlinkSync("/etc/ours", host().path("/etc/theirs"));
      host().write(
        "/var/lib/plinth/bundles/role-demo/manifest",
        "plinth-manifest 1\nbundle role-demo\ngeneration 1\nresource symlink /etc/theirs - - - /etc/ours\nend\n",
      );
      host().write("/var/lib/plinth/order", "role-demo\n");
      host().write("/var/lib/plinth/before/symlink%%057etc%057theirs", "there\n");
      host().write("/var/lib/plinth/before/symlink%%057etc%057theirs.copy", "theirs\n");
    };
    const only = new Bundle("role-demo").line("symlink /etc/theirs /etc/ours");
    former();
    assert.deepEqual((await host().apply(only)).changed, []);
    assert.equal(to("/etc/theirs"), "/etc/ours");
    await host().apply(new Bundle("role-demo", 2));
    assert.equal(host().read("/etc/theirs"), "theirs\n");
    former();
    await host().apply(new Bundle("role-demo", 2));
    assert.equal(host().read("/etc/theirs"), "theirs\n");
    former();
    const { code, stderr } = await host().run(["release", "--host", "cp1"]);
    assert.equal(code, 0, stderr);
    assert.equal(host().read("/etc/theirs"), "theirs\n");
  });

  it("are found changed and put right", async () => {
    await host().apply(role("/etc/ours"));
    rmSync(host().path("/etc/theirs"));
    symlinkSync("/etc/elsewhere", host().path("/etc/theirs"));
    rmSync(host().path("/etc/link"));
    host().write("/etc/link", "by hand");
    rmSync(host().path("/etc/deep/er/none"));
    assert.deepEqual(await drift(), [
      "file /etc/theirs leads to /etc/elsewhere, expected /etc/ours",
      "file /etc/link is no symbolic link",
      "missing-file /etc/deep/er/none is missing",
    ]);
    await host().apply(role("/etc/ours", 2));
    assert.deepEqual(await drift(), []);
  });

  it("become files and back, and are put back when what comes after them fails", async () => {
    const asFile = new Bundle("role-demo", 2)
      .file("/etc/theirs", "a file", { restart: "a.service" })
      .service("a.service");
    await host().apply(role("/etc/ours"));
    await host().apply(asFile);
    assert.equal(host().read("/etc/theirs"), "a file\n");
    host().behave("a.service", "reject /etc/theirs x", "fail");
    await host().refuse(role("/etc/ours", 3), 1);
    host().behave("a.service");
    assert.equal(host().read("/etc/theirs"), "a file\n");
    await host().apply(role("/etc/ours", 4));
    host().behave("a.service", "fail");
    await host().refuse(
      new Bundle("role-demo", 5).file("/etc/theirs", "x", { restart: "a.service" }).service("a.service"),
      1,
    );
    assert.equal(to("/etc/theirs"), "/etc/ours");
  });

  it("take no place of a directory", async () => {
    host().write("/etc/dir/x", "x");
    const stderr = await host().refuse(new Bundle("role-demo").line("symlink /etc/dir /etc/ours"), 65);
    assert.match(stderr, /\/etc\/dir is wanted as a symbolic link but is a directory; move it away/);
  });

  it("go with the host, and what was there before is back", async () => {
    await host().apply(role("/etc/ours"));
    const { code, stderr } = await host().run(["release", "--host", "cp1"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      [host().read("/etc/theirs"), to("/etc/link"), host().exists("/etc/deep")],
      ["theirs\n", "theirs", false],
    );
  });
});
