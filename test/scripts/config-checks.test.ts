import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

const file = "/etc/demo.yaml";

onHosts("a configuration that a service reads again by itself", (host) => {
  let server: Server;
  let url: string;
  /** What the service says that it works with; undefined: it tells nothing of it. */
  let used: string | undefined;
  /** Seconds since the epoch at which it refused a file. */
  let refusedAt: number | undefined;
  /** What it refuses as soon as it finds it in the file. */
  let refuses: string | undefined;
  let asked: IncomingHttpHeaders[];

  beforeEach(async () => {
    [used, refusedAt, refuses, asked] = ["old\n", undefined, undefined, []];
    server = createServer((request, response) => {
      asked.push(request.headers);
      if (refuses !== undefined && host().read(file) === refuses) [refusedAt, refuses] = [Date.now() / 1000, undefined];
      const id = 'apiserver_id_hash="sha256:0123"';
      const hash = createHash("sha256")
        .update(used ?? "")
        .digest("hex");
      response.end(
        [
          "# TYPE demo_config_last_config_info gauge",
          ...(used === undefined ? [] : [`demo_config_last_config_info{${id},hash="sha256:${hash}"} 1`]),
          ...(refusedAt === undefined
            ? []
            : [
                `demo_config_automatic_reload_last_timestamp_seconds{${id},status="failure"} ${refusedAt.toExponential()}`,
              ]),
          `demo_config_automatic_reload_last_timestamp_seconds{${id},status="success"} 9e+09`,
          "",
        ].join("\n"),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
    await host().claim();
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const bundle = (content: string, seconds = 1) =>
    new Bundle("demo")
      .file(file, content, { reload: "a.service" })
      .service("a.service")
      .check("config-in-use", seconds, "a.service", `${url} demo_config ${file} /ca /crt /key`);

  it("is in use when the service tells the hash of the file, asked by one who reads metrics", async () => {
    await host().apply(bundle("old\n"));
    assert.equal(asked.length, 1);
    assert.deepEqual([asked[0]?.["x-remote-user"], asked[0]?.["x-remote-group"]], ["plinth:host", "system:monitoring"]);
  });

  it("is waited for, and the unit is reloaded and not restarted", async () => {
    await host().apply(bundle("old\n"));
    setTimeout(() => (used = "new\n"), 500);
    const report = await host().apply(bundle("new\n", 20));
    assert.deepEqual([report.reloaded, report.restarted], [["a.service"], []]);
  });

  it("is put back when the service does not take it up in time", async () => {
    await host().apply(bundle("old\n"));
    const said = await host().refuse(bundle("new\n"), 1);
    assert.match(
      said,
      /a\.service did not become healthy within 1 s \(check config-in-use\): it has not taken up \/etc\/demo\.yaml yet/,
    );
    assert.match(said, /the previous configuration was put back and is healthy/);
    assert.equal(host().read(file), "old\n");
  });

  it("is put back at once when the service says that it refuses it; what it refused before does not count", async () => {
    refusedAt = Date.now() / 1000 - 3600;
    await host().apply(bundle("old\n"));
    refuses = "new\n";
    const said = await host().refuse(bundle("new\n", 100), 1);
    assert.match(
      said,
      /within \d\d? s \(check config-in-use\): it does not take up \/etc\/demo\.yaml and goes on with what it had/,
    );
    assert.equal(host().read(file), "old\n");
    // The next file is judged anew.
    setTimeout(() => (used = "newer\n"), 500);
    await host().apply(bundle("newer\n", 20));
  });

  it("is not taken for used when the service does not tell, or does not answer", async () => {
    used = undefined;
    assert.match(await host().refuse(bundle("new\n"), 1), /it does not tell which \/etc\/demo\.yaml it works with/);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    assert.match(await host().refuse(bundle("new\n"), 1), /check config-in-use\): curl: .*127\.0\.0\.1/);
  });
});
