import assert from "node:assert/strict";
import { bundlesOf } from "../../../plan/bringup.ts";
import { planHost } from "../../../plan/bundles/index.ts";
import type { HostFacts } from "../../../plan/facts.ts";
import { formerBundles } from "../../../plan/formerbundles.ts";
import { clusterLeftFindings, guardHosts } from "../../../plan/guards.ts";
import type { HostInput } from "../../../plan/inventory.ts";
import { isMachineStack } from "../../../plan/machinestack.ts";
import { noProxyOf } from "../../../plan/proxy.ts";
import { checkInput } from "../../../plan/stackinput.ts";
import { keyOf, orderSteps } from "../../../plan/waves.ts";
import { defineRole, file, packageInstalled } from "../../../roles.ts";
import { factsWords } from "../../../plan/factswords.ts";
import { factsOf, rawConfig, threeHosts } from "../../support/cluster.ts";

const motd = defineRole({ name: "motd", plan: () => [file("/etc/motd", { content: "" }), packageInstalled("figlet")] });
type Written = Omit<HostInput, "roles"> & { roles?: string[] };

const first: Written = { name: "m1", address: "198.51.100.1", roles: ["motd"] };
const second: Written = { name: "m2", address: "198.51.100.2" };
const alone = { artifactsUrl: "https://artifacts.example.com" };

function check(hosts: readonly Written[], raw: Record<string, unknown>) {
  const { config, ...checked } = checkInput(hosts, raw, [motd]);
  assert.ok(config);
  return { ...checked, config, sentences: checked.findings.map(({ rule, message }) => `${rule}: ${message}`) };
}

const bundlesAt = (hosts: ReturnType<typeof check>, name: string) => {
  const host = hosts.hosts.find((one) => one.name === name) ?? assert.fail(name);
  return planHost({ host, hosts: hosts.hosts, config: hosts.config });
};

