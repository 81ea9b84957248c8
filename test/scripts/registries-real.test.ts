import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createPlain, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import path from "node:path";
import type { TLSSocket } from "node:tls";
import { registryFiles, renderHostsToml } from "../../plan/bundles/registries.ts";
import { selfSigned } from "../support/certificates.ts";
import { configOf } from "../support/cluster.ts";
import { TestContainerd } from "../support/containerd.ts";

// Whether a real containerd asks whom it should, as it should. Registries have nothing here: the first question is enough.
describe("registries, with a real containerd", function () {
  // May have to build it.
  this.timeout(1_200_000);
  const containerd = new TestContainerd();
  const server = selfSigned("IP:127.0.0.1");
  const client = selfSigned("DNS:puller");
  let asked: string[];
  let plain: Server;
  let secure: Server;
  const at = (one: Server): string => `127.0.0.1:${(one.address() as AddressInfo).port}`;
  const file = (name: string): string => path.join(containerd.folder, name);

  before(async () => {
    await containerd.start();
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      const { subject } = (request.socket as Partial<TLSSocket>).getPeerCertificate?.() ?? {};
      const shown = subject === undefined ? "" : ` as ${String(subject.CN)}`;
      const login = request.headers.authorization === undefined ? "" : ` with ${request.headers.authorization}`;
      asked.push(`${request.method ?? ""} ${request.url ?? ""}${shown}${login}`);
      response.writeHead(404).end();
    };
    plain = createPlain(answer);
    const tls = { cert: server.certificate, key: server.key, requestCert: true, rejectUnauthorized: false };
    secure = createServer(tls, answer);
    for (const one of [plain, secure]) await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
    writeFileSync(file("ca.pem"), server.certificate);
    writeFileSync(file("client.pem"), client.certificate);
    writeFileSync(file("client.key"), client.key);
  });
  after(async () => {
    for (const one of [plain, secure]) await new Promise((resolve) => one.close(resolve));
    await containerd.stop();
  });
  beforeEach(() => {
    asked = [];
  });

  /** What mirrors are asked for an image of `registry`, which itself is nowhere. */
  const pull = async (registries: object, credentials: object = {}, registry = "localhost:9"): Promise<string[]> => {
    const config = configOf({ registries, registryCredentials: credentials });
    const { files, secrets } = registryFiles(config);
    const contents = new Map([
      ...files.map(({ path: place, content }) => [place, content] as const),
      ...secrets.map(({ path: place, source }) => {
        if (source.kind === "registry-file") return [place, readFileSync(source.file, "utf8")] as const;
        assert.equal(source.kind, "registry");
        return [
          place,
          renderHostsToml(source.host, config.registries[source.host], config.registryCredentials),
        ] as const;
      }),
    ]);
    await containerd.pull(`${registry}/library/demo:1`, contents);
    return asked;
  };
  const manifest = "library/demo/manifests/1?ns=localhost%3A9";

  it("a mirror with a path is asked below that path, once", async () => {
    const seen = await pull({ "localhost:9": { mirrors: [`http://${at(plain)}/v2/dockerhub`] } });
    assert.deepEqual(seen, [`HEAD /v2/dockerhub/${manifest}`]);
  });

  it("mirrors without a path, or in a folder of a server, are asked as registries want it", async () => {
    const paths = ["", "/", "/v2", "/v2/", "/registry", "/registry/v2"];
    for (const one of paths) {
      asked = [];
      const below = one.startsWith("/registry") ? "/registry" : "";
      const seen = await pull({ "localhost:9": { mirrors: [`http://${at(plain)}${one}`] } });
      assert.deepEqual(seen, [`HEAD ${below}/v2/${manifest}`], one);
    }
    asked = [];
    const whole = { url: `http://${at(plain)}/odd`, overridePath: true };
    assert.deepEqual(await pull({ "localhost:9": { mirrors: [whole] } }), [`HEAD /odd/${manifest}`]);
  });

  it("mirrors of _default are asked for registries that have none", async () => {
    assert.deepEqual(await pull({ _default: { mirrors: [`http://${at(plain)}`] } }), [`HEAD /v2/${manifest}`]);
  });

  it("a mirror that may not resolve tags is not asked for one", async () => {
    const mirrors = [{ url: `http://${at(plain)}/v2/first`, capabilities: ["pull"] }, `http://${at(plain)}/v2/second`];
    assert.deepEqual(await pull({ "localhost:9": { mirrors } }), [`HEAD /v2/second/${manifest}`]);
  });

  it("a certificate is believed by its authority, of the mirror or of the registry, or not at all", async () => {
    const url = `https://${at(secure)}`;
    assert.deepEqual(await pull({ "localhost:9": { mirrors: [url] } }), []);
    for (const registry of [
      { mirrors: [{ url, caFile: file("ca.pem") }] },
      { mirrors: [url], caFile: file("ca.pem") },
      { mirrors: [{ url, skipVerify: true }], caFile: file("client.pem") },
      { mirrors: [url], skipVerify: true },
    ]) {
      asked = [];
      assert.deepEqual(await pull({ "localhost:9": registry }), [`HEAD /v2/${manifest}`], JSON.stringify(registry));
    }
  });

  it("a client's certificate and credentials are shown to whom they belong", async () => {
    const trust = { clientCertificateFile: file("client.pem"), clientKeyFile: file("client.key"), skipVerify: true };
    const mirrors = [
      { url: `https://${at(secure)}/v2/first`, ...trust },
      { url: `https://${at(secure)}/v2/second`, skipVerify: true },
    ];
    assert.deepEqual(await pull({ "localhost:9": { mirrors } }), [
      `HEAD /v2/first/${manifest} as test`,
      `HEAD /v2/second/${manifest}`,
    ]);
    asked = [];
    const credentials = { [at(plain)]: { username: "robot", password: "pa:ss" } };
    const both = [`http://${at(plain)}`, { url: `https://${at(secure)}`, skipVerify: true }];
    assert.deepEqual(await pull({ "localhost:9": { mirrors: both } }, credentials), [
      `HEAD /v2/${manifest} with Basic cm9ib3Q6cGE6c3M=`,
      `HEAD /v2/${manifest}`,
    ]);
  });
});
