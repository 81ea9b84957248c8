import assert from "node:assert/strict";
import { parseConfig } from "../../../plan/config.ts";
import { takesWholePath, validateRegistries } from "../../../plan/registrysettings.ts";
import { configOf, rawConfig } from "../../support/cluster.ts";

const refusals = (extra: Record<string, unknown>): string[] =>
  parseConfig({ ...rawConfig, ...extra }).findings.map(({ message }) => message);
const findings = (registries: object): string[] =>
  validateRegistries(configOf({ registries }).registries).map(({ message }) => message);

describe("plan/registrysettings", () => {
  it("names registries as images do, in lower case", () => {
    for (const name of ["_default", "docker.io", "localhost", "localhost:5000", "registry:5000", "192.0.2.5", "a.b:1"])
      assert.deepEqual(refusals({ registries: { [name]: {} } }), [], name);
    for (const name of [
      "Docker.IO",
      "dockerhub",
      "_Default",
      "*.example.net",
      "https://a.example",
      "a.example/b",
      "a.example:",
    ])
      assert.match(refusals({ registries: { [name]: {} } }).join(), /must be a registry such as/, name);
  });

  it("has credentials for hosts by name only: a password of _default would go to everybody", () => {
    const login = { username: "u", password: "p" };
    assert.deepEqual(refusals({ registryCredentials: { mirror: login, "a.example:5000": login } }), []);
    for (const name of ["_default", "A.example", "a.example/b"])
      assert.match(refusals({ registryCredentials: { [name]: login } }).join(), /must be a registry such as/, name);
  });

  it("refuses what containerd would not know, by its place", () => {
    const refused: [unknown, RegExp][] = [
      [{ url: "ftp://m.example" }, /mirrors\.0\.url must be a URL/],
      [{ url: "https://u:p@m.example" }, /must have no login in it/],
      [{ url: "https://m.example", capabilities: [] }, /must name at least one of/],
      [{ url: "https://m.example", capabilities: ["fetch"] }, /mirrors\.0\.capabilities/],
      [{ url: "https://m.example", insecure: true }, /insecure/],
      [{}, /mirrors\.0/],
    ];
    for (const [mirror, message] of refused)
      assert.match(refusals({ registries: { "docker.io": { mirrors: [mirror] } } }).join(), message);
  });

  it("finds what contradicts itself or would be in vain", () => {
    const url = "https://m.example.net";
    assert.deepEqual(
      findings({ "docker.io": { mirrors: [url, { url: "http://m.example.net" }], caFile: "ca.pem" } }),
      [],
    );
    assert.deepEqual(
      findings({
        "registry-1.docker.io": {},
        "quay.io": { mirrors: [url, `${url}/`], clientKeyFile: "client.key" },
        "ghcr.io": {
          mirrors: [
            { url: "http://192.0.2.5", skipVerify: true },
            { url, skipVerify: true, caFile: "ca.pem" },
          ],
        },
      }),
      [
        "plinth:registries.registry-1.docker.io is a registry that no image names",
        "plinth:registries.quay.io has the mirror https://m.example.net more than once",
        "plinth:registries.quay.io has a client certificate without its key, or a key alone",
        "plinth:registries.ghcr.io.mirrors.0 has settings of TLS for http://192.0.2.5",
        "plinth:registries.ghcr.io.mirrors.1 has a caFile that skipVerify leaves unused",
      ],
    );
  });

  it("takes a path as it is where it has a v2 with more behind it, or where that is said", () => {
    const whole = {
      "/v2/hub": true,
      "/proxy/v2/hub": true,
      "/v2": false,
      "": false,
      "/proxy": false,
      "/v2x/hub": false,
    };
    for (const [path, expected] of Object.entries(whole))
      assert.equal(takesWholePath({ url: `https://m.example.net${path}` }), expected, path);
    assert.equal(takesWholePath({ url: "https://m.example.net/proxy", overridePath: true }), true);
    assert.equal(takesWholePath({ url: "https://m.example.net/v2/hub", overridePath: false }), false);
  });
});
