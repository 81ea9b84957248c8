import assert from "node:assert/strict";
import { parseConfig } from "../../../plan/config.ts";
import { apiserverServiceAddress } from "../../../plan/endpoint.ts";
import { describeFinding, PlinthError, type Finding } from "../../../plan/findings.ts";
import { parseInventory } from "../../../plan/inventory.ts";
import { leavingHosts, rememberedHost } from "../../../plan/membership.ts";
import { checkInput } from "../../../plan/stackinput.ts";
import { validateCluster, validateInventory } from "../../../plan/validate.ts";
import { configOf, hostsOf, rawConfig, threeHosts } from "../../support/cluster.ts";

const rules = (findings: readonly Finding[]) => findings.map((finding) => finding.rule);

describe("plan/inventory", () => {
  it("names the host and the field of every mistake, and keeps the good hosts", () => {
    const { hosts, findings } = parseInventory([
      threeHosts[0],
      { name: "Bad_Name", address: "192.0.2.300", roles: ["w"] },
      { name: "cp9", address: "192.0.2.19", roles: ["etcd"], adress: "x" },
      "cp4",
    ]);
    assert.deepEqual(
      hosts.map((host) => host.name),
      ["cp1"],
    );
    const text = findings.map(describeFinding).join("\n");
    assert.match(text, /Bad_Name: field 'name' must be a DNS-1123 label/);
    assert.match(text, /Bad_Name: field 'address' must be an IPv4 address/);
    assert.match(text, /Bad_Name: field 'roles\.0' must be one of/);
    assert.match(text, /cp9: has adress, which is unknown here/);
    assert.match(text, /host number 4/);
  });

  it("refuses an empty inventory", () => {
    assert.deepEqual(rules(parseInventory([]).findings), ["inventory"]);
    assert.deepEqual(rules(parseInventory(undefined).findings), ["inventory"]);
  });
});

describe("plan/inventory's labels, taints and keys", () => {
  const said = (more: object) =>
    parseInventory([{ name: "w1", address: "192.0.2.21", roles: ["worker"], ...more }])
      .findings.map(describeFinding)
      .join("\n");
  const effect = "NoSchedule";

  it("are not those that Kubernetes or Plinth sets", () => {
    for (const name of ["kubernetes.io/hostname", "plinth/x", "node-restriction.kubernetes.io/plinth-owner"])
      assert.match(said({ labels: { [name]: "a" } }), /w1.*set on Nodes by Kubernetes or by Plinth itself/);
    for (const key of ["plinth/uninitialized", "node.kubernetes.io/not-ready", "ToBeDeletedByClusterAutoscaler"])
      assert.match(said({ taints: [{ key, effect }] }), /w1.*set on Nodes by Kubernetes or by Plinth itself/);
    assert.equal(said({ labels: { "node.kubernetes.io/instance-type": "large", gpu: "yes" } }), "");
  });

  it("are each said once", () => {
    const taints = [
      { key: "gpu", value: "a", effect },
      { key: "gpu", value: "b", effect },
    ];
    assert.match(said({ taints }), /w1.*one key with the same effect twice/);
    assert.equal(said({ taints: [taints[0], { key: "gpu", effect: "NoExecute" }] }), "");
  });

  it("have no host in front", () => {
    assert.match(said({ hostKey: "192.0.2.21 ssh-ed25519 AAAA" }), /w1.*TYPE BASE64.*without the host in front/);
    assert.equal(said({ hostKey: "ssh-ed25519 AAAA" }), "");
  });
});

describe("plan/inventory's ways in", () => {
  const [cp1, cp2] = threeHosts.map((host) => ({ ...host, sshAddress: "203.0.113.5" }));

  it("lets hosts share an address for SSH where they differ in the port", () => {
    const at = (one?: number, other?: number): Finding[] => {
      const port = (value?: number): object => (value === undefined ? {} : { port: value });
      return validateInventory(hostsOf([{ ...cp1, ...port(one) }, { ...cp2, ...port(other) }, threeHosts[2]]));
    };
    assert.deepEqual(at(2201, 2202), []);
    const [finding, ...more] = at();
    assert.deepEqual([finding?.rule, finding?.hosts, more], ["duplicate-ssh-address", ["cp1", "cp2"], []]);
  });

  it("takes no address of another host, but for another port or behind another bastion", () => {
    const at = (extra: object) => {
      const [first, second, third] = threeHosts;
      return rules(validateInventory(hostsOf([first, { ...second, sshAddress: first?.address, ...extra }, third])));
    };
    assert.deepEqual(at({}), ["duplicate-ssh-address"]);
    assert.deepEqual(at({ port: 2222 }), []);
    assert.deepEqual(at({ bastion: ["gate.example.net"] }), []);
  });

  it("takes no user and port in it", () => {
    for (const sshAddress of ["root@203.0.113.5", "203.0.113.5:22", "-oProxyCommand=x", "203.0.113.300", ""])
      assert.deepEqual(rules(parseInventory([{ ...cp1, sshAddress }]).findings), ["inventory"], sshAddress);
  });

  it("is remembered of hosts that leave", () => {
    const [host] = hostsOf([cp1]);
    assert.ok(host);
    const remembered = { cp1: rememberedHost(host, undefined) };
    assert.equal(
      leavingHosts([], remembered, { members: undefined, nodes: undefined }, "demo")[0]?.sshAddress,
      "203.0.113.5",
    );
  });
});

