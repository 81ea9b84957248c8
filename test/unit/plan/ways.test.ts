import assert from "node:assert/strict";
import fc from "fast-check";
import { bundleOf, configOf, factsOf, hostsOf, readingsOf, threeHosts } from "../../support/cluster.ts";
import { leavesOf } from "../../../plan/bundles/index.ts";
import { endpointFor, endpointOf } from "../../../plan/endpoint.ts";
import { poolEndpointFindings } from "../../../plan/guards.ts";
import {
  apiInstances,
  changedWayWarning,
  changesWay,
  forgetsWays,
  formerBalancers,
  instanceOf,
  ownWays,
  waysOf,
} from "../../../plan/ways.ts";
import type { VrrpInstance, Ways } from "../../../plan/wayshape.ts";

const hosts = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
const first = "192.0.2.10";
const second = "192.0.2.9";
const url = (host: string) => `https://${host}:6443`;
const byVip = (vip: string) => configOf({ vip });
const external = configOf({ vip: "", externalEndpoint: "lb.example.net" });
const held = (address: string, routerId = 51, name = "kube_apiserver"): VrrpInstance => ({ name, routerId, address });

/** A sequence of endpoints; `undefined` stands for the load balancer of somebody else. */
const plans = fc.array(fc.constantFrom(first, second, "192.0.2.8", undefined), { minLength: 1, maxLength: 4 });
const configFor = (vip: string | undefined) => (vip === undefined ? external : byVip(vip));

