import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostScript, installScript } from "../../plan/scripts.ts";
import { onHosts } from "./support/suite.ts";

const claim = "generation 1\ncluster demo\ncluster-id 0123456789abcdef\nhost cp1\nstack lab\nend\n";

onHosts("installing the host script", (host) => {
  let server: Server;
  let served: string;
  let requests: number;
  const url = () =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/scripts/plinth-host/${hostScript().sha256}`;
  const install = (address = url(), sha256 = hostScript().sha256) => {
    host().write("/install.sh", installScript());
    return host().runFile(host().path("/install.sh"), [sha256, address, "claim"], claim);
  };
  const installed = "/usr/local/lib/plinth/plinth-host";

  beforeEach(async () => {
    served = hostScript().content;
    requests = 0;
    server = createServer((_, response) => {
      requests += 1;
      response.end(served);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    rmSync(host().path(installed), { force: true });
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it("fetches it, compares it and hands standard input on to it", async () => {
    const { code, stdout, stderr } = await install();
    assert.equal(code, 0, stderr);
    assert.deepEqual((JSON.parse(stdout) as { host: string }).host, "cp1");
    assert.equal(host().read(installed), hostScript().content);
    assert.equal(host().mode(installed), "0755");
  });

  it("does the same with a script that is 200 kB longer, more than an argument of a shell holds", async () => {
    const comment = `# ${"x".repeat(97)}\n`.repeat(2000);
    served = `${hostScript().content}${comment}`;
    assert.ok(served.length > hostScript().content.length + 199_000);
    const digest = createHash("sha256").update(served).digest("hex");
    const { code, stdout, stderr } = await install(url(), digest);
    assert.equal(code, 0, stderr);
    assert.deepEqual((JSON.parse(stdout) as { host: string }).host, "cp1");
    assert.equal(host().read(installed), served);
  });

  it("fetches nothing where it is there, also without a network, and replaces one that was edited", async () => {
    await install();
    assert.equal((await install("http://127.0.0.1:9/nowhere")).code, 0);
    assert.equal(requests, 1);
    host().write(installed, "#!/bin/sh\nexit 0\n");
    assert.equal((await install()).code, 0);
    assert.equal(host().read(installed), hostScript().content);
  });

  it("refuses what is not what it asked for, and leaves what was there", async () => {
    host().write(installed, "#!/bin/sh\nexit 0\n");
    served = "#!/bin/sh\necho stolen\n";
    const { code, stdout, stderr } = await install();
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /is not the host script: expected sha256 [0-9a-f]{64}, got [0-9a-f]{64}; nothing was changed/);
    assert.equal(host().read(installed), "#!/bin/sh\nexit 0\n");
    assert.ok(!host().exists(`${installed}.new`));
  });

  it("says where it could not fetch it from", async () => {
    const { code, stderr } = await install("http://127.0.0.1:9/scripts/plinth-host");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /cannot fetch the host script from http:\/\/127\.0\.0\.1:9.*; check that the host reaches that address/,
    );
    assert.equal(host().exists(installed), false);
  });
});
