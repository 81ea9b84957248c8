import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";
import type { FakeHost } from "./support/fake-host.ts";

const script = join(import.meta.dirname, "../../scripts/facts.sh");

async function facts(host: FakeHost): Promise<string[]> {
  const { code, stdout, stderr } = await host.runFile("-s", [], readFileSync(script, "utf8"));
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  return stdout.trimEnd().split("\n");
}

onHosts("facts", (host) => {
  it("are lines of a known form, framed, on a host that has never seen us", async () => {
    const lines = await facts(host());
    assert.equal(lines[0], "plinth-facts 1");
    assert.equal(lines.at(-1), "end");
    for (const form of [
      /^machine-id \S+$/,
      /^boot-id [0-9a-f-]{36}$/,
      /^hostname \S+$/,
      /^kernel \S+$/,
      /^arch \S+$/,
      /^os \S+ \S+$/,
      /^systemd 252$/,
      /^uid \d+$/,
      /^clock \d+\.\d{3}$/,
      /^memory-kib \d+$/,
      /^cpus \d+$/,
      /^swap-kib \d+$/,
      /^disk-free-kib \/var\/lib \d+$/,
      /^command curl \S+$/,
      /^command keepalived \S+$/,
      /^mount-cgroup v[12]$/,
    ]) {
      assert.equal(lines.filter((line) => form.test(line)).length, 1, String(form));
    }
    assert.deepEqual(
      lines.filter((line) => /^(claim|bundle) /.test(line)),
      [],
    );
  });

  it("tell who listens", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const port = (server.address() as AddressInfo).port;
      const line = (await facts(host())).find((each) => each.startsWith(`listen tcp 127.0.0.1 ${port} `));
      assert.match(line ?? "", new RegExp(`^listen tcp 127.0.0.1 ${port} ${process.pid} \\S+ \\S+$`));
    } finally {
      server.close();
    }
  });

  it("tell claim and bundles, with the reason of a failure", async () => {
    await host().claim();
    await host().apply(new Bundle("good", 7).file("/etc/x", "x"));
    host().behave("a.service", "fail");
    await host().refuse(new Bundle("bad", 3).service("a.service"), 1);
    await host().apply(new Bundle("cut", 2).file("/etc/y", "y"));
    host().write("/var/lib/plinth/bundles/cut/intent", "plinth-intent 1\nbundle cut\ngeneration 4\nend\n");
    const lines = (await facts(host())).filter((line) => /^(claim|bundle) /.test(line));
    assert.deepEqual(lines, [
      "claim cluster demo",
      "claim cluster-id 0123456789abcdef",
      "claim host cp1",
      "claim stack lab",
      "claim generation 1",
      "bundle bad 3 failed a.service is failed, its process ended with exit code 3",
      "bundle cut 4 half-done",
      "bundle good 7 complete",
    ]);
  });

  it("change nothing", async () => {
    await host().claim();
    const before = host().snapshot();
    await facts(host());
    assert.deepEqual(host().snapshot(), before);
  });

  it("come from a user, too, as far as that one can see", function () {
    if (process.getuid?.() !== 0) return;
    const text = readFileSync(script, "utf8");
    const run = spawnSync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "/bin/sh", "-s"], {
      input: text,
      encoding: "utf8",
      cwd: "/",
    });
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /^uid 65534$/m);
    assert.match(run.stdout, /\nend\n$/);
  });
});