describe("a stack of machines", () => {
  const stack = check([first, second], alone);

  it("needs nothing of a cluster", () => {
    assert.deepEqual(stack.sentences, []);
    assert.equal(stack.config.machinesOnly, true);
  });

  it("is told by hosts as they are written, whatever else is wrong with them", () => {
    assert.ok(isMachineStack([first, second]));
    assert.ok(!isMachineStack([first, { name: "Not Good", roles: ["worker"] }]));
    assert.ok(!isMachineStack([]));
    assert.ok(!isMachineStack("hosts"));
    assert.ok(isMachineStack([{ name: "m1", roles: "worker" }, 7]));
  });

  it("is refused the settings of a cluster: somebody has forgotten the roles", () => {
    assert.deepEqual(check([first], { ...rawConfig, podCidr: "10.244.0.0/16", vipName: "" }).sentences, [
      "machine-setting: plinth:nodeSubnet, plinth:vip are for a cluster, and no host of the inventory has a role of one",
    ]);
    assert.equal(check([first], { ...alone, clusterName: "edge" }).config.clusterName, "edge");
  });

  it("brings hosts what their roles are, and nothing of a cluster", () => {
    const [baseline, role] = bundlesAt(stack, "m1");
    assert.deepEqual(
      [baseline, role].map((bundle) => [bundle?.name, bundle?.files.map(({ path }) => path), bundle?.units]),
      [
        ["baseline", [], []],
        ["role-motd", ["/etc/motd"], []],
      ],
    );
    const { packages, downloads, directories, checks, prepares } = baseline ?? assert.fail();
    assert.deepEqual([packages, downloads, directories, checks, prepares], [[], [], [], [], []]);
    assert.deepEqual(
      bundlesAt(stack, "m2").map(({ name }) => name),
      ["baseline"],
    );
  });

  it("is asked for less than hosts of a cluster, and judged by nothing that it is not asked for", () => {
    const { hosts, config } = stack;
    const own = {
      family: "rhel" as const,
      selinux: "enforcing" as const,
      noexec: { "/usr/local/lib/plinth": "/usr" },
      addresses: { "198.51.100.1": "eth0" },
      commands: {},
    };
    const bare = factsOf("m1", {
      ...own,
      ...{ ownAddresses: [], timeSync: [], listeners: [], linkMtus: {}, resolvers: {}, forwardDrops: [], features: {} },
      ...{ versions: { curl: "7.0" }, cgroup: "", cgroupControllers: [] },
    });
    const worst = factsOf("m1", {
      ...own,
      ...{ ownAddresses: ["192.0.2.99"], timeSync: [], linkMtus: { eth0: 576 } },
      listeners: [22, 6443, 10250, 2379].map((port) => ({
        ...{ protocol: "tcp", address: "0.0.0.0", port, pid: "7", command: "other", unit: "other.service" },
      })),
      resolvers: { "/etc/resolv.conf": "loopback" },
      forwardDrops: [{ tool: "nft", family: "ip", table: "filter", chain: "FORWARD", from: [], to: [] }],
      features: { overlay: "missing", br_netfilter: "missing", nf_tables: "missing", vxlan: "missing" },
      versions: { curl: "7.0", nft: "0.1", haproxy: "1.0", keepalived: "1.0" },
      ...{ cgroup: "v1", cgroupControllers: [] },
      firewalld: { defaultZone: "public", zones: [] },
    });
    const judged = [bare, worst].map((facts) =>
      guardHosts(hosts.slice(0, 1), config, new Map([["m1", { facts }]]), undefined),
    );
    assert.deepEqual(judged[0], judged[1]);
    assert.deepEqual(
      judged[0]?.map(({ rule }) => rule),
      ["missing-command", "tool-version", "noexec"],
    );
    assert.deepEqual(
      hosts.map((host) => factsWords(host, config)),
      [["machine"], ["machine"]],
    );
  });

  it("goes by the proxies that are set, and passes by them only what is named", () => {
    const proxy = { https: "http://proxy.example.com:3128", noProxy: ["198.51.100.0/24"] };
    const behind = check([first], { ...alone, proxy });
    assert.deepEqual(
      bundlesAt(behind, "m1")[0]?.files.map(({ path }) => path),
      ["/etc/plinth/proxy.env"],
    );
    assert.deepEqual(noProxyOf(behind.config), [
      "localhost",
      "127.0.0.0/8",
      "artifacts.example.com",
      "198.51.100.0/24",
    ]);
  });

  it("has no steps of a roster, and rolls once its hosts serve", () => {
    const { hosts, config } = stack;
    for (const bootstrapped of [false, true]) {
      const inService = new Set(bootstrapped ? ["m1", "m2"] : []);
      const steps = orderSteps(hosts, { bootstrapped, config, inService, unreachable: new Set() });
      assert.deepEqual(
        steps.map((step) => `${keyOf(step)} after ${step.after.map(keyOf).join(" ")}`),
        [
          "m1/baseline after ",
          "m1/role-motd after m1/baseline",
          `m2/baseline after ${bootstrapped ? "m1/role-motd" : ""}`,
        ],
      );
    }
  });

  it("is refused where the last run has left a cluster or a pool", () => {
    const rules = (previous: Parameters<typeof clusterLeftFindings>[0]) =>
      clusterLeftFindings(previous).map(({ rule }) => rule);
    assert.deepEqual(rules(undefined), []);
    assert.deepEqual(rules({ hosts: {}, kind: "machines", clusterName: "machines" }), []);
    assert.deepEqual(rules({ hosts: {}, caCertificate: "PEM" }), ["cluster-left"]);
    assert.deepEqual(rules({ hosts: {}, clusterStack: "a/b/c" }), ["cluster-left"]);
  });
});

