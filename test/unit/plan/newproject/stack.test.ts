import assert from "node:assert/strict";
import fc from "fast-check";
import { describeFinding } from "../../../../plan/findings.ts";
import { newStack, subnetOf, type StackAnswers } from "../../../../plan/newproject/stack.ts";

const answers: StackAnswers = {
  stack: "prod",
  controlPlane: ["192.0.2.11", "192.0.2.12", "192.0.2.13"],
  workers: ["192.0.2.21"],
  vip: "192.0.2.10",
  operator: "192.0.2.5",
};
const findingsOf = (said: Partial<StackAnswers>): string[] =>
  newStack({ ...answers, ...said }).findings.map(describeFinding);

describe("the first stack of a new project", () => {
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
      ...findingsOf({ controlPlane: [], operator: undefined, vip: undefined }).slice(2),
    ]);
    const twice = findingsOf({ workers: ["192.0.2.11"], vip: "198.51.100.1" }).join("\n");
    assert.match(twice, /duplicate-address/);
    assert.match(twice, /198\.51\.100\.1/);
    assert.match(findingsOf({ controlPlane: ["192.0.2.11", "192.0.2.12"] }).join("\n"), /etcd/);
  });

  it("has the subnet of its first host, and says nothing of what is no address", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [a, b, c] = address.split(".");
        assert.equal(subnetOf(address), `${a ?? ""}.${b ?? ""}.${c ?? ""}.0/24`);
      }),
    );
    for (const text of ["", "cp1", "192.0.2", "192.0.2.300.1", "2001:db8::1"]) assert.equal(subnetOf(text), undefined);
  });
});
