import assert from "node:assert/strict";
import { readlinkSync } from "node:fs";
import { digest, served } from "./support/artifacts.ts";
import { Bundle, me } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

const bodies: Record<string, string> = {
  "/one": "#!/bin/sh\necho one\n",
  "/two": "#!/bin/sh\necho two\n",
  "/three": "#!/bin/sh\necho three\n",
};
onHosts("binaries", (host) => {
  const artifacts = served(bodies, () => host().claim());

  function tool(path: string, o: { sha?: string; from?: string } = {}): Bundle {
    const sha = o.sha ?? digest(bodies[path] ?? "");
    return new Bundle("demo")
      .line(`binary tool ${path.slice(1)} ${sha} ${o.from ?? artifacts.url + path} restart=a.service`)
      .service("a.service");
  }

  it("are fetched once, verified, linked, and restart what uses them", async () => {
    const first = await host().apply(tool("/one"));
    assert.deepEqual(first.versions, { tool: "one" });
    assert.ok(first.changed.includes("/opt/plinth/bin/tool"));
    assert.equal(
      readlinkSync(host().path("/opt/plinth/bin/tool")),
      `../tool/one-${digest(bodies["/one"] ?? "").slice(0, 12)}/tool`,
    );
    assert.equal(host().mode(`/opt/plinth/tool/one-${digest(bodies["/one"] ?? "").slice(0, 12)}/tool`), "0755");
    assert.equal(host().mode("/opt/plinth/tool"), "0755");
    await host().apply(tool("/one"));
    assert.deepEqual(artifacts.requests, ["/one"]);
    host().log();
    const second = await host().apply(tool("/two"));
    assert.deepEqual([second.changed, second.restarted], [["/opt/plinth/bin/tool"], ["a.service"]]);
    assert.equal(host().read("/opt/plinth/bin/tool"), bodies["/two"]);
  });

  it("keep the version before, and no older one", async () => {
    await host().apply(tool("/one"));
    await host().apply(tool("/two"));
    const versions = () =>
      host()
        .list("/opt/plinth/tool")
        .filter((path) => !path.includes("/"))
        .map((path) => path.split("-")[0]);
    assert.deepEqual(versions(), ["one", "two"]);
    await host().apply(tool("/three"));
    assert.deepEqual(versions(), ["three", "two"]);
    await host().apply(tool("/three"));
    assert.deepEqual(versions(), ["three", "two"]);
  });

  it("that are not what they should be leave nothing behind, and nothing is changed", async () => {
    await host().apply(tool("/one"));
    host().log();
    const before = host().list("/");
    const wrong = await host().refuse(tool("/two", { sha: digest("else") }), 1);
    assert.match(wrong, new RegExp(`expected sha256 ${digest("else")}, got ${digest(bodies["/two"] ?? "")}`));
    const missing = await host().refuse(tool("/two", { from: `${artifacts.url}/nowhere` }), 1);
    assert.match(missing, /cannot fetch tool two from http:.*404/);
    assert.deepEqual(host().list("/"), before);
    assert.deepEqual(host().log(), []);
  });

  it("are fetched again when half of one is there", async () => {
    await host().apply(tool("/one"));
    const path = `/opt/plinth/tool/one-${digest(bodies["/one"] ?? "").slice(0, 12)}/tool`;
    host().write(path, "half");
    const status = JSON.parse((await host().run(["status"])).stdout) as { bundles: { drift: unknown[] }[] };
    assert.deepEqual(status.bundles[0]?.drift, [{ kind: "binary", name: path, detail: "its size is another" }]);
    await host().apply(tool("/one"));
    assert.equal(host().read(path), bodies["/one"]);
  });
});

