import assert from "node:assert/strict";
import fc from "fast-check";
import { parseConfig } from "../../../plan/config.ts";
import { nodePortRange } from "../../../plan/nodeports.ts";
import { validateServicePorts } from "../../../plan/serviceportrules.ts";
import { configOf, rawConfig } from "../../support/cluster.ts";

const http = { name: "http", port: 80, nodePort: 30080 };
const servicePorts = [http, { name: "https", port: 443, nodePort: 30443 }];
const messages = (extra: Record<string, unknown>) => validateServicePorts(configOf(extra)).map((item) => item.message);
const withRange = (range: string) => ({ apiserverArgs: { "service-node-port-range": range } });

describe("rules of service ports", () => {
  it("are refused on an address that nobody holds, and where something else listens", () => {
    assert.deepEqual(messages({ servicePorts, serviceVip: "192.0.2.9" }), []);
    assert.deepEqual(messages({ servicePorts: [{ ...servicePorts[0], address: "192.0.2.77" }] }), [
      "service port http is to be reached under 192.0.2.77, which no load balancer holds",
    ]);
    assert.deepEqual(messages({ servicePorts: [...servicePorts, { name: "http", port: 443, nodePort: 30001 }] }), [
      "the name http stands twice in plinth:servicePorts",
      "service port http wants 192.0.2.10:443, which belongs to service port https already",
    ]);
    assert.deepEqual(messages({ servicePorts: [{ name: "api", port: 6443, nodePort: 30001 }] }), [
      "service port api wants 192.0.2.10:6443, which belongs to the API servers already",
    ]);
    assert.deepEqual(messages({ serviceVip: "192.0.2.10", serviceRouterId: 51 }), [
      "plinth:serviceRouterId and plinth:virtualRouterId are both 51",
    ]);
    assert.deepEqual(messages({ vip: "", externalEndpoint: "192.0.2.10", servicePorts: [servicePorts[0]] }), [
      "service port http is to be reached under no address, which no load balancer holds",
    ]);
  });

  it("keep within the ports that Services may have on Nodes", () => {
    const far = { ...http, nodePort: 8080, healthCheckNodePort: 32768 };
    assert.deepEqual(messages({ servicePorts: [far] }), [
      "nodePort 8080 of service port http is none of the ports that Services may have on Nodes, 30000-32767",
      "healthCheckNodePort 32768 of service port http is none of the ports that Services may have on Nodes, 30000-32767",
    ]);
    assert.deepEqual(messages({ servicePorts: [far], ...withRange("8000-32768") }), []);
    assert.deepEqual(messages({ servicePorts: [http], ...withRange("20000+999") }), [
      "nodePort 30080 of service port http is none of the ports that Services may have on Nodes, 20000+999",
    ]);
    assert.deepEqual(messages({ servicePorts: [http], ...withRange("many") }), [
      "service-node-port-range in plinth:apiserverArgs is many, which is no range of ports",
    ]);
  });

  it("refuse a health port that is forwarded as well; ports of one Service share theirs", () => {
    const shared = servicePorts.map((port) => ({ ...port, healthCheckNodePort: 32000 }));
    assert.deepEqual(messages({ servicePorts: shared }), []);
    assert.deepEqual(messages({ servicePorts: [{ ...http, healthCheckNodePort: 30443 }, servicePorts[1]] }), [
      "healthCheckNodePort 30443 of service port http is the nodePort of service port https",
    ]);
  });

  it("refuse UDP and unknown versions of PROXY", () => {
    const said = (port: Record<string, unknown>) =>
      parseConfig({ ...rawConfig, servicePorts: [{ ...http, ...port }] }).findings.map(({ message }) => message);
    assert.deepEqual(said({ protocol: "tcp", proxyProtocol: "v1" }), []);
    assert.deepEqual(said({ proxyProtocol: "true" }), []);
    assert.deepEqual(said({ protocol: "udp" }), [
      "config key plinth:servicePorts.0.protocol must be tcp: HAProxy does not forward UDP; a load balancer in the cluster can give such a Service an address of its own (docs/networking.md)",
    ]);
    assert.deepEqual(said({ proxyProtocol: "v3" }), [
      "config key plinth:servicePorts.0.proxyProtocol must be true, false, v1 or v2",
    ]);
  });
});

describe("the range of NodePorts", () => {
  const rangeOf = (text: string) => nodePortRange({ apiserverArgs: { "service-node-port-range": text } });

  it("has the forms of kube-apiserver", () => {
    assert.deepEqual(nodePortRange({ apiserverArgs: {} }), { first: 30000, last: 32767 });
    assert.deepEqual(rangeOf(""), { first: 30000, last: 32767 });
    assert.deepEqual(rangeOf("30000"), { first: 30000, last: 30000 });
    assert.deepEqual(rangeOf("60000+9999"), { first: 60000, last: 65535 });
    for (const text of ["0-10", "2-1", "1-65536", "-5", "1:2", "1-", "a-b"])
      assert.equal(rangeOf(text), undefined, text);
  });

  it("is the same as two ports and as a port with a number behind it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 0, max: 65534 }), (first, more) => {
        const last = Math.min(first + more, 65535);
        assert.deepEqual(rangeOf(`${first}-${last}`), { first, last });
        assert.deepEqual(rangeOf(`${first}+${more}`), { first, last });
      }),
    );
  });
});
