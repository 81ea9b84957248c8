import assert from "node:assert/strict";
import fc from "fast-check";

import { leavesOf, planCluster } from "../../../plan/bundles/index.ts";
import { parseConfig } from "../../../plan/config.ts";
import { endpointOf, endpointText, publicEndpointOf } from "../../../plan/endpoint.ts";
import { describeFinding } from "../../../plan/findings.ts";
import { checkPool } from "../../../plan/pool.ts";
import { checkInput } from "../../../plan/stackinput.ts";
import { configOf, hostsOf, rawConfig, threeHosts } from "../../support/cluster.ts";
import { materialOf, poolHosts, rawPool } from "../../support/pool.ts";

const hosts = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
const external = (externalEndpoint: string) => configOf({ vip: "", externalEndpoint });

/** Names in the certificates of the API servers, without what every one has. */
function namesOf(extra: Record<string, unknown>): string[] {
  const [host] = hosts;
  assert.ok(host);
  const leaf = leavesOf({ host, hosts, config: configOf(extra) }).find(({ name }) => name === "apiserver");
  assert.ok(leaf);
  const usual = /^(cp1|localhost|kubernetes.*|127\.0\.0\.1|192\.0\.2\.11|10\.96\.0\.1)$/;
  return [...leaf.dnsNames, ...leaf.ipAddresses].filter((name) => !usual.test(name));
}

/** Every URL of a file or instruction that hosts of a cluster get, with the name of the endpoint in it. */
function urlsWith(name: string, extra: Record<string, unknown>): string[] {
  const text = JSON.stringify(planCluster(hosts, configOf(extra)).map(({ bundle }) => bundle));
  return [...new Set(text.match(new RegExp(`(https?://)?${name.replaceAll(".", "\\.")}(:\\d+)?`, "g")))];
}

describe("plan/endpoint", () => {
  it("has the usual port where none is written", () => {
    assert.equal(endpointOf(hosts, configOf()), "https://192.0.2.10:6443");
    assert.equal(endpointOf(hosts, external("lb.example.net")), "https://lb.example.net:6443");
    assert.equal(endpointOf(hosts, external("198.51.100.1")), "https://198.51.100.1:6443");
    assert.equal(endpointOf(hosts, { ...configOf({ vip: "" }) }), "https://192.0.2.11:6443");
  });

  it("has a port of its own, which no certificate names", () => {
    assert.equal(endpointOf(hosts, external("lb.example.net:443")), "https://lb.example.net:443");
    const extra = { vip: "", externalEndpoint: "lb.example.net:443" };
    assert.deepEqual(namesOf(extra), ["lb.example.net"]);
    assert.deepEqual(namesOf({ vip: "", externalEndpoint: "198.51.100.1:443" }), ["198.51.100.1"]);
    assert.deepEqual(urlsWith("lb.example.net", extra).sort(), ["https://lb.example.net:443", "lb.example.net"]);
  });

  it("is a name or an address with an optional port, and nothing else", () => {
    for (const bad of [
      "https://lb.example.net",
      "lb.example.net:",
      "lb:443:1",
      "lb:99999",
      "lb:https",
      ":443",
      "10.0.0.300:1",
      "[::1]:443",
    ])
      assert.match(
        parseConfig({ ...rawConfig, vip: "", externalEndpoint: bad })
          .findings.map(describeFinding)
          .join("\n"),
        /externalEndpoint must be an IPv4 address or a DNS name .* with a port where it is not 6443/,
        bad,
      );
  });

  it("is the VIP for hosts, and its name for everybody else", () => {
    const config = configOf({ vipName: "api.example.net" });
    assert.equal(endpointOf(hosts, config), "https://192.0.2.10:6443");
    assert.equal(publicEndpointOf(hosts, config), "https://api.example.net:6443");
    assert.equal(publicEndpointOf(hosts, configOf()), "https://192.0.2.10:6443");
    assert.deepEqual(namesOf({ vipName: "api.example.net" }), ["api.example.net", "192.0.2.10"]);
    assert.deepEqual(urlsWith("api.example.net", { vipName: "api.example.net" }), ["api.example.net"]);
    const { findings } = checkInput(threeHosts, { ...rawConfig, vip: "", externalEndpoint: "lb", vipName: "api" });
    assert.match(findings.map(describeFinding).join("\n"), /plinth:vipName is api, but there is no plinth:vip/);
  });

  it("has further names in certificates, each once", () => {
    const apiserverSans = ["k8s.example.net", "203.0.113.7", "*.k8s.example.net", "192.0.2.10", "localhost"];
    assert.deepEqual(namesOf({ apiserverSans }), ["k8s.example.net", "*.k8s.example.net", "192.0.2.10", "203.0.113.7"]);
    assert.deepEqual(namesOf({}), ["192.0.2.10"]);
    const { findings } = checkInput(threeHosts, { ...rawConfig, apiserverSans: ["0.0.0.0"] });
    assert.match(findings.map(describeFinding).join("\n"), /plinth:apiserverSans 0\.0\.0\.0 lies in 0\.0\.0\.0\/8/);
  });

  it("of a pool is its cluster's, whatever the port", () => {
    const ports = fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined });
    fc.assert(
      fc.property(fc.constantFrom("lb.example.net", "198.51.100.1"), ports, (host, port) => {
        const endpoint = endpointOf(hosts, external(port === undefined ? host : `${host}:${port}`));
        assert.equal(endpoint, `https://${host}:${port ?? 6443}`);
        assert.equal(endpointText(endpoint), `${host}:${port ?? 6443}`);
        const { config, findings } = checkPool(poolHosts, rawPool, materialOf({ endpoint, virtualAddresses: [] }));
        assert.deepEqual(findings, []);
        assert.ok(config);
        assert.equal(endpointOf([], config), endpoint);
      }),
    );
  });
});