describe("a machine besides a cluster", () => {
  const beside = { ...first, address: "192.0.2.31" };
  const stack = check([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }, beside], rawConfig);

  it("has none of the cluster's bundles but an empty one, and the cluster is as without it", () => {
    assert.deepEqual(stack.sentences, []);
    assert.deepEqual(
      bundlesAt(stack, "m1").map(({ name, files, units }) => [name, files.length, units.length]),
      [
        ["baseline", 0, 0],
        ["role-motd", 1, 0],
      ],
    );
    const without = check([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }], rawConfig);
    for (const name of ["cp1", "w1"]) assert.deepEqual(bundlesAt(stack, name), bundlesAt(without, name));
  });

  it("has no settings of Nodes", () => {
    const wrong = check([...threeHosts, { ...beside, settings: { sysctls: { "vm.swappiness": "0" } } }], rawConfig);
    assert.deepEqual(wrong.sentences, [
      "machine-setting: it has settings (sysctls), which are for hosts of a cluster, and no role of one",
    ]);
  });

  const judged = (facts: Partial<HostFacts>, name = "m1") => {
    const told = new Map([[name, { facts: factsOf(name, { addresses: {}, ...facts }) }]]);
    return guardHosts(stack.hosts, stack.config, told, undefined).map(({ rule }) => rule);
  };

  it("need not be as hosts of a cluster are", () => {
    const small: Partial<HostFacts> = {
      ...{ memoryKiB: 200_000, swapKiB: 1_000_000, swapUsedKiB: 900_000, memoryAvailableKiB: 1000 },
      ...{
        hostname: "bastion",
        timeSync: [],
        populated: ["/var/lib/containerd", "/var/lib/etcd"],
        selinux: "enforcing",
      },
      ...{
        diskFreeKiB: { "/opt": 1000, "/var/lib": 1000 },
        features: {},
        cgroup: "v1",
        noexec: { "/opt/plinth": "/opt" },
      },
      versions: { haproxy: "1.8", nft: "0.9" },
    };
    assert.deepEqual(judged(small), []);
    assert.ok(judged(small, "w1").length > 5);
    assert.deepEqual(judged({ commands: {} }), ["missing-command"]);
  });

  it("is no host of the control plane from one run to the next", () => {
    const bundles = (...names: string[]) => ({
      bundles: Object.fromEntries(names.map((name) => [name, { generation: 1, state: "complete" as const }])),
    });
    assert.deepEqual(judged(bundles("baseline", "runtime", "node")), []);
    assert.deepEqual(judged(bundles("baseline", "etcd")), ["machine-serves"]);
  });

  it("gives up what it has from when it was a worker, the last of it first, before what it is now", () => {
    const carried = ["baseline", "runtime", "node"].map(
      (name) => [name, { generation: 1, state: "complete" }] as const,
    );
    const readings = new Map(
      ["w1", "m1"].map((name) => [name, { facts: factsOf(name, { bundles: Object.fromEntries(carried) }) }]),
    );
    const former = formerBundles(stack.hosts, stack.config, readings);
    assert.deepEqual(former, { formerBundles: { m1: ["runtime", "node"] } });
    const config = { ...stack.config, ...former };
    const machine = stack.hosts.find(({ name }) => name === "m1") ?? assert.fail();
    assert.deepEqual(
      bundlesOf(machine, config).map(({ name }) => name),
      ["baseline", "role-motd", "runtime", "node"],
    );
    const inService = new Set(stack.hosts.map(({ name }) => name));
    const steps = orderSteps(stack.hosts, { bootstrapped: true, config, inService, unreachable: new Set() });
    const own = steps.filter(({ host }) => host === "m1");
    assert.deepEqual(
      own.map(({ name }) => name),
      ["node", "runtime", "baseline", "role-motd"],
    );
    const place = (key: string) => steps.findIndex((step) => keyOf(step) === key);
    assert.ok(place("/roster") < place("m1/node"), "its Node is gone by then");
    assert.deepEqual(formerBundles(stack.hosts, stack.config, new Map()), {});
  });
});
