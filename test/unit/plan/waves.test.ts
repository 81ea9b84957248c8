import assert from "node:assert/strict";
import fc from "fast-check";
import type { HostInput, Role } from "../../../plan/inventory.ts";
import { isBootstrapped, orderSteps, type OrderedStep, type Step } from "../../../plan/waves.ts";
import { factsOf, hostsOf, readingsOf } from "../../support/cluster.ts";

const key = (step: Step) => `${step.host}/${step.bundle}`;

/** Everything that must have happened before a step, transitively. */
function ancestors(steps: readonly OrderedStep[], step: OrderedStep): Set<string> {
  const seen = new Set<string>();
  const visit = (current: OrderedStep) => {
    for (const earlier of current.after) {
      if (seen.has(key(earlier))) continue;
      seen.add(key(earlier));
      const found = steps.find((candidate) => key(candidate) === key(earlier));
      assert.ok(found, `${key(step)} waits for ${key(earlier)}, which is not planned`);
      visit(found);
    }
  };
  visit(step);
  return seen;
}

const inventories = fc
  .array(fc.subarray<Role>(["etcd", "control-plane", "load-balancer", "worker"], { minLength: 1 }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((roleSets) =>
    hostsOf(roleSets.map((roles, n): HostInput => ({ name: `h${n}`, address: `192.0.2.${n + 1}`, roles }))),
  );

describe("plan/waves", () => {
  it("plans every bundle of every host once, before and after the bootstrap", () => {
    fc.assert(
      fc.property(inventories, fc.boolean(), fc.boolean(), (hosts, bootstrapped, hasVip) => {
        const steps = orderSteps(hosts, { bootstrapped, hasVip }).map(key);
        const expected = hosts.flatMap((host) => [
          ...(host.roles.includes("etcd") ? [`${host.name}/etcd`] : []),
          ...(host.roles.includes("control-plane") ? [`${host.name}/controlplane`] : []),
          ...(hasVip && host.roles.includes("load-balancer") ? [`${host.name}/loadbalancer`] : []),
        ]);
        assert.deepEqual([...steps].sort(), [...expected].sort());
      }),
    );
  });

  it("after the bootstrap no two steps may run at the same time", () => {
    fc.assert(
      fc.property(inventories, (hosts) => {
        const steps = orderSteps(hosts, { bootstrapped: true, hasVip: true });
        steps.forEach((step, index) => {
          assert.equal(ancestors(steps, step).size, index);
        });
      }),
    );
  });

  it("before the bootstrap no etcd member waits for anything, and every API server waits for all members", () => {
    fc.assert(
      fc.property(inventories, (hosts) => {
        const steps = orderSteps(hosts, { bootstrapped: false, hasVip: true });
        const members = steps.filter((step) => step.bundle === "etcd");
        for (const step of members) assert.deepEqual(step.after, []);
        for (const step of steps.filter((candidate) => candidate.bundle === "controlplane")) {
          for (const member of members) assert.ok(ancestors(steps, step).has(key(member)));
        }
      }),
    );
  });

  it("the hosts say whether the cluster was brought up before", () => {
    const hosts = hostsOf();
    const done = (name: string) => ({
      facts: factsOf(name, { bundles: { etcd: { generation: 1, state: "complete" as const } } }),
    });
    assert.ok(!isBootstrapped(hosts, readingsOf(hosts)));
    assert.ok(!isBootstrapped(hosts, readingsOf(hosts, { cp1: done("cp1") })));
    assert.ok(isBootstrapped(hosts, readingsOf(hosts, { cp1: done("cp1"), cp2: done("cp2"), cp3: done("cp3") })));
  });
});
