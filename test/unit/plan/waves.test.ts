import assert from "node:assert/strict";
import fc from "fast-check";
import { bringUp, bundles } from "../../../plan/bringup.ts";
import type { ClusterConfig } from "../../../plan/config.ts";
import type { Host, HostInput, Role } from "../../../plan/inventory.ts";
import {
  batchSize,
  isBootstrapped,
  isControlPlaneStep,
  keyOf,
  nodesInService,
  orderSteps,
  type OrderedStep,
  type OrderOptions,
} from "../../../plan/waves.ts";
import { configOf, factsOf, hostsOf, readingsOf, threeHosts } from "../../support/cluster.ts";

/** Everything that must have happened before a step, transitively. */
function ancestors(steps: readonly OrderedStep[], step: OrderedStep): Set<string> {
  const seen = new Set<string>();
  const visit = (current: OrderedStep) => {
    for (const earlier of current.after) {
      if (seen.has(keyOf(earlier))) continue;
      seen.add(keyOf(earlier));
      const found = steps.find((candidate) => keyOf(candidate) === keyOf(earlier));
      assert.ok(found, `${keyOf(step)} waits for ${keyOf(earlier)}, which is not planned`);
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

const controlPlaneRoles: readonly Role[] = ["etcd", "control-plane", "load-balancer"];
const isWorkerOnly = (host: Host) => !controlPlaneRoles.some((role) => host.roles.includes(role));
const config: ClusterConfig = { ...configOf(), maxUnavailable: "1" };
const withoutVip = configOf({ vip: "", externalEndpoint: "192.0.2.99" });
const fresh: OrderOptions = { bootstrapped: false, config, inService: new Set(), unreachable: new Set() };
/** A cluster in which every host is in service. */
const serving = (hosts: readonly Host[], maxUnavailable = "1", maxRacks = 1): OrderOptions => ({
  bootstrapped: true,
  config: { ...config, maxUnavailable, maxRacks },
  inService: new Set(hosts.map((host) => host.name)),
  unreachable: new Set(),
});

describe("plan/waves", () => {
  it("plans every step of every host once, before and after the bootstrap", () => {
    fc.assert(
      fc.property(inventories, fc.boolean(), fc.boolean(), (hosts, bootstrapped, hasVip) => {
        const options = bootstrapped ? serving(hosts) : fresh;
        const used = hasVip ? options : { ...options, config: withoutVip };
        const steps = orderSteps(hosts, used).map(keyOf);
        const gives = hosts.some(({ roles }) => roles.includes("control-plane"));
        const expected = [...(gives ? ["/roster-access"] : []), "/evacuation", "/roster"];
        for (const { kind, name, audience } of bringUp) {
          if (kind !== "bundle" && kind !== "node") continue;
          const meant = hosts.filter((host) => audience.includes(host, used.config));
          expected.push(...meant.map((host) => `${host.name}/${name}`));
        }
        assert.deepEqual([...steps].sort(), [...expected].sort());
      }),
    );
  });

  it("after the bootstrap no two hosts of the control plane may change at the same time", () => {
    fc.assert(
      fc.property(inventories, (hosts) => {
        const steps = orderSteps(hosts, serving(hosts)).filter((step) => isControlPlaneStep(step, hosts, config));
        steps.forEach((step, index) => {
          assert.equal(ancestors(steps, step).size, index);
        });
      }),
    );
  });

  it("a Node in service is changed after the control plane, and with no more others than allowed", () => {
    fc.assert(
      fc.property(inventories, fc.integer({ min: 1, max: 4 }), (hosts, limit) => {
        const steps = orderSteps(hosts, serving(hosts, String(limit)));
        const controlPlane = steps.filter((step) => isControlPlaneStep(step, hosts, config));
        const drains = steps.filter((step) => step.name === "drain");
        for (const drain of drains) {
          for (const step of controlPlane) assert.ok(ancestors(steps, drain).has(keyOf(step)));
        }
        // Two drains are side by side when neither waits for the other.
        for (const drain of drains) {
          const before = ancestors(steps, drain);
          const beside = drains.filter(
            (other) => other !== drain && !before.has(keyOf(other)) && !ancestors(steps, other).has(keyOf(drain)),
          );
          const host = hosts.find(({ name }) => name === drain.host);
          assert.ok(host);
          assert.ok(beside.length < (isWorkerOnly(host) ? limit : 1));
        }
      }),
    );
  });

  it("a batch waits until every Node of the one before is registered", () => {
    const hosts = hostsOf([
      ...threeHosts,
      ...[1, 2, 3, 4].map((n): HostInput => ({ name: `w${n}`, address: `192.0.2.2${n}`, roles: ["worker"] })),
    ]);
    const steps = orderSteps(hosts, serving(hosts, "2"));
    const before = (host: string, name: string) =>
      steps.find((step) => step.host === host && step.name === name)?.after.map(keyOf);
    assert.deepEqual(before("cp2", "drain"), ["cp1/register"]);
    assert.deepEqual(before("w1", "baseline"), ["cp3/register"]);
    // The first one is the canary.
    assert.deepEqual(before("w2", "baseline"), ["w1/register"]);
    assert.deepEqual(before("w3", "baseline"), ["w1/register"]);
    assert.deepEqual(before("w4", "baseline"), ["w2/register", "w3/register"]);
    assert.deepEqual(before("w3", "runtime"), ["w3/drain"]);
  });

  it("a host that is not in service yet waits for no Node, and no Node for it", () => {
    const hosts = hostsOf([
      ...threeHosts,
      { name: "w1", address: "192.0.2.21", roles: ["worker"] },
      { name: "w2", address: "192.0.2.22", roles: ["worker"] },
    ]);
    const steps = orderSteps(hosts, { ...serving(hosts), inService: new Set(["cp1", "cp2", "cp3", "w1"]) });
    for (const step of steps) {
      for (const earlier of ancestors(steps, step)) {
        const isOther = !earlier.startsWith("w2/");
        if (step.host === "w2" && isOther) assert.doesNotMatch(earlier, /\/(drain|register)$/);
        if (step.host !== "w2") assert.ok(isOther, `${keyOf(step)} waits for ${earlier}`);
      }
    }
  });

  it("a host that is not in service yet gets its runtime ahead of the API, and its kubelet once it may join", () => {
    fc.assert(
      fc.property(inventories, fc.boolean(), (hosts, bootstrapped) => {
        const steps = orderSteps(hosts, { ...fresh, bootstrapped });
        for (const { name } of hosts) {
          const before = (step: string): Set<string> => {
            const found = steps.find((candidate) => keyOf(candidate) === `${name}/${step}`);
            return found === undefined ? new Set() : ancestors(steps, found);
          };
          const foreign = [...before("runtime")].filter((key) => !key.startsWith(`${name}/`));
          const host = hosts.find((candidate) => candidate.name === name);
          if (host !== undefined && isWorkerOnly(host)) assert.deepEqual(foreign, []);
          assert.ok(!before("runtime").has(`${name}/drain`));
          if (before("node").size > 0) {
            for (const earlier of ["runtime", "drain"]) assert.ok(before("node").has(`${name}/${earlier}`), earlier);
          }
          if (before("register").size > 0) assert.ok(before("register").has(`${name}/node`));
        }
      }),
    );
  });

  it("a Node in service is drained before its runtime is changed", () => {
    const hosts = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
    const steps = orderSteps(hosts, serving(hosts));
    for (const step of steps.filter(({ name }) => name === "runtime"))
      assert.ok(ancestors(steps, step).has(`${step.host}/drain`), keyOf(step));
  });

  it("batches hold a number or a percentage of the workers, at least one", () => {
    assert.equal(batchSize("10%", 5), 1);
    assert.equal(batchSize("10%", 25), 2);
    assert.equal(batchSize("100%", 5), 5);
    assert.equal(batchSize("3", 5), 3);
  });

  it("before the bootstrap no etcd member waits for another, and every API server waits for all members", () => {
    fc.assert(
      fc.property(inventories, (hosts) => {
        const steps = orderSteps(hosts, fresh);
        const members = steps.filter((step) => step.name === "etcd");
        for (const step of members) {
          for (const earlier of ancestors(steps, step)) {
            const bundle = bundles.find(({ name }) => earlier.endsWith(`/${name}`));
            assert.equal(bundle?.stage, "host", `${keyOf(step)} waits for ${earlier}`);
          }
        }
        for (const step of steps.filter((candidate) => candidate.name === "controlplane")) {
          for (const member of members) assert.ok(ancestors(steps, step).has(keyOf(member)));
        }
      }),
    );
  });

  it("where etcd stands still, its members are changed as on a first bring-up, and Nodes in service in batches all the same", () => {
    fc.assert(
      fc.property(inventories, (hosts) => {
        const rolling = orderSteps(hosts, serving(hosts));
        const steps = orderSteps(hosts, { ...serving(hosts), standstill: true });
        assert.deepEqual(steps.map(keyOf).toSorted(), rolling.map(keyOf).toSorted());
        const members = steps.filter(({ name }) => name === "etcd");
        for (const step of members) for (const other of members) assert.ok(!ancestors(steps, step).has(keyOf(other)));
        for (const step of steps.filter(({ name }) => name === "controlplane"))
          for (const member of members) assert.ok(ancestors(steps, step).has(keyOf(member)));
        const batches = (all: readonly OrderedStep[]) =>
          all.filter((step) => step.after.some(({ name }) => name === "register")).map(keyOf);
        assert.deepEqual(batches(steps), batches(rolling));
      }),
    );
  });

  it("the hosts say which of them are Nodes in service", () => {
    const hosts = hostsOf();
    const node = (generation: number) => ({
      facts: factsOf("cp1", { bundles: { node: { generation, state: "half-done" as const } } }),
    });
    assert.deepEqual([...nodesInService(hosts, readingsOf(hosts))], []);
    assert.deepEqual([...nodesInService(hosts, readingsOf(hosts, { cp1: node(0) }))], []);
    assert.deepEqual([...nodesInService(hosts, readingsOf(hosts, { cp1: node(7) }))], ["cp1"]);
    assert.deepEqual([...nodesInService(hosts, readingsOf(hosts, { cp1: node(7) }), new Set(["cp1"]))], []);
  });

  it("the hosts say whether the cluster was brought up before", () => {
    const hosts = hostsOf();
    const done = (name: string) => ({
      facts: factsOf(name, { bundles: { etcd: { generation: 1, state: "complete" as const } } }),
    });
    const begun = {
      facts: factsOf("cp1", { bundles: { etcd: { generation: 1, state: "half-done" as const } } }),
    };
    assert.ok(!isBootstrapped(hosts, readingsOf(hosts)));
    assert.ok(!isBootstrapped(hosts, readingsOf(hosts, { cp1: begun })));
    // A member is done only once there was a quorum; another host may join, or be down.
    assert.ok(isBootstrapped(hosts, readingsOf(hosts, { cp1: done("cp1") })));
  });

  it("hosts that leave do so after those that join serve, and before load balancers forget them", () => {
    const hosts = hostsOf();
    const steps = orderSteps(hosts, serving(hosts));
    const roster = steps.find(({ name }) => name === "roster");
    assert.ok(roster);
    for (const step of steps.filter(({ name }) => name === "etcd" || name === "controlplane")) {
      assert.ok(ancestors(steps, roster).has(keyOf(step)));
    }
    for (const step of steps.filter(({ name }) => name === "loadbalancer")) {
      assert.ok(ancestors(steps, step).has("/roster"));
    }
  });

  it("nothing waits for a host that cannot be reached, and it waits for nothing", () => {
    fc.assert(
      fc.property(inventories, fc.nat(7), (hosts, index) => {
        const name = hosts[index % hosts.length]?.name ?? "";
        const steps = orderSteps(hosts, { ...serving(hosts), unreachable: new Set([name]) });
        for (const step of steps) {
          if (step.host === name) assert.deepEqual(step.after, []);
          else assert.ok(step.after.every(({ host }) => host !== name));
        }
      }),
    );
  });

  it("what was the way to the API before is given up after the last Node in service, host after host", () => {
    fc.assert(
      fc.property(inventories, fc.boolean(), (hosts, goes) => {
        const options = goes
          ? { ...serving(hosts), config: withoutVip, formerBalancers: new Set(hosts.map(({ name }) => name)) }
          : serving(hosts);
        const steps = orderSteps(hosts, options);
        const last = steps.filter((step) => step.last === true);
        assert.deepEqual(
          last.map(keyOf),
          hosts.flatMap(({ name, roles }) => [
            ...(goes ? [`${name}/loadbalancer`] : roles.includes("load-balancer") ? [`${name}/endpoint`] : []),
            ...(roles.includes("etcd") ? [`${name}/care`] : []),
          ]),
        );
        last.forEach((step, index) => {
          const before = ancestors(steps, step);
          assert.equal(isControlPlaneStep(step, hosts, config), false);
          for (const other of steps.filter((candidate) => candidate.last !== true)) assert.ok(before.has(keyOf(other)));
          for (const other of last.slice(0, index)) assert.ok(before.has(keyOf(other)));
        });
      }),
    );
  });

  it("a batch is of one rack, unless more are allowed, and the canary is alone and first", () => {
    const worker = (n: number, rack: string, more: object = {}): HostInput => ({
      ...{ name: `w${n}`, address: `192.0.2.2${n}`, roles: ["worker"], rack },
      ...more,
    });
    const hosts = hostsOf([
      ...threeHosts,
      ...[worker(1, "r1"), worker(2, "r2"), worker(3, "r1"), worker(4, "r2"), worker(5, "r1", { canary: true })],
    ]);
    const batches = (maxRacks: number, size = "2") => {
      const steps = orderSteps(hosts, serving(hosts, size, maxRacks));
      const first = steps.filter(({ host, name }) => host.startsWith("w") && name === "baseline");
      return [...Map.groupBy(first, ({ after }) => after.map(keyOf).join()).values()].map((batch) =>
        batch.map(({ host }) => host).join("+"),
      );
    };
    assert.deepEqual(batches(1), ["w5", "w1+w3", "w2+w4"]);
    assert.deepEqual(batches(2, "3"), ["w5", "w1+w2+w3", "w4"]);
  });
});
