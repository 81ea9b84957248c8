/** Files that move from one role to another, as roles are renamed or give them up. */

import assert from "node:assert/strict";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

onHosts("a file that moves from one role to another", (host) => {
  const role = (name: string, generation: number, ...paths: string[]): Bundle =>
    paths.reduce((bundle, path) => bundle.file(path, `${name}\n`), new Bundle(`role-${name}`, generation));

  beforeEach(async () => {
    await host().claim();
    host().write("/etc/x", "theirs\n");
    await host().apply(role("old", 1, "/etc/x", "/etc/y"));
  });

  it("is refused to the new one as long as the old one has it, and nothing is lost", async () => {
    const stderr = await host().refuse(role("new", 1, "/etc/x"), 65);
    assert.match(stderr, /\/etc\/x belongs to the bundle role-old already/);
    assert.equal(host().read("/etc/x"), "old\n");
  });

  it("is the new one's once the old one has given it up or is gone, and what was there first comes back in the end", async () => {
    await host().apply(role("old", 2, "/etc/y"));
    await host().apply(role("new", 1, "/etc/x"));
    await host().apply(role("old", 3));
    await host().apply(role("newer", 1, "/etc/y"));
    assert.deepEqual([host().read("/etc/x"), host().read("/etc/y")], ["new\n", "newer\n"]);
    await host().apply(role("new", 2));
    await host().apply(role("newer", 2));
    assert.deepEqual([host().read("/etc/x"), host().exists("/etc/y")], ["theirs\n", false]);
  });
});
