import assert from "node:assert/strict";
import fc from "fast-check";
import { describeFinding } from "../../../../plan/findings.ts";
import { newStack, operatorFor, subnetFor, type StackAnswers } from "../../../../plan/newproject/stack.ts";

const answers: StackAnswers = {
  stack: "prod",
  controlPlane: ["192.0.2.11", "192.0.2.12", "192.0.2.13"],
  workers: ["192.0.2.21"],
  vip: "192.0.2.10",
  operator: "192.0.2.5",
};
const findingsOf = (said: Partial<StackAnswers>): string[] =>
  newStack({ ...answers, ...said }).findings.map(describeFinding);

describe("the first stack of a new project", function () {
  this.timeout(60_000);
  it("is what the operator says of it", () => {
    const { stack, findings } = newStack(answers);
    assert.deepEqual(findings, []);
    assert.deepEqual(stack.config, {
      "plinth:clusterName": "prod",
      "plinth:nodeSubnet": "192.0.2.0/24",
      "plinth:vip": "192.0.2.10",
      "plinth:artifactsUrl": "http://192.0.2.5:8410",
    });
    assert.deepEqual(
      stack.hosts.map(({ name, address, roles }) => `${name} ${address} ${roles?.join("+")}`),
      [
        "cp1 192.0.2.11 etcd+control-plane+load-balancer",
        "cp2 192.0.2.12 etcd+control-plane+load-balancer",
        "cp3 192.0.2.13 etcd+control-plane+load-balancer",
        "w1 192.0.2.21 worker",
      ],
    );
  });

  it("needs no virtual IP with one control-plane host", () => {
    assert.deepEqual(findingsOf({ controlPlane: ["192.0.2.11"], vip: undefined }), []);
  });

  it("is refused with everything that is wrong, in the words of the command", () => {
    assert.deepEqual(findingsOf({ controlPlane: [], operator: undefined, vip: undefined }), [
      "a stack of your own needs at least one control-plane host; say their addresses by --control-plane ADDRESS…, or leave --stack out for hosts on this machine [init]",
      "it is not known where hosts reach this machine; say its address by --operator ADDRESS [init]",
    ]);
    const twice = findingsOf({ workers: ["192.0.2.11"], vip: "198.51.100.1" }).join("\n");
    assert.match(twice, /duplicate-address/);
    assert.match(twice, /198\.51\.100\.1/);
    assert.match(findingsOf({ controlPlane: ["192.0.2.11", "192.0.2.12"] }).join("\n"), /etcd/);
  });

  it("is refused with what is wrong besides what is missing", () => {
    const all = findingsOf({ controlPlane: [], operator: undefined, workers: ["w1.example.com", "192.0.2.21"] });
    assert.deepEqual(
      all.map((text) => text.replace(/[;,:].*/, "")),
      [
        "a stack of your own needs at least one control-plane host",
        "it is not known where hosts reach this machine",
        "w1",
      ],
    );
    assert.match(all.at(-1) ?? "", /field 'address' must be an IPv4 address/);
    assert.match(findingsOf({ controlPlane: [], subnet: "192.0.2.1/24" }).join("\n"), /plinth:nodeSubnet/);
  });

  it("has hosts of its own stand in for control-plane hosts that are missing, which are nobody else's", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 8 }),
        fc.boolean(),
        (numbers, hasVip) => {
          const workers = numbers.map((number) => `192.0.2.${number}`);
          const vip = hasVip ? "192.0.2.13" : undefined;
          assert.equal(findingsOf({ controlPlane: [], workers, vip }).length, 1);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("has the subnet of its control-plane hosts and the virtual IP, and this machine's address in it", () => {
    const own = ["203.0.113.1", "198.51.100.7"];
    const said = { controlPlane: ["198.51.100.1", "198.51.101.1"], vip: "198.51.100.9" };
    assert.equal(subnetFor(said), "198.51.100.0/23");
    assert.equal(operatorFor(own, said), "198.51.100.7");
    assert.equal(subnetFor({ ...said, vip: "192.0.2.1" }), "198.51.100.0/24");
    assert.equal(subnetFor({ ...said, subnet: "192.0.2.0/24" }), "192.0.2.0/24");
    assert.deepEqual([subnetFor({}), operatorFor(own, {}), operatorFor([], said)], [undefined, own[0], undefined]);
  });
});
