import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { readlinkSync } from "node:fs";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

const bodies: Record<string, string> = {
  "/one": "#!/bin/sh\necho one\n",
  "/two": "#!/bin/sh\necho two\n",
  "/three": "#!/bin/sh\necho three\n",
};
const digest = (text: string) => createHash("sha256").update(text).digest("hex");

onHosts("binaries", (host) => {
  let server: Server;
  let url: string;
  let requests: string[];

  beforeEach(async () => {
    requests = [];
    server = createServer((request, response) => {
      requests.push(request.url ?? "");
      const body = bodies[request.url ?? ""];
      response.statusCode = body === undefined ? 404 : 200;
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await host().claim();
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  function tool(path: string, o: { sha?: string; from?: string } = {}): Bundle {
    const sha = o.sha ?? digest(bodies[path] ?? "");
    return new Bundle("demo")
      .line(`binary tool ${path.slice(1)} ${sha} ${o.from ?? url + path} restart=a.service`)
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
    assert.deepEqual(requests, ["/one"]);
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
    const missing = await host().refuse(tool("/two", { from: `${url}/nowhere` }), 1);
    assert.match(missing, /cannot fetch tool two from http:.*404/);
    assert.deepEqual(host().list("/"), before);
    assert.deepEqual(host().log(), []);
  });

  it("are fetched again when half of one is there", async () => {
    await host().apply(tool("/one"));
    const path = `/opt/plinth/tool/one-${digest(bodies["/one"] ?? "").slice(0, 12)}/tool`;
    host().write(path, "half");
    const status = JSON.parse((await host().run(["status"])).stdout) as { bundles: { drift: string[] }[] };
    assert.deepEqual(status.bundles[0]?.drift, [path]);
    await host().apply(tool("/one"));
    assert.equal(host().read(path), bodies["/one"]);
  });
});
