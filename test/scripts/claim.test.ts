import assert from "node:assert/strict";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

onHosts("claim", (host) => {
  it("is written once and readable by everyone", async () => {
    const first = await host().claim();
    assert.deepEqual(
      [first.code, JSON.parse(first.stdout)],
      [0, { host: "cp1", cluster: "demo", clusterId: "0123456789abcdef", stack: "lab", changed: true }],
    );
    assert.equal(
      host().read("/var/lib/plinth/claim"),
      "cluster demo\ncluster-id 0123456789abcdef\nhost cp1\nstack lab\ngeneration 1\n",
    );
    assert.equal(host().mode("/var/lib/plinth/claim"), "0644");
    assert.equal(host().mode("/var/lib/plinth"), "0755");
    const second = await host().claim();
    assert.deepEqual([second.code, (JSON.parse(second.stdout) as { changed: boolean }).changed], [0, false]);
  });

  it("of another cluster is refused, saying whose the host is and what to do", async () => {
    await host().claim();
    const { code, stdout, stderr } = await host().claim("w1", "ffffffff");
    assert.deepEqual([code, stdout], [77, ""]);
    assert.match(
      stderr,
      /belongs to cluster demo \(id 0123456789abcdef\) as host cp1; release it there .* `plinth-host release --force`/,
    );
  });

  it("under another name is a rename while nothing is applied, and refused after", async () => {
    await host().claim();
    assert.equal((await host().claim("cp9")).code, 0);
    assert.match(host().read("/var/lib/plinth/claim"), /^host cp9$/m);
    await host().apply(new Bundle("demo").file("/etc/x", "x"));
    const { code, stderr } = await host().claim("cp1");
    assert.equal(code, 77);
    assert.match(stderr, /is cp9 of cluster demo and carries the bundle demo/);
  });

  it("that is cut short or odd is refused, and nothing is written", async () => {
    for (const text of [
      "",
      "cluster a\ncluster-id b\n",
      "cluster a\nend\n",
      'cluster a\ncluster-id "b\nhost c\nstack d\ngeneration 1\nend\n',
      "colour red\nend\n",
    ]) {
      const { code, stderr } = await host().run(["claim"], text);
      assert.equal(code, 65, text);
      assert.match(stderr, /nothing was changed/);
    }
    assert.equal(host().exists("/var/lib/plinth/claim"), false);
  });
});

onHosts("the command line", (host) => {
  it("explains itself", async () => {
    assert.equal((await host().run([])).code, 65);
    assert.match((await host().run(["frob"])).stderr, /unknown verb frob/);
    const help = await host().run(["--help"]);
    assert.deepEqual([help.code, help.stdout], [0, ""]);
    assert.match(help.stderr, /usage: plinth-host claim/);
  });
});