describe("plan/ways", () => {
  it("remembers the virtual IP before, and forgets nothing while nothing changes", () => {
    const before = waysOf(hosts, byVip(first), undefined, []);
    assert.deepEqual(before, { hosts: url(first), vip: first, former: [], formerVips: [] });
    const changed = waysOf(hosts, byVip(second), { ways: before }, [held(first)]);
    assert.deepEqual(changed, { hosts: url(second), vip: second, former: [url(first)], formerVips: [first] });
    for (const instances of [[], [held(second, 52, "kube_apiserver_2")], [held(first), held(second)]])
      assert.deepEqual(waysOf(hosts, byVip(second), { ways: changed }, instances), changed);
    assert.deepEqual(waysOf(hosts, byVip(first), { ways: changed }, []).former, [url(second)]);
  });

  it("goes from a virtual IP to a load balancer of somebody else's, and back", () => {
    const before = waysOf(hosts, byVip(first), undefined, []);
    const away = waysOf(hosts, external, { ways: before }, [held(first)]);
    assert.deepEqual(away, { hosts: url("lb.example.net"), former: [url(first)], formerVips: [first] });
    const back = waysOf(hosts, byVip(first), { ways: away }, []);
    assert.deepEqual(back, { hosts: url(first), vip: first, former: [url("lb.example.net")], formerVips: [] });
  });

  it("are nobody's where another stack's cluster has them, or nobody serves the API", () => {
    const config = byVip(first);
    assert.deepEqual(ownWays(undefined, hosts, config, undefined, []), waysOf(hosts, config, undefined, []));
    assert.equal(ownWays(hosts, hosts, config, undefined, []), undefined);
    const workers = hosts.filter(({ roles }) => roles.includes("worker"));
    assert.equal(ownWays(undefined, workers, config, undefined, []), undefined);
    assert.equal(ownWays(undefined, [], configOf({ vip: "" }), undefined, []), undefined);
  });

  it("takes over what a release has left that remembered no ways", () => {
    const changed = waysOf(hosts, byVip(second), { endpoint: url(first) }, [held(first)]);
    assert.deepEqual([changed.former, changed.formerVips], [[url(first)], [first]]);
    const named = configOf({ vip: second, vipName: "api.example.net" });
    const unnamed = waysOf(hosts, named, { endpoint: url("api.example.net") }, [held(first)]);
    assert.deepEqual([unnamed.former, unnamed.formerVips], [[url(first)], [first]]);
  });

  it("remembers no address that a host of the inventory has", () => {
    const one = hostsOf(threeHosts.slice(0, 1));
    const alone = waysOf(one, configOf({ vip: "" }), undefined, []);
    assert.deepEqual(alone, { hosts: url("192.0.2.11"), former: [], formerVips: [] });
    assert.deepEqual(waysOf(hosts, byVip(first), { ways: alone }, []).former, []);
  });

  it("says when hosts go another way, and when the state must be told first", () => {
    const before = waysOf(hosts, byVip(first), undefined, []);
    const after = waysOf(hosts, byVip(second), { ways: before }, []);
    assert.deepEqual([changesWay(before, undefined), changesWay(before, { ways: before })], [false, false]);
    assert.ok(changesWay(after, { ways: before }));
    assert.deepEqual([forgetsWays(undefined, before), forgetsWays({ ways: before }, after)], [false, true]);
    assert.equal(forgetsWays({ ways: after }, after), false);
    assert.match(
      changedWayWarning(after, configOf()),
      /changes to https:\/\/192\.0\.2\.9:6443.*192\.0\.2\.10 is held until the last Node has changed/,
    );
    const kept = changedWayWarning(after, configOf({ keepFormerEndpoints: true }));
    assert.match(kept, /is held until plinth:keepFormerEndpoints is false again/);
  });

  it("whatever runs are killed and whichever Nodes have changed by then, every endpoint of a Node is served and certified", () => {
    const cuts = fc.array(fc.nat({ max: hosts.length }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(plans, cuts, (sequence, cut) => {
        // What Nodes go by and what load balancers hold, when a run is killed after so many hosts, or has done all of them.
        let used: string[] = [];
        let instances: VrrpInstance[] = [];
        let ways: Ways | undefined;
        sequence.forEach((vip, index) => {
          const config = configFor(vip);
          const next = waysOf(hosts, config, ways === undefined ? undefined : { ways }, instances);
          const chosen = instanceOf(config, instances);
          const now = endpointOf(hosts, config);
          if (ways === undefined) used = hosts.map(() => now);
          if (vip !== undefined && !instances.some(({ address }) => address === vip))
            instances = [...instances, { ...chosen, address: vip }];
          // VRRP tells instances apart by their ids, keepalived by their names.
          assert.equal(new Set(instances.map(({ routerId }) => routerId)).size, instances.length);
          assert.equal(new Set(instances.map(({ name }) => name)).size, instances.length);
          const done = cut[index] ?? 0;
          used = used.map((before, host) => (host < done ? now : before));
          const certified = new Set([next.hosts, ...next.former]);
          for (const way of used) {
            assert.ok(certified.has(way), `${way} is not certified`);
            const address = new URL(way).hostname;
            if (address === "lb.example.net") continue;
            assert.ok([next.vip, ...next.formerVips].includes(address), `${address} is not answered`);
            assert.ok(
              instances.some((instance) => instance.address === address),
              `${address} is not held`,
            );
          }
          if (done === hosts.length) instances = instances.filter(({ address }) => address === vip);
          // The state is told before a host is touched.
          ways = next;
        });
      }),
    );
  });

  describe("VRRP instances", () => {
    it("stay what they are, and a new address gets a name and a router id of its own", () => {
      assert.deepEqual(instanceOf(byVip(first), []), { name: "kube_apiserver", routerId: 51 });
      assert.deepEqual(instanceOf(byVip(first), [held(first)]), { name: "kube_apiserver", routerId: 51 });
      const other = instanceOf(byVip(second), [held(first)]);
      // 52 is that of service ports.
      assert.deepEqual(other, { name: "kube_apiserver_2", routerId: 53 });
      assert.deepEqual(instanceOf(byVip(second), [held(first), { ...other, address: second }]), other);
      assert.deepEqual(instanceOf(byVip(second), [{ ...other, address: second }]), other);
      assert.deepEqual(instanceOf(byVip(first), [{ ...other, address: second }]), {
        name: "kube_apiserver",
        routerId: 51,
      });
    });

    it("follow plinth:virtualRouterId", () => {
      const moved = configOf({ virtualRouterId: 70 });
      assert.deepEqual(instanceOf(moved, [held(first)]), { name: "kube_apiserver", routerId: 70 });
      assert.deepEqual(instanceOf(configOf({ vip: second, virtualRouterId: 255 }), [held(first, 255)]), {
        name: "kube_apiserver_2",
        routerId: 1,
      });
    });

    it("are told by load balancers; that of service ports is another matter", () => {
      const readings = readingsOf(hosts, {
        cp1: { facts: factsOf("cp1", { vrrp: [held(first), held("192.0.2.30", 52, "services")] }) },
        cp2: { failure: "unreachable", message: "no answer" },
      });
      assert.deepEqual(apiInstances(readings), [held(first)]);
    });
  });

  it("lets a load balancer go where none is wanted, unless former endpoints are kept", () => {
    const carrying = readingsOf(hosts, {
      cp1: { facts: factsOf("cp1", { bundles: { loadbalancer: { generation: 1, state: "complete" } } }) },
    });
    assert.deepEqual([...formerBalancers(hosts, external, carrying)], ["cp1"]);
    assert.deepEqual([...formerBalancers(hosts, byVip(first), carrying)], []);
    const keeping = configOf({ vip: "", externalEndpoint: "lb.example.net", keepFormerEndpoints: true });
    assert.deepEqual([...formerBalancers(hosts, keeping, carrying)], []);
  });

  it("refuses to leave worker pools behind", () => {
    const before = waysOf(hosts, byVip(first), undefined, []);
    const ways = waysOf(hosts, byVip(second), { ways: before }, []);
    const nodes = [
      { name: "w1", ready: true, owner: "demo" },
      { name: "p1", ready: true, owner: "pool" },
    ];
    const situation = { stack: "demo", config: configOf(), ways, previous: { ways: before }, nodes };
    const [finding] = poolEndpointFindings(situation);
    assert.equal(finding?.rule, "pool-endpoint");
    assert.match(finding.message, /: p1$/);
    assert.deepEqual(poolEndpointFindings({ ...situation, nodes: nodes.slice(0, 1) }), []);
    assert.deepEqual(poolEndpointFindings({ ...situation, previous: { ways } }), []);
    assert.deepEqual(poolEndpointFindings({ ...situation, config: configOf({ keepFormerEndpoints: true }) }), []);
  });

  it("lets agents of a control-plane host go to its own API server behind a load balancer of somebody else's", () => {
    const [cp1, w1] = [hosts[0], hosts[3]];
    assert.ok(cp1 && w1);
    assert.equal(endpointFor(cp1, hosts, external), url("192.0.2.11"));
    assert.equal(endpointFor(w1, hosts, external), url("lb.example.net"));
    assert.equal(endpointFor(cp1, hosts, byVip(first)), url(first));
    const text = (host: typeof cp1, config: typeof external) =>
      JSON.stringify(bundleOf("node", { host, hosts, config }));
    assert.doesNotMatch(text(cp1, external), /lb\.example\.net/);
    assert.match(text(w1, external), /lb\.example\.net/);
    const names = leavesOf({ host: cp1, hosts, config: external }).find(({ name }) => name === "apiserver");
    assert.ok(names?.ipAddresses.includes("192.0.2.11"));
  });

  describe("texts", () => {
    const [cp1] = hosts;
    assert.ok(cp1);
    const ways = waysOf(hosts, byVip(second), { ways: waysOf(hosts, byVip(first), undefined, []) }, [held(first)]);
    const config = { ...byVip(second), ways, apiInstance: { name: "kube_apiserver_2", routerId: 53 } };
    const file = (name: string) =>
      bundleOf("loadbalancer", { host: cp1, hosts, config }).files.find(({ path }) => path.endsWith(name))?.content ??
      "";

    it("take connections to both addresses, and hold the new one by an instance of its own", () => {
      assert.match(
        file("haproxy.cfg"),
        /bind 192\.0\.2\.9:6443 transparent.*\n {2}bind 192\.0\.2\.10:6443 transparent/,
      );
      assert.match(file("keepalived.conf"), /vrrp_instance kube_apiserver_2 \{[^}]*virtual_router_id 53\n/);
      assert.match(file("keepalived.conf"), /^include \/etc\/keepalived\/plinth\/former\.conf$/m);
      assert.doesNotMatch(file("keepalived.conf"), /192\.0\.2\.10\//);
    });

    it("certify both, and let a kubelet look before it changes", () => {
      const leaf = leavesOf({ host: cp1, hosts, config }).find(({ name }) => name === "apiserver");
      assert.deepEqual(leaf?.ipAddresses.slice(-2), [second, first]);
      const node = bundleOf("node", { host: cp1, hosts, config });
      assert.deepEqual(
        node.requires?.map(({ name }) => name),
        ["api-ready"],
      );
      assert.deepEqual(bundleOf("node", { host: cp1, hosts, config: byVip(first) }).requires, []);
    });

    it("give the address before up at the end, and name the present one", () => {
      const last = (extra: Partial<typeof config>) =>
        bundleOf("endpoint", { host: cp1, hosts, config: { ...config, ...extra } }).prepares;
      assert.deepEqual(last({}), [
        {
          ...{ name: "release-addresses", deadline: 60, unit: "keepalived.service" },
          args: { former: "/etc/keepalived/plinth/former.conf", present: second },
        },
      ]);
      assert.deepEqual(last({ keepFormerEndpoints: true }), []);
    });
  });
});
