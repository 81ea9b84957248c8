import assert from "node:assert/strict";
import fc from "fast-check";
import { describeFinding } from "../../../plan/findings.ts";
import { podNetworkFindings, podNetworkWarning, validateNetworkSizes } from "../../../plan/networksizes.ts";
import { checkPool } from "../../../plan/pool.ts";
import { poolMaterialSchema } from "../../../plan/poolmaterial.ts";
import { checkInput } from "../../../plan/stackinput.ts";
import { configOf, hostsOf, rawConfig, threeHosts } from "../../support/cluster.ts";
import { materialOf, poolHosts, rawPool } from "../../support/pool.ts";

const workers = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    name: `w${n}`,
    address: `198.51.${Math.floor(n / 250)}.${1 + (n % 250)}`,
    roles: ["worker"],
  }));
const judge = (extra: Record<string, unknown>, nodes = 3) =>
  validateNetworkSizes(hostsOf([...threeHosts, ...workers(nodes - 3)]), configOf(extra)).map(describeFinding);
const masked = (mask: string) => ({ controllerManagerArgs: { "node-cidr-mask-size": mask } });

describe("plan/networksizes", () => {
  it("has nothing to say about what fits", () => {
    assert.deepEqual(judge({}, 256), []);
    assert.deepEqual(judge({ podCidr: "10.244.0.0/22" }, 4), []);
    assert.deepEqual(judge({ podCidr: "10.244.0.0/20", ...masked("22"), kubeletConfig: { maxPods: 1021 } }, 4), []);
    assert.deepEqual(judge({ podCidr: "10.0.0.0/8", nodeSubnet: "192.0.2.0/24" }, 3), []);
  });

  it("refuses more Nodes than the pod network has parts for", () => {
    assert.match(judge({}, 303).join("\n"), /enough for 256 Nodes, and the inventory has 303.*\[pod-network-full\]/);
    assert.match(judge({ podCidr: "10.244.0.0/23" }).join("\n"), /enough for 2 Nodes, and the inventory has 3/);
    assert.match(judge({ podCidr: "10.244.0.0/23", ...masked("23") }).join("\n"), /enough for 1 Nodes/);
    assert.equal(judge({}, 303).length, 1);
  });

  it("refuses a part that is larger than the network, and too many parts", () => {
    assert.match(judge({ podCidr: "10.244.0.0/25" }).join("\n"), /would be a \/24, which is larger than all of it/);
    assert.match(judge({ podCidr: "10.244.0.0/25" }).join("\n"), /\[node-cidr-mask-size\]/);
    assert.match(judge({ podCidr: "10.0.0.0/8", ...masked("25") }).join("\n"), /131072 parts of a \/25.*at most 65536/);
    const ofFamily = { controllerManagerArgs: { "node-cidr-mask-size-ipv4": "15" } };
    assert.match(judge(ofFamily).join("\n"), /would be a \/15/);
    // To Go, what begins with a 0 is octal or worse.
    for (const text of ["many", "24.5", "33", "024", "0x18", " 24", "1e1", "+24"])
      assert.match(judge(masked(text)).join("\n"), /a number such as 24/, text);
  });

  it("refuses what the controller manager ends at once it leads", () => {
    for (const args of [
      { "node-cidr-mask-size": "25", "node-cidr-mask-size-ipv4": "25" },
      { "node-cidr-mask-size-ipv6": "64" },
    ])
      assert.match(judge({ controllerManagerArgs: args }).join("\n"), /takes one of them, for IPv4; keep node-cidr/);
    assert.deepEqual(
      judge({ controllerManagerArgs: { "node-cidr-mask-size": "25", "node-cidr-mask-size-ipv4": "0" } }),
      [],
    );
  });

  it("refuses more pods than a Node has addresses for", () => {
    assert.match(judge({ kubeletConfig: { maxPods: 500 } }).join("\n"), /500 pods, .* a \/24, has 253 addresses/);
    assert.match(judge(masked("26")).join("\n"), /110 pods, .* a \/26, has 61 addresses.*\[max-pods\]/);
    assert.deepEqual(judge({ kubeletConfig: { maxPods: 253 } }), []);
  });

  it("does not judge what somebody else gives to Nodes", () => {
    assert.deepEqual(judge({ network: "none", kubeletConfig: { maxPods: 500 } }, 303), []);
    const none = { network: "none", podCidr: "10.244.0.0/25" };
    assert.match(judge(none).join("\n"), /larger than all of it/, "the controller manager ends all the same");
    assert.deepEqual(judge({ ...none, controllerManagerArgs: { "allocate-node-cidrs": "false" } }), []);
  });

  it("refuses service networks that kube-apiserver does not take, or that run out", () => {
    for (const [prefix, found] of [
      ["11", 1],
      ["12", 0],
      ["24", 0],
      ["28", 1],
    ] as const) {
      const serviceCidr = `172.16.0.0/${prefix}`.replace("172.16.0.0/11", "172.0.0.0/11");
      assert.equal(judge({ serviceCidr }).length, found, prefix);
    }
  });

  const live = (count: number) => Array.from({ length: count }, (_, n) => ({ name: `node-${n}` }));

  it("counts the Nodes of pools that the cluster tells, and not those that leave", () => {
    const config = configOf({ podCidr: "10.244.0.0/20" });
    const nodes = { hosts: hostsOf(), leaving: [], live: [...live(13), { name: "cp1" }] };
    assert.deepEqual(podNetworkFindings(config, nodes), []);
    const [finding] = podNetworkFindings(config, { ...nodes, live: live(14) });
    assert.match(finding?.message ?? "", /enough for 16 Nodes, and cluster and pools come to 17/);
    assert.deepEqual(podNetworkFindings(config, { ...nodes, live: live(14), leaving: [{ name: "node-3" }] }), []);
    assert.deepEqual(podNetworkFindings(config, { ...nodes, live: undefined }), []);
  });

  it("warns before it is full", () => {
    const config = configOf({ podCidr: "10.244.0.0/20" });
    const warning = (count: number) =>
      podNetworkWarning(config, { hosts: hostsOf(), leaving: [], live: live(count - 3) });
    assert.equal(warning(12), undefined);
    assert.match(warning(13) ?? "", /enough for 16 Nodes, and there are 13/);
    const ofOne = { hosts: hostsOf(), leaving: [], live: undefined };
    assert.equal(podNetworkWarning(configOf({ podCidr: "10.244.0.0/22" }), ofOne), undefined);
    assert.equal(podNetworkWarning(configOf({ network: "none", podCidr: "10.244.0.0/24" }), ofOne), undefined);
  });

  it("judges a pool by the sizes of its cluster", () => {
    const settings = { ...materialOf().settings, controllerManagerArgs: { "node-cidr-mask-size": "26" } };
    const rules = checkPool(poolHosts, rawPool, materialOf({ settings })).findings.map(({ rule }) => rule);
    assert.deepEqual(rules, ["max-pods"]);
    const { controllerManagerArgs, ...earlier } = materialOf().settings;
    assert.deepEqual(controllerManagerArgs, {});
    const parsed = poolMaterialSchema.parse({
      ...materialOf({ controlPlane: materialOf().controlPlane }),
      settings: earlier,
    });
    assert.deepEqual(parsed.settings.controllerManagerArgs, {}, "what earlier clusters hand over");
  });

  it("accepts only what has room for all Nodes and their pods", () => {
    const sizes = fc.record({
      prefix: fc.integer({ min: 8, max: 28 }),
      mask: fc.option(fc.integer({ min: 8, max: 30 }), { nil: undefined }),
      maxPods: fc.option(fc.integer({ min: 1, max: 2000 }), { nil: undefined }),
      count: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(sizes, ({ prefix, mask, maxPods, count }) => {
        const extra = {
          podCidr: `10.0.0.0/${prefix}`,
          serviceCidr: "172.20.0.0/16",
          ...(mask === undefined ? {} : masked(String(mask))),
          ...(maxPods === undefined ? {} : { kubeletConfig: { maxPods } }),
        };
        if (checkInput([...threeHosts, ...workers(count)], { ...rawConfig, ...extra }).findings.length > 0) return;
        const part = 32 - (mask ?? 24);
        const all = 32 - prefix;
        assert.ok(part <= all && all - part <= 16);
        assert.ok((count + 3) * 2 ** part <= 2 ** all, "a part for every Node");
        assert.ok((maxPods ?? 110) + 3 <= 2 ** part, "an address for every pod");
      }),
      { numRuns: 300 },
    );
  });
});