onHosts("downloads", (host) => {
  const artifacts = served(bodies, () => host().claim());
  const path = "/var/lib/images/web.tar";

  function archive(from: string, o: { sha?: string; mode?: string } = {}): Bundle {
    const sha = o.sha ?? digest(bodies[from] ?? "");
    return new Bundle("demo")
      .line(`download ${path} ${o.mode ?? "0640"} ${me} ${sha} ${artifacts.url}${from} restart=a.service`)
      .service("a.service");
  }

  it("are files of the bundle: fetched once, with mode and owner, and restart what uses them", async () => {
    const first = await host().apply(archive("/one"));
    assert.deepEqual(first.changed, [path, "/etc/systemd/system/a.service"]);
    assert.equal(host().read(path), bodies["/one"]);
    assert.equal(host().mode(path), "0640");
    host().log();
    const again = await host().apply(archive("/one"));
    assert.deepEqual([again.changed, again.restarted, host().log()], [[], [], []]);
    assert.deepEqual(artifacts.requests, ["/one"]);
    const second = await host().apply(archive("/two"));
    assert.deepEqual([second.changed, second.restarted], [[path], ["a.service"]]);
    assert.equal(host().read(path), bodies["/two"]);
    assert.equal(host().exists("/var/lib/plinth/downloads"), false);
    const status = JSON.parse((await host().run(["status"])).stdout) as { bundles: { drift: string[] }[] };
    assert.deepEqual(status.bundles[0]?.drift, []);
  });

  it("are not fetched for another mode, nor when the right content is there already", async () => {
    host().write(path, bodies["/one"] ?? "");
    await host().apply(archive("/one"));
    const stricter = await host().apply(archive("/one", { mode: "0600" }));
    assert.deepEqual([stricter.changed, host().mode(path)], [[path], "0600"]);
    assert.equal(host().read(path), bodies["/one"]);
    assert.deepEqual(artifacts.requests, []);
  });

  it("are fetched again when somebody has changed them", async () => {
    await host().apply(archive("/one"));
    host().write(path, "half");
    const status = JSON.parse((await host().run(["status"])).stdout) as { bundles: { drift: unknown[] }[] };
    assert.deepEqual(status.bundles[0]?.drift, [{ kind: "file", name: path, detail: "its content is another" }]);
    await host().apply(archive("/one"));
    assert.equal(host().read(path), bodies["/one"]);
  });

  it("that are not what they should be leave nothing behind, and nothing is changed", async () => {
    const blank = host().list("/");
    assert.match(
      await host().refuse(archive("/nowhere"), 1),
      /cannot fetch \/var\/lib\/images\/web.tar from http:.*404/,
    );
    assert.deepEqual(host().list("/"), blank);
    await host().apply(archive("/one"));
    host().log();
    const before = host().snapshot();
    const wrong = await host().refuse(archive("/two", { sha: digest("else") }), 1);
    assert.match(
      wrong,
      new RegExp(`expected sha256 ${digest("else")}, got ${digest(bodies["/two"] ?? "")}; .*no file`),
    );
    assert.deepEqual(host().snapshot(), before);
    assert.deepEqual(host().log(), []);
  });

  it("go when they are no longer listed, and when the host is released", async () => {
    await host().apply(archive("/one"));
    assert.deepEqual((await host().apply(new Bundle("demo").service("a.service"))).removed, [path]);
    assert.equal(host().exists(path), false);
    await host().apply(archive("/one"));
    assert.equal((await host().run(["release", "--host", "cp1"])).code, 0);
    assert.equal(host().exists("/var/lib/images"), false);
  });

  it("come back with the previous configuration when a change fails", async () => {
    host().inputs("a.service", path).journal("a.service", "Error: unknown command two\n");
    await host().apply(archive("/one"));
    host().behave("a.service", `reject ${path} two`);
    assert.match(await host().refuse(archive("/two"), 1), /the previous configuration was put back and is healthy/);
    assert.equal(host().read(path), bodies["/one"]);
    assert.deepEqual(artifacts.requests, ["/one", "/two"]);
    assert.equal(host().exists("/var/lib/plinth/downloads"), false);
  });
});