describe("plan/config", () => {
  it("fills in defaults and reads numbers from text", () => {
    const config = configOf({ virtualRouterId: "61", vip: "" });
    assert.equal(config.virtualRouterId, 61);
    assert.equal(config.vip, undefined);
    assert.equal(config.kubernetesVersion, "1.36.3");
  });

  it("reports every unknown key, with the right spelling where it is only the case", () => {
    const { findings } = parseConfig({ ...rawConfig, VIP: "192.0.2.10", flavour: "x" });
    const text = findings.map(describeFinding).join("\n");
    assert.match(text, /config key plinth:VIP is unknown; .*did you mean plinth:vip\?/);
    assert.match(text, /config key plinth:flavour is unknown/);
  });

  it("reports what is missing and what is malformed in one go", () => {
    const { findings } = parseConfig({ clusterName: "demo", podCidr: "10.0.0.1/16", apiserverArgs: "--v=2" });
    const text = findings.map(describeFinding).join("\n");
    assert.match(text, /plinth:nodeSubnet is not set/);
    assert.match(text, /plinth:artifactsUrl is not set/);
    assert.match(text, /plinth:podCidr must be a canonical IPv4 network/);
    assert.match(text, /plinth:apiserverArgs/);
  });
});

describe("plan/validate", () => {
  it("has nothing to say about a good inventory", () => {
    assert.deepEqual(validateInventory(hostsOf()), []);
    assert.deepEqual(validateCluster(hostsOf(), configOf()), []);
  });

  it("finds duplicates of names and addresses together", () => {
    const hosts = [...threeHosts, { ...threeHosts[0], address: "192.0.2.14" }, { ...threeHosts[1], name: "cp5" }];
    assert.deepEqual(rules(checkInput(hosts, rawConfig).findings), ["duplicate-name", "duplicate-address"]);
  });

  it("finds even, missing and too many etcd members", () => {
    const members = (count: number) =>
      hostsOf(
        Array.from({ length: count }, (_, n) => ({
          name: `h${n}`,
          address: `192.0.2.${n + 1}`,
          roles: ["etcd", "control-plane"],
        })),
      );
    for (const good of [1, 3, 5, 7]) assert.deepEqual(validateInventory(members(good)), [], String(good));
    for (const bad of [2, 4, 6, 9])
      assert.deepEqual(rules(validateInventory(members(bad))), ["etcd-count"], String(bad));
    const worker = hostsOf([{ name: "w1", address: "192.0.2.1", roles: ["worker"] }]);
    assert.deepEqual(rules(validateInventory(worker)), ["etcd-count", "control-plane-count"]);
  });

  const clusters: [string, Record<string, unknown>, string[]][] = [
    ["no endpoint at all", { vip: "" }, ["endpoint"]],
    ["two endpoints", { externalEndpoint: "lb.example.com" }, ["endpoint"]],
    ["another minor version", { kubernetesVersion: "1.20.0" }, ["kubernetes-version"]],
    ["a containerd that does not know its configuration", { containerdVersion: "1.7.29" }, ["versions-together"]],
    ["a containerd without settings of ours", { containerdVersion: "2.0.5" }, ["versions-together"]],
    [
      "all that is too old",
      { containerdVersion: "2.0.0", cniVersion: "1.5.1", flannelVersion: "0.24.0" },
      ["versions-together", "versions-together", "versions-together"],
    ],
    ["a network of one's own", { network: "none", cniVersion: "1.5.1", flannelVersion: "0.24.0" }, []],
    ["the oldest minor version", { kubernetesVersion: "1.35.0" }, []],
    ["the newest minor version", { kubernetesVersion: "1.36.9" }, []],
    ["the one after", { kubernetesVersion: "1.37.0" }, ["kubernetes-version"]],
  ];
  for (const [title, extra, expected] of clusters) {
    it(`finds: ${title}`, () => {
      assert.deepEqual(rules(validateCluster(hostsOf(), configOf(extra))), expected);
    });
  }

  it("every finding says what to do, and the error lists all of them", () => {
    const findings = [
      ...validateInventory(hostsOf([...threeHosts, threeHosts[0]])),
      ...validateCluster(hostsOf(), configOf({ vip: "" })),
    ];
    for (const finding of findings) assert.ok(finding.remedy.length > 10);
    const error = new PlinthError(findings);
    assert.equal(error.kind, "input");
    for (const finding of findings) assert.ok(error.message.includes(finding.message));
  });

  it("the API server's service address is the first one", () => {
    assert.equal(apiserverServiceAddress(configOf({ serviceCidr: "10.29.0.0/16" })), "10.29.0.1");
  });
});
